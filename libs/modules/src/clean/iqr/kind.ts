/** `clean.iqr`: values outside Tukey's fences. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { judgeColumns, judgeReads } from '../judge-settings.js';

const docs = `
Finds values outside the fences that the quartiles of the last values set (Tukey 1977): with q1 and q3 the quartiles
of the window and \`iqr = q3 - q1\`, a value is an outlier when it is below \`q1 - k * iqr\` or above
\`q3 + k * iqr\`. \`k\` is 1.5 for what stands out, 3 for what is far out.

The window is trailing: the last \`window\` values of the field, the current one included, so an answer never waits.
Quartiles are interpolated linearly, as by default in numpy and pandas.

- The window holds the values as they came, outliers too, so a true step is followed once a quarter of the window
  has seen it.
- Nothing is judged before \`minSamples\` values are in the window (or all of it, where the window is shorter). An
  \`iqr\` of 0 (half of the window is one and the same value) means no outlier.
- \`drop\` takes the record away, \`null\` only the value, \`clamp\` brings it to the nearest fence, and \`flag\` adds
  the boolean \`<field>_outlier\`, true for an outlier.
- What is no number (null, NaN, text) neither enters the window nor is judged; it passes. Texts are counted as
  \`text\`. After a gap record the window starts afresh.
- A record without a key, where there is a \`keyBy\`, passes and is counted as \`no-key\`.

Dropped, by reason: \`outlier\` (records with \`drop\`, values with \`null\`). Counted: \`clamped\`, \`outlier\` (with
\`flag\`), \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'clean.iqr',
  category: 'clean',
  title: 'Quartile filter',
  summary: 'Finds outliers by the quartiles of the last values.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to clean.'),
    window: z.number().int().min(4).max(100_000).describe('Values in the window, the current one included.'),
    k: z
      .number()
      .min(0)
      .default(1.5)
      .describe('How far outside the quartiles is allowed, as a multiple of their distance.'),
    minSamples: z
      .number()
      .int()
      .min(4)
      .max(100_000)
      .default(10)
      .describe('Values that must be in the window before any is judged.'),
    action: z
      .enum(['drop', 'null', 'clamp', 'flag'])
      .default('drop')
      .describe('What happens to an outlier, or to its record.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'temperature', window: 100, k: 3, action: 'null' } },
  reads: judgeReads,
  columns: (settings, inputs) => judgeColumns(settings, 'outlier', inputs),
});
