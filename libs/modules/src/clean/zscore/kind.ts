/** `clean.zscore`: values far from the mean of those before them. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { judgeColumns, judgeReads } from '../judge-settings.js';

const docs = `
Finds values that are far from the mean of the values before them, in standard deviations:
\`z = (x - mean) / std\`, and x is an outlier when \`|z| > threshold\`.

Mean and standard deviation are those of the last \`window\` values that were no outliers; the value that is
judged is not among them. \`std\` is the root of the sum of squared distances from the mean / (n - \`ddof\`):
\`ddof: 0\` as numpy and scikit-learn, 1 as pandas.

- Outliers stay out of the window, so a spike does not widen what is allowed after it. A true step is therefore an
  outlier for ever: set \`relearnAfter\`, and after so many outliers in a row the window starts afresh with the
  last of them. \`clean.hampel\` follows a step by itself.
- Nothing is judged before \`minSamples\` values are in the window (or all of it, where the window is shorter), nor
  while they are all equal: a standard deviation of 0 means no outlier.
- \`drop\` takes the record away, \`null\` only the value, \`clamp\` brings it to the nearest value that would be no
  outlier, and \`flag\` adds the boolean \`<field>_outlier\`, true for an outlier.
- \`score\` names a field that takes z, in every record whose value is a number; null where nothing is judged.
- What is no number (null, NaN, text) is neither judged nor remembered; it passes. Texts are counted as \`text\`.
  After a gap record the window starts afresh.
- A record without a key, where there is a \`keyBy\`, passes and is counted as \`no-key\`.

Dropped, by reason: \`outlier\` (records with \`drop\`, values with \`null\`). Counted: \`clamped\`, \`outlier\` (with
\`flag\`), \`relearned\`, \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'clean.zscore',
  category: 'clean',
  title: 'Z-score filter',
  summary: 'Finds outliers by their distance from the mean of the last values, in standard deviations.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to clean.'),
    window: z
      .number()
      .int()
      .min(2)
      .max(1_000_000)
      .describe('How many of the last values, outliers aside, a value is compared with.'),
    threshold: z
      .number()
      .positive()
      .default(3)
      .describe('How many standard deviations from the mean are allowed.'),
    ddof: z
      .number()
      .int()
      .min(0)
      .max(1)
      .default(0)
      .describe('0 for the standard deviation of a population (numpy), 1 for that of a sample (pandas).'),
    minSamples: z
      .number()
      .int()
      .min(2)
      .max(1_000_000)
      .default(10)
      .describe('Values that must be in the window before any is judged.'),
    action: z
      .enum(['drop', 'null', 'clamp', 'flag'])
      .default('drop')
      .describe('What happens to an outlier, or to its record.'),
    relearnAfter: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Outliers in a row after which the window starts afresh; never without it.'),
    score: z
      .string()
      .min(1)
      .optional()
      .describe('New field that takes the z-score, in standard deviations; none without it.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'vibration', window: 300, threshold: 4, action: 'null' } },
  reads: judgeReads,
  columns: (settings, inputs) => judgeColumns(settings, 'outlier', inputs),
  check({ field, keyBy, score }) {
    return score !== undefined && (score === field || score === keyBy || score === 't')
      ? [{ pointer: '/score', detail: `${score} is read here: give the z-score a field of its own.` }]
      : [];
  },
});
