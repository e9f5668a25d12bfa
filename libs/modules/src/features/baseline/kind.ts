/** `feature.baseline`: how far a column is from what is normal for it. */
import { columnNamed, defineKind, mergeColumns, withColumns, type Column } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

export const DEVIATIONS = ['diff', 'percent', 'z'] as const;
export type Deviation = (typeof DEVIATIONS)[number];

const SUFFIX = { diff: 'off', percent: 'offPercent', z: 'z' } as const;

/** What a deviation of a column is called. */
export const deviationName = (column: string, deviation: Deviation): string =>
  `${column}_${SUFFIX[deviation]}`;

const docs = `
Adds how far a value lies from what is normal for its machine: from the mean of the machine's own first values,
or from a \`reference\` that is known beforehand.

| out | field | is |
| --- | --- | --- |
| \`diff\` | \`<column>_off\` | x - mean, in the column's unit |
| \`percent\` | \`<column>_offPercent\` | 100 * (x - mean) / size of the mean |
| \`z\` | \`<column>_z\` | (x - mean) / standard deviation |

- Own baseline: the first \`skip\` values (a machine that warms up) are passed over, the next \`over\` values are
  learnt from, and it is fixed from then on: a slow drift stays visible. Up to then the results are null. Mean and
  standard deviation (\`ddof\`) are those of pandas and numpy, taken by Welford's method (1962).
- With \`reference\` nothing is learnt. \`z\` then needs its \`std\`.
- What cannot be said is null: a percentage of a mean of 0, z where all values were equal, and whatever belongs to
  a row without a value (null, NaN, text); such a row is not learnt from. A record without the column passes.
- A baseline is no window: a gap record does not touch it. It survives a restart with the flow's state.

Counted: \`text\`, \`no-key\`, \`keys-evicted\` (a machine that was forgotten learns anew).
`;

export const kind = defineKind({
  type: 'feature.baseline',
  category: 'feature',
  title: 'Deviation from a baseline',
  summary: 'How far a column is from its own first values, or from a reference.',
  docs,
  settings: z.object({
    column: z.string().min(1).describe('Field to compare.'),
    over: z
      .number()
      .int()
      .min(2)
      .max(1_000_000_000)
      .optional()
      .describe('Values to learn the baseline from. Required without a reference.'),
    skip: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('Values passed over before those that are learnt from.'),
    reference: z
      .strictObject({
        mean: z.number().describe('What is normal, in the unit of the column.'),
        std: z.number().positive().optional().describe('Its standard deviation; needed for z.'),
      })
      .optional()
      .describe('A baseline that is known beforehand, in the place of a learnt one.'),
    out: z.array(z.enum(DEVIATIONS)).min(1).default(['diff', 'z']).describe('Which deviations.'),
    ddof: z
      .number()
      .int()
      .min(0)
      .max(1)
      .default(0)
      .describe('What the standard deviation takes off the number of values.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { column: 'vibration', over: 500, out: ['percent', 'z'], keyBy: 'pump' } },
  reads: ({ column, keyBy }) => [
    { pointer: '/column', field: column, types: ['number'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns({ column, out }, inputs) {
    const incoming = mergeColumns(inputs);
    const unit = columnNamed(incoming, column)?.unit;
    const added = out.map((deviation): [string, Column] => [
      deviationName(column, deviation),
      { type: 'number', ...(deviation === 'diff' && unit !== undefined ? { unit } : {}) },
    ]);
    return withColumns(incoming, added);
  },
  check({ over, skip, reference, out }) {
    const found: { pointer: string; detail: string }[] = [];
    if ((over === undefined) === (reference === undefined))
      found.push({
        pointer: '/over',
        detail: 'a baseline is learnt, with over, or known, with reference: give one of the two.',
      });
    if (reference !== undefined && skip > 0)
      found.push({ pointer: '/skip', detail: 'with a reference nothing is learnt: leave skip out.' });
    if (reference !== undefined && reference.std === undefined && out.includes('z'))
      found.push({
        pointer: '/reference/std',
        detail: 'z needs the standard deviation: give std, or take z out.',
      });
    return found;
  },
});
