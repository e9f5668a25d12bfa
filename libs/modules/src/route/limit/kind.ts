/** `route.limit`: at most so many records a second. Browser-safe. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Lets at most \`perSecond\` records a second through and drops the rest: a token bucket. A bucket of \`burst\` tokens begins
full, gains \`perSecond\` tokens a second up to \`burst\`, and each record that passes takes one; a record that finds less
than one token is dropped. Over any span of \`s\` seconds at most \`burst + perSecond * s\` records pass.

- \`clock: event\` counts the time of the records, so that a replay gives the same answer at every speed. \`clock: node\`
  counts the node's time: the wall clock in a live flow, the largest timestamp seen while a file is replayed.
- Records out of order gain no tokens. One that lies further back than the bucket takes to fill means that the clock
  itself was put back, and time goes on from there: nothing starves.
- Gap records pass and take no token.
- What is in the bucket is kept over a restart.

Dropped, by reason: \`limit\`. Counted: \`no-key\` (a record without the field of \`keyBy\`, which passes), \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'route.limit',
  category: 'route',
  title: 'Limit',
  summary: 'Lets at most so many records a second through.',
  docs,
  settings: z.object({
    perSecond: z
      .number()
      .positive()
      .describe('Records a second that pass, on average; 0.1 is one in ten seconds.'),
    burst: z
      .number()
      .min(1)
      .optional()
      .describe(
        'Records that may pass at once after a silence. When absent: those of one second, at least one.',
      ),
    clock: z
      .enum(['event', 'node'])
      .default('event')
      .describe('Whose seconds: those of the timestamps, or those of the node.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { perSecond: 10 } },
  reads: ({ keyBy }) => (keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  // What is left out leaves holes in a grid, so the period is no longer known.
  columns: (_settings, inputs) => ({ ...mergeColumns(inputs), periodMs: undefined }),
});

export type LimitSettings = z.output<typeof kind.settings>;
