/** `scale.minmax`: a column's range to 0..1, by parameters that were fitted before. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { checkScale, scaleSettings } from '../settings.js';

const docs = `
Brings the range of the training data to \`featureRange\`: \`x * s + (low - min * s)\` with
\`s = (high - low) / (max - min)\`, the parameters being \`data_min_\` and \`data_max_\` of scikit-learn's
\`MinMaxScaler\`, by the name of the column.

- A file of a fitted scaler may also say its \`featureRange\` and \`clip\`, which hold unless the settings say others.
- A range of 0 (a column that never changed) counts as 1, as in scikit-learn.
- Values beyond the training data leave \`featureRange\`, unless \`clip\` is true.
- Vectors, such as windows, are scaled value by value. Nulls and absent fields pass; a text passes and is counted
  as \`text\`.
- A column that the parameters do not have stops the flow when it starts, with the column's name.
`;

export const kind = defineKind({
  type: 'scale.minmax',
  category: 'scale',
  title: 'Min-max scaler',
  summary: 'Brings the range of the training data to 0..1.',
  docs,
  settings: z.object({
    ...scaleSettings(
      z.object({
        min: z.number().describe('Least value of the training data, in the unit of the field.'),
        max: z.number().describe('Greatest value of the training data, in the unit of the field.'),
      }),
    ),
    featureRange: z
      .tuple([z.number().default(0), z.number().default(1)])
      .optional()
      .describe(
        'What the least and the greatest value become; `[0, 1]`, or what the scaler was fitted with.',
      ),
    clip: z
      .boolean()
      .optional()
      .describe(
        'Whether values beyond the training data are limited to `featureRange`; as the scaler, or not.',
      ),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { columns: ['pressure'], parameters: { pressure: { min: 0, max: 16 } }, clip: true } },
  reads: ({ columns }) =>
    columns.map((field, i) => ({ pointer: `/columns/${i}`, field, types: ['number', 'vector'] })),
  columns: (_settings, inputs) => mergeColumns(inputs),
  check(settings) {
    const [low, high] = settings.featureRange ?? [0, 1];
    return [
      ...checkScale(settings),
      ...(low < high
        ? []
        : [{ pointer: '/featureRange', detail: 'the first number must be below the second.' }]),
    ];
  },
});
