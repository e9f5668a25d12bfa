/** `feature.cusum`: small lasting shifts, summed up until they show. */
import { defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Finds a small shift of the mean that lasts, long before single values look odd: Page's two-sided cumulative sum
(Page 1954). With z the distance from the target, in the column's unit or, with \`units: std\`, in standard
deviations:

\`up = max(0, up + z - drift)\`, \`down = max(0, down - z - drift)\`

| field | is |
| --- | --- |
| \`<column>_up\`, \`<column>_down\` | the two sums |
| \`<column>_shift\` | 1 when up is greater than \`threshold\`, -1 when down is (the greater of the two), else 0 |

Usual in standard deviations: drift 0.5, which is half of the shift to be found, and threshold 4 or 5.

- \`target\`, and with \`units: std\` also \`std\`, are given, or learnt from the first \`over\` values: mean and
  population standard deviation. Until then the results are null.
- \`restart\`: after a row with a shift both sums begin at 0 again, so that it is told once each time that the
  threshold is passed; else it is told as long as the sum is above it.
- A row without a value (null, NaN, text) gives null and changes nothing. A record without the column passes.
- After a gap record both sums begin at 0; what was learnt stays.
- Learnt values that were all equal have no standard deviation: with \`units: std\` the results stay null.

Counted: \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'feature.cusum',
  category: 'feature',
  title: 'Cumulative sum',
  summary: 'Finds small shifts that last, by summing distances from a target.',
  docs,
  settings: z.object({
    column: z.string().min(1).describe('Field to watch.'),
    drift: z
      .number()
      .min(0)
      .describe('Distance that is no shift, taken off each value; in the unit of `units`.'),
    threshold: z.number().positive().describe('Sum from which on it is a shift; in the unit of `units`.'),
    units: z
      .enum(['value', 'std'])
      .default('value')
      .describe("Whether drift and threshold are in the column's unit or in standard deviations."),
    target: z.number().optional().describe('The mean that is normal; learnt when absent.'),
    std: z
      .number()
      .positive()
      .optional()
      .describe('The standard deviation that is normal, for `units: std`; learnt when absent.'),
    over: z
      .number()
      .int()
      .min(2)
      .max(1_000_000_000)
      .default(100)
      .describe('Values to learn from, where something is to be learnt.'),
    restart: z.boolean().default(false).describe('Whether the sums begin at 0 again after a shift.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { column: 'pressure', drift: 0.5, threshold: 5, units: 'std', over: 200 } },
  reads: ({ column, keyBy }) => [
    { pointer: '/column', field: column, types: ['number'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns: ({ column }, inputs) =>
    withColumns(mergeColumns(inputs), {
      [`${column}_up`]: 'number',
      [`${column}_down`]: 'number',
      [`${column}_shift`]: 'number',
    }),
  check: ({ units, std }) =>
    units === 'value' && std !== undefined
      ? [{ pointer: '/std', detail: 'only units: std has a use for std: leave it out, or set units: std.' }]
      : [],
});
