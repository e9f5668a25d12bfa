/** `scale.standard`: mean 0 and standard deviation 1, by parameters that were fitted before. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { checkScale, scaleSettings } from '../settings.js';

const docs = `
\`(x - mean) / scale\`, with the parameters of a fitted scaler: \`mean_\` and \`scale_\` of scikit-learn's
\`StandardScaler\`, by the name of the column.

- A scale of 0 (a column that never changed) counts as 1, as in scikit-learn.
- \`clip: 5\` limits what comes out to -5..5.
- Vectors, such as windows, are scaled value by value. Nulls and absent fields pass; a text passes and is counted
  as \`text\`.
- A column that the parameters do not have stops the flow when it starts, with the column's name.
`;

export const kind = defineKind({
  type: 'scale.standard',
  category: 'scale',
  title: 'Standard scaler',
  summary: 'Subtracts the mean and divides by the standard deviation of the training data.',
  docs,
  settings: z.object({
    ...scaleSettings(
      z.object({
        mean: z.number().describe('Mean of the training data, in the unit of the field.'),
        scale: z.number().describe('Its standard deviation, in the unit of the field.'),
      }),
    ),
    clip: z
      .number()
      .positive()
      .optional()
      .describe('Largest distance from 0 that leaves, in standard deviations.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: { columns: ['pressure'], parameters: { pressure: { mean: 4.2, scale: 0.3 } }, clip: 5 },
  },
  reads: ({ columns }) =>
    columns.map((field, i) => ({ pointer: `/columns/${i}`, field, types: ['number', 'vector'] })),
  columns: (_settings, inputs) => mergeColumns(inputs),
  check: checkScale,
});
