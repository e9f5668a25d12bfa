/**
 * Settings of the queue before a model (queue.ts), the same for every model: how records gather, how long a batch may
 * take, and what becomes of records that cannot go in or come back without a result. Safe in a browser.
 */
import { z } from 'zod';

export interface QueueWords {
  /** What is waited for: `model`, `worker`. */
  model: string;
  /** What a record may lack: `an input`, `a column`. */
  input: string;
  /** Default of `timeoutMs`. */
  timeoutMs: number;
}

export const queueSettings = ({ model, input, timeoutMs }: QueueWords) => ({
  batch: z
    .strictObject({
      max: z.number().int().min(1).max(65_536).default(32).describe('Most records in a batch.'),
      waitMs: z
        .number()
        .min(0)
        .max(60_000)
        .default(5)
        .describe(`Longest that a record waits for others while the ${model} is busy, in milliseconds.`),
    })
    .default({ max: 32, waitMs: 5 })
    .describe('How records are gathered.'),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .max(600_000)
    .default(timeoutMs)
    .describe('Longest that a batch may take once it is its turn, in milliseconds.'),
  onBusy: z
    .enum(['block', 'drop'])
    .default('block')
    .describe(`Whether records wait for a busy ${model}, or are dropped.`),
  onIncomplete: z
    .enum(['skip', 'port'])
    .default('skip')
    .describe(`Where records go that lack ${input}: nowhere, or out of the port \`incomplete\`.`),
  fallback: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
    .optional()
    .describe('Values by output field for records whose batch failed.'),
});
