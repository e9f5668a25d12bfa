/** `scale.robust`: median 0 and quartile distance 1, by parameters that were fitted before. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { checkScale, scaleSettings } from '../settings.js';

const docs = `
\`(x - center) / scale\`, with the parameters of a fitted scaler: \`center_\` and \`scale_\` of scikit-learn's
\`RobustScaler\`, by the name of the column. There they are the median and the distance of the quartiles of the
training data, which a few wild values hardly move.

- A scale of 0 (half of the column never changed) counts as 1, as in scikit-learn.
- \`clip: 5\` limits what comes out to -5..5.
- Vectors, such as windows, are scaled value by value. Nulls and absent fields pass; a text passes and is counted
  as \`text\`.
- A column that the parameters do not have stops the flow when it starts, with the column's name.
`;

export const kind = defineKind({
  type: 'scale.robust',
  category: 'scale',
  title: 'Robust scaler',
  summary: 'Subtracts the median and divides by the quartile distance of the training data.',
  docs,
  settings: z.object({
    ...scaleSettings(
      z.object({
        center: z.number().describe('Median of the training data, in the unit of the field.'),
        scale: z.number().describe('Distance of its quartiles, in the unit of the field.'),
      }),
    ),
    clip: z
      .number()
      .positive()
      .optional()
      .describe('Largest distance from 0 that leaves, in quartile distances.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: { columns: ['pressure'], parameters: { pressure: { center: 4.2, scale: 0.4 } }, clip: 10 },
  },
  reads: ({ columns }) =>
    columns.map((field, i) => ({ pointer: `/columns/${i}`, field, types: ['number', 'vector'] })),
  columns: (_settings, inputs) => mergeColumns(inputs),
  check: checkScale,
});
