/** sink.director as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';

export const kind = defineKind({
  type: 'sink.director',
  category: 'sink',
  title: 'To the director',
  summary: 'Sends alerts or results up to the director.',
  docs: `Hands records to the agent, which keeps them on disk until the director has acknowledged them.

- \`channel: alert\` takes what \`route.alert\` gives: \`alert\` (\`raised\` or \`cleared\`), \`severity\`, \`message\`, and
  \`key\` where there is one; the other fields go along as the values. A record without \`alert\` is dropped as
  \`no-alert\`.
- \`channel: result\` takes every record.

Records wait until the agent has them on disk; from \`queue.size\` waiting records on, the sources are held back
(\`full: block\`) or new records are dropped as \`queue\`. Where no director stands behind the flow, as in
\`millrace run\`, records are counted as \`no-director\` and go nowhere.`,
  settings: z.object({
    channel: z.enum(['alert', 'result']).default('alert').describe('What the records are to the director.'),
  }),
  inputs: 'many',
  outputs: [],
  example: { settings: { channel: 'alert' } },
  reads: ({ channel }) =>
    channel === 'alert' ? [{ pointer: '/channel', field: 'alert', types: ['string'] }] : [],
});

export type DirectorSettings = z.output<typeof kind.settings>;
