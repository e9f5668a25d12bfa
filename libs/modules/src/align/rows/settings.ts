/** The settings of `align.rows`, as a user writes them; times in milliseconds. docs/align.md has the rules. */
import { z } from 'zod';

export const methods = [
  'hold',
  'linear',
  'mean',
  'min',
  'max',
  'sum',
  'count',
  'last',
  'timeWeightedMean',
] as const;
export type Method = (typeof methods)[number];

const milliseconds = z.number().nonnegative();
/** Three decimals at most: alignment counts in whole microseconds. */
const fine = (value: number) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6;

export const AlignColumn = z.strictObject({
  name: z.string().min(1).describe('Name of the column in the row.'),
  from: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The field it is made from, or `module.field` where several modules are wired in. Default: its name.',
    ),
  method: z.enum(methods).default('hold').describe('How the value at a boundary is made from samples.'),
  maxAgeMs: milliseconds
    .optional()
    .describe(
      'How old a value may be and still count (inclusive), in ms. Without it a value never gets too old.',
    ),
  required: z.boolean().default(true).describe('Whether rows wait for its first sample.'),
  default: z
    .union([z.number(), z.string(), z.boolean()])
    .optional()
    .describe('Stands in for a value that is too old.'),
  circular: z
    .number()
    .positive()
    .optional()
    .describe('The value wraps at this number, such as 360 for degrees.'),
  dtype: z.enum(['number', 'string', 'boolean']).default('number').describe('What its values are.'),
  latenessMs: milliseconds.optional().describe('Its own lateness, in ms.'),
});
export type AlignColumn = z.output<typeof AlignColumn>;

export const AlignSettings = z.object({
  keyBy: z
    .string()
    .optional()
    .describe('A field whose every value has an aligner of its own, such as a machine id.'),
  maxKeys: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .describe('Keys kept; the one silent for longest goes first.'),
  keyTtlMs: milliseconds.default(3_600_000).describe('A key silent for this long is let go, in ms.'),
  grid: z
    .union([
      z.strictObject({
        periodMs: z.number().positive().refine(fine, 'a period has at most three decimals'),
        originMs: z.number().refine(fine, 'an origin has at most three decimals').default(0),
      }),
      z.strictObject({ master: z.string(), periodMs: z.number().positive().optional() }),
    ])
    .describe('Boundaries at origin + k * period, in ms; or one row a sample of the column `master`.'),
  closed: z
    .enum(['right', 'left'])
    .default('right')
    .describe('right: row t covers (t-P, t]. left: [t-P, t), as pandas resample does.'),
  label: z.enum(['end', 'start']).default('end').describe('end: the row is named t. start: t-P.'),
  clock: z
    .enum(['event', 'arrival'])
    .default('event')
    .describe("Whose clock stamps samples: the source's or the node's."),
  watermark: z
    .enum(['max', 'min', 'wall'])
    .default('max')
    .describe('What releases rows: the fastest source, the slowest that is not idle, or a timer.'),
  ties: z
    .enum(['wait', 'go'])
    .default('wait')
    .describe('wait: a row leaves once a later sample is seen. go: with the sample that completes it.'),
  latenessMs: milliseconds
    .optional()
    .describe('How long to wait for late samples, in ms. Default min(P/2, 500).'),
  idleMs: milliseconds
    .optional()
    .describe('Silence after which time goes on without samples, in ms. Default 2P; 0: never.'),
  futureSkewMs: milliseconds
    .default(5000)
    .describe("A sample further ahead of the node's clock than this is refused, in ms."),
  late: z
    .enum(['forward', 'drop', 'revise'])
    .default('forward')
    .describe('A sample behind the last row: use it in later rows, forget it, or send changed rows again.'),
  reviseHorizonRows: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('How many rows back `revise` may change.'),
  start: z
    .strictObject({
      when: z.enum(['required', 'all', 'immediate']).default('required'),
      timeoutMs: milliseconds.default(30_000),
    })
    .default({ when: 'required', timeoutMs: 30_000 })
    .describe(
      'Which columns must have had a sample before the first row, and how long to wait for them, in ms.',
    ),
  emit: z
    .enum(['always', 'onNew', 'complete'])
    .default('always')
    .describe('Every row; those with at least one new sample; those without a null.'),
  maxFillRows: z
    .number()
    .int()
    .min(0)
    .default(60)
    .describe('Rows made in a hole before the rest is one gap record.'),
  backfillMs: milliseconds
    .default(10_000)
    .describe('A row older than this when it leaves is marked `backfill`, in ms.'),
  nulls: z
    .enum(['ignore', 'set'])
    .default('ignore')
    .describe('Whether an explicit null clears what is held.'),
  maxSamplesPerColumn: z
    .number()
    .int()
    .min(2)
    .default(10_000)
    .describe('Samples that may wait in a column; the oldest go, counted.'),
  columns: z.array(AlignColumn).min(1).max(4096).describe('The columns of a row.'),
});
export type AlignSettings = z.output<typeof AlignSettings>;
