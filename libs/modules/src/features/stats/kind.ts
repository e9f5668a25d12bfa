/** `feature.stats`: statistics of a window, of the last rows, or across the columns of a row. */
import { defineKind, mergeColumns, type Column } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { STATISTICS, suffixes } from './statistics.js';

const docs = `
Statistics, added to the record as fields \`<column>_<statistic>\`, such as \`pressure_mean\`; quantile 0.25 is
\`pressure_q25\`.

| over | of what | and |
| --- | --- | --- |
| \`window\` | each column's vector, as \`align.window\` makes it | the vectors go, unless \`keepWindow\` |
| \`{ rows: 5 }\` | the last 5 rows of each column, the current one included | per key |
| \`{ ms: 3600000 }\` | each column's rows in \`(t - ms, t]\` | per key |
| \`row\` | the columns of one record: \`row_mean\` and so on | \`name\` instead of \`row\` |

| statistic | is |
| --- | --- |
| \`mean\`, \`min\`, \`max\`, \`median\`, \`first\`, \`last\` | as they say; median of an even number is the mean of the middle two |
| \`var\`, \`std\` | sum of squared distances from the mean / (n - \`ddof\`), and its root |
| \`rms\`, \`p2p\`, \`crest\` | root of the mean square; max - min; greatest size / rms |
| \`skew\`, \`kurtosis\` | Fisher's; \`bias: corrected\` as pandas (Joanes and Gill's G1 and G2), \`population\` as scipy's default; kurtosis is excess, 0 for a normal distribution; both are 0 when all values are equal |
| \`quantiles\` | those of \`quantiles\`, interpolated linearly, as numpy's default |
| \`slope\` | least squares, per row or, with \`slopePer: second\`, per second |
| \`diff\` | the last row minus the one before it |
| \`count\` | values |

- A null, or a number that is none, is a row without a value: it takes a place in a window of rows and enters no
  statistic. A record without the column is no row of it: it passes, and nothing of the column is added.
- With fewer than \`minRows\` values a result is null, but for \`count\` and \`diff\`. So is what cannot be said: the
  standard deviation of one value with \`ddof: 1\`, a corrected skew of two, a crest of zeros.
- \`slopePer: second\` over \`window\` takes the times from the vector \`times\` where the record has it (setting
  \`times\` of \`align.window\`), else rows are taken as evenly spaced from \`from\` to \`to\`.
- Windows slide without subtracting, so errors do not add up and a spike leaves no trace. They start afresh
  after a gap record.

Counted: \`text\` (a text is a row without a value), \`no-window\` (\`over: window\`, and the column was no vector),
\`no-times\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'feature.stats',
  category: 'feature',
  title: 'Statistics',
  summary: 'Mean, spread, quantiles, slope and more, of a window, the last rows or one row.',
  docs,
  settings: z.object({
    columns: z.array(z.string().min(1)).min(1).max(10_000).describe('Fields to take statistics of.'),
    out: z.array(z.enum(STATISTICS)).min(1).describe('Which statistics.'),
    over: z
      .union([
        z.literal('window'),
        z.literal('row'),
        z.strictObject({
          rows: z.number().int().min(1).max(1_000_000).describe('Rows, the current one included.'),
        }),
        z.strictObject({
          ms: z.number().positive().describe('Milliseconds up to and with the current row.'),
        }),
      ])
      .default('window')
      .describe('Over the vectors of a window, the last rows, or the columns of one row.'),
    quantiles: z
      .array(z.number().min(0).max(1))
      .min(1)
      .max(100)
      .default([0.25, 0.5, 0.75])
      .describe('Quantiles for `quantiles`, from 0 to 1.'),
    ddof: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(1)
      .describe('What var and std take off the number of values.'),
    bias: z
      .enum(['corrected', 'population'])
      .default('corrected')
      .describe('Which skew and kurtosis: corrected for the sample size, or of the values as they are.'),
    minRows: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(
        'Least number of values for a result. The size of the window over rows, else 1, when absent.',
      ),
    slopePer: z.enum(['row', 'second']).default('row').describe('The unit of the slope.'),
    keepWindow: z.boolean().default(false).describe('Whether the vectors stay in the record.'),
    name: z.string().min(1).default('row').describe('What results over `row` are named after.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: {
      columns: ['pressure'],
      out: ['mean', 'std', 'slope'],
      over: { rows: 60 },
      slopePer: 'second',
    },
  },
  reads({ columns, over, keyBy }) {
    const types = over === 'window' ? (['vector'] as const) : (['number'] as const);
    return [
      ...columns.map((field, i) => ({ pointer: `/columns/${i}`, field, types })),
      ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
    ];
  },
  columns({ columns, out, quantiles, over, keepWindow, name }, inputs) {
    const incoming = mergeColumns(inputs);
    const fields = new Map<string, Column>(incoming.fields);
    const wanted = suffixes({ out, quantiles });
    for (const column of over === 'row' ? [name] : columns) {
      for (const suffix of wanted) fields.set(`${column}_${suffix}`, { type: 'number' });
    }
    if (over !== 'window') return { ...incoming, fields };
    if (!keepWindow) for (const column of [...columns, 'times']) fields.delete(column);
    // One record a window leaves: its rows are gone with the vectors.
    return {
      fields,
      open: incoming.open,
      ...(keepWindow && incoming.window ? { window: incoming.window } : {}),
    };
  },
  check({ over, minRows, slopePer, keyBy }) {
    const found: { pointer: string; detail: string }[] = [];
    if (typeof over === 'object' && 'rows' in over && minRows !== undefined && minRows > over.rows)
      found.push({
        pointer: '/minRows',
        detail: `a window of ${over.rows} rows never has ${minRows} values: lower minRows.`,
      });
    if (over === 'row' && slopePer === 'second')
      found.push({
        pointer: '/slopePer',
        detail: 'the columns of one row have one time: leave slopePer out.',
      });
    if (typeof over === 'string' && keyBy !== undefined)
      found.push({
        pointer: '/keyBy',
        detail: `over ${over} keeps nothing from row to row: leave keyBy out.`,
      });
    return found;
  },
});
