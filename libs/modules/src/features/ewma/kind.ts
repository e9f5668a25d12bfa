/** `feature.ewma`: a mean that forgets. */
import { columnNamed, defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Adds \`<column>_ewma\`, a mean in which each row back weighs less by the factor \`1 - alpha\`; pandas's
\`ewm(alpha=..., ignore_na=True)\`.

- \`adjust: false\`: the mean begins with the first value, and then \`mean = alpha * x + (1 - alpha) * mean\`
  (Roberts 1959).
- \`adjust: true\`, pandas's default: the weights of the values so far are brought to a sum of 1, so the first
  value weighs no more than its age says.
- With fewer than \`minRows\` values the mean is null. So it is in a row without a value (null, NaN, text), which
  leaves the mean alone. A record without the column passes untouched.
- It starts afresh after a gap record.

alpha is 2 / (span + 1), or 1 - exp(-period / time constant), whichever you know.

Counted: \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'feature.ewma',
  category: 'feature',
  title: 'Moving mean, weighted',
  summary: 'A mean of a column in which older rows weigh less and less.',
  docs,
  settings: z.object({
    column: z.string().min(1).describe('Field to take the mean of.'),
    alpha: z
      .number()
      .positive()
      .max(1)
      .describe('Weight of the newest value, above 0 and up to 1; the smaller, the smoother.'),
    adjust: z
      .boolean()
      .default(false)
      .describe('Whether weights are brought to a sum of 1 at the start, as pandas does by default.'),
    minRows: z.number().int().min(1).default(1).describe('Least number of values for a mean.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { column: 'temperature', alpha: 0.1 } },
  reads: ({ column, keyBy }) => [
    { pointer: '/column', field: column, types: ['number'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns({ column }, inputs) {
    const incoming = mergeColumns(inputs);
    const unit = columnNamed(incoming, column)?.unit;
    return withColumns(incoming, {
      [`${column}_ewma`]: { type: 'number', ...(unit === undefined ? {} : { unit }) },
    });
  },
});
