/** `clean.range`: what lies outside the limits of a sensor. */
import { defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';

const docs = `
Compares a number with limits that are part of the range themselves (\`min <= value <= max\`).

- \`drop\` takes the record away, \`null\` only the value, \`clamp\` brings it to the nearest limit, and \`flag\`
  adds the boolean \`<field>_range\`, true where the value is inside.
- A number that is none (NaN) is outside; there is nothing to clamp it to, so \`clamp\` makes it null.
- A record without the field, or with a null in it, passes untouched. So does a text, which is counted as
  \`text\`; \`clean.invalid\` removes texts.

Dropped, by reason: \`range\` (records with \`drop\`, values with \`null\`). Counted: \`clamped\`, \`outside\` (with
\`flag\`), \`text\`.
`;

export const kind = defineKind({
  type: 'clean.range',
  category: 'clean',
  title: 'Range check',
  summary: 'Drops, blanks, clamps or flags values outside a range.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to check.'),
    min: z.number().optional().describe('Least allowed value, in the unit of the field.'),
    max: z.number().optional().describe('Greatest allowed value, in the unit of the field.'),
    action: z
      .enum(['drop', 'null', 'clamp', 'flag'])
      .default('drop')
      .describe('What happens to a value outside, or to its record.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'pressure', min: 0, max: 16, action: 'drop' } },
  reads: ({ field }) => [{ pointer: '/field', field, types: ['number'] }],
  columns({ field, action }, inputs) {
    const incoming = mergeColumns(inputs);
    return action === 'flag' ? withColumns(incoming, { [`${field}_range`]: 'boolean' }) : incoming;
  },
  check({ min, max }) {
    if (min === undefined && max === undefined)
      return [{ pointer: '', detail: 'there is no limit: set min, max or both.' }];
    if (min !== undefined && max !== undefined && min > max)
      return [{ pointer: '/min', detail: `min ${min} is above max ${max}: no value could pass.` }];
    return [];
  },
});
