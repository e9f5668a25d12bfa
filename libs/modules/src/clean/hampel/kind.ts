/** `clean.hampel`: single values that jump out of their neighbourhood. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Finds single values that jump out, and replaces them: the Hampel filter.

The window is trailing: the last \`window\` values of the field, the current one included, so an answer never
waits. With m the median of the window and MAD the median of the distances from m, a value x is an outlier
when \`|x - m| > sigmas * 1.4826 * MAD\`. 1.4826 makes the MAD of normally distributed values their standard
deviation (Hampel 1974; Davies and Gather 1993).

- A MAD of 0 (half of the window is one and the same value) means no outlier.
- The window holds the values as they came, outliers too, so a true step is followed once half of the window
  has seen it. At the start it holds what there is; with one or two values nothing is an outlier.
- What is no number (null, NaN, text) neither enters the window nor is judged; it passes. Texts are counted as
  \`text\`. After a gap record the window starts afresh.
- A record without a key, where there is a \`keyBy\`, passes and is counted as \`no-key\`.

Counted: \`outlier\` (with \`median\`). Dropped, by reason: \`outlier\` (values with \`null\`, records with \`drop\`).
`;

export const kind = defineKind({
  type: 'clean.hampel',
  category: 'clean',
  title: 'Hampel filter',
  summary: 'Replaces outliers, judged by the median and the MAD of the last values.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to clean.'),
    window: z
      .number()
      .int()
      .min(3)
      .max(100_000)
      .default(7)
      .describe('Values in the window, the current one included.'),
    sigmas: z
      .number()
      .positive()
      .default(3)
      .describe('How many standard deviations (1.4826 MAD) from the median are allowed.'),
    replace: z
      .enum(['median', 'null', 'drop'])
      .default('median')
      .describe('What an outlier becomes: the median of its window, a null, or a dropped record.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'vibration', window: 15, sigmas: 3, replace: 'median' } },
  reads: ({ field, keyBy }) => [
    { pointer: '/field', field, types: ['number'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns: (_settings, inputs) => mergeColumns(inputs),
});
