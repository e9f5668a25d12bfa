/** `align.lag`: what columns were some rows ago, beside what they are. */
import { columnNamed, defineKind, mergeColumns, type Column } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

/** What the value of so many rows ago is called. */
export const lagName = (column: string, steps: number): string => `${column}_lag${steps}`;

const docs = `
Adds to each record what its columns were some rows ago: \`<column>_lag<steps>\`, such as \`pressure_lag1\`; pandas's
\`shift\`, a machine at a time with \`keyBy\`.

- A row is a record that has the column, a null included; a record without it passes untouched and is no step.
- Any value is carried: numbers, texts, booleans, vectors, and nulls as null. NaN and Infinity are carried as null.
- Where there is no row so long ago, at the start, the field is null. So it is after a gap record, since rows are
  missing there and so many rows ago would be another time. Before this module, \`align.rows\` makes rows even in time.

Counted: \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'align.lag',
  category: 'align',
  title: 'Lag',
  summary: 'Adds what columns were some rows ago.',
  docs,
  settings: z.object({
    columns: z.array(z.string().min(1)).min(1).max(10_000).describe('Fields to look back at.'),
    steps: z
      .array(z.number().int().min(1).max(100_000))
      .min(1)
      .max(1_000)
      .describe('How many rows back; each gives a field of its own.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { columns: ['pressure'], steps: [1, 10] } },
  reads: ({ columns, keyBy }) => [
    ...columns.map((field, i) => ({ pointer: `/columns/${i}`, field })),
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns({ columns, steps }, inputs) {
    const incoming = mergeColumns(inputs);
    const fields = new Map<string, Column>(incoming.fields);
    for (const name of columns)
      for (const back of steps)
        fields.set(lagName(name, back), columnNamed(incoming, name) ?? { type: 'unknown' });
    return { ...incoming, fields };
  },
  check({ columns, steps }) {
    const found: { pointer: string; detail: string }[] = [];
    const made = new Map<string, string>();
    columns.forEach((name, i) => {
      for (const back of steps) {
        const other = made.get(lagName(name, back));
        if (other !== undefined || columns.includes(lagName(name, back)))
          found.push({
            pointer: `/columns/${i}`,
            detail: `${lagName(name, back)} would be written twice, or is itself a column here: name each column and step once.`,
          });
        made.set(lagName(name, back), name);
      }
    });
    return found;
  },
});
