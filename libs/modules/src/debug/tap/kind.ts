/** debug.tap as data. Browser-safe. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';

export const kind = defineKind({
  type: 'debug.tap',
  category: 'debug',
  title: 'Tap',
  summary: 'Lets everything pass and shows some of it.',
  docs: `Passes every record on unchanged, and keeps the last \`keep\` records that it looked at for the live view.

It looks at \`perSecond\` records a second at most, the newest of each batch first, so a fast stream costs nothing to
speak of. Nothing is logged and nothing is stored: a restart empties it.

Counters: \`counted.seen\`, the records that were looked at.`,
  settings: z.object({
    perSecond: z.number().positive().max(1000).default(10).describe('Records a second to look at, at most.'),
    keep: z.number().int().min(1).max(1000).default(100).describe('Records to keep for the live view.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { perSecond: 5 } },
  columns: (_settings, inputs) => mergeColumns(inputs),
});

export type TapSettings = z.output<typeof kind.settings>;
