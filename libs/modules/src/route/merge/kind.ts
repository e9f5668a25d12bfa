/** `route.merge`: several wires become one. Browser-safe. */
import { defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';

const docs = `
Joins what comes along several wires into one stream: every record leaves, in the order in which it came, and a field
has the same place whichever wire it came along. With \`origin\` each record says which module it came from.

- It does not join records to rows: a record keeps its own time and fields. \`align.rows\` makes rows.
- Records are not sorted: replayed files are merged by timestamp before they get here.
- A field \`origin\` that a record already has is replaced.
- Gap records pass.

Dropped, by reason: \`too-many-fields\`, values of fields beyond the 10,000th name.
`;

export const kind = defineKind({
  type: 'route.merge',
  category: 'route',
  title: 'Merge',
  summary: 'Joins several wires into one stream.',
  docs,
  settings: z.object({
    origin: z
      .string()
      .min(1)
      .optional()
      .describe('Name of a field that is added and says which module a record came from.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { origin: 'line' } },
  columns: ({ origin }, inputs) => {
    const merged = mergeColumns(inputs);
    return origin === undefined ? merged : withColumns(merged, { [origin]: 'string' });
  },
});

export type MergeSettings = z.output<typeof kind.settings>;
