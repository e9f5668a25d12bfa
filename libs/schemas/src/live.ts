/**
 * Words of looking into a flow while it runs: samples of what passes on its wires, on a node or in a test run.
 *
 * A look changes nothing of what runs, and is bounded in rate and size: samples are evenly spaced over their
 * interval, counts are exact.
 */
import { z } from 'zod';
import { pageOf } from './access.js';
import { FieldValue, ModuleCounters, RecordValues, Severity } from './protocol.js';
import { ProblemPlace } from './problem.js';

const counter = z.number().int().nonnegative();

/** What left one port during the interval. */
export const TapPort = z.object({
  /** Records that left, exact. */
  records: counter,
  /** Some of them, oldest first, evenly spaced; each has its time in `t`, epoch milliseconds. */
  sampled: z.array(RecordValues),
});
export type TapPort = z.infer<typeof TapPort>;

/** One interval of a running flow, by module. */
export const TapFrame = z
  .object({
    /** End of the interval by the clock of where it runs, epoch milliseconds. */
    t: z.number(),
    intervalMs: z.number().nonnegative(),
    modules: z.record(
      z.string(),
      z.object({
        /** Since the flow started. */
        counters: ModuleCounters,
        /** Only ports that were looked at; a silent one has no records. */
        ports: z.record(z.string(), TapPort),
      }),
    ),
  })
  .meta({ id: 'TapFrame' });
export type TapFrame = z.infer<typeof TapFrame>;

/** Events of `GET /v1/nodes/{id}/flows/{flow}/live`: the state first and at each change, then frames. */
export const LiveFlowEvent = z.union([
  z.object({
    event: z.literal('state'),
    state: z.enum(['waiting', 'open', 'ended']),
    /** Why, in a sentence. */
    detail: z.string(),
  }),
  z.object({ event: z.literal('frame'), frame: TapFrame }),
]);
export type LiveFlowEvent = z.infer<typeof LiveFlowEvent>;

/** A source of a test run reads this instead: a file that was uploaded before, by its id. */
export const TestInput = z
  .object({
    file: z.string().min(1).max(64),
    /** Absent: as the source.csv says that it stands in for; `t` in epoch milliseconds for any other source. */
    timestamp: z
      .object({
        column: z.string().min(1).max(1_000),
        format: z.enum(['iso', 'epochMs', 'epochS', 'epochUs', 'epochNs']),
      })
      .optional(),
  })
  .meta({ id: 'TestInput' });
export type TestInput = z.infer<typeof TestInput>;

/** Of the draft, or of the text that is sent. */
export const TestRunRequest = z
  .object({
    text: z.string().max(8_388_608).optional(),
    /** By source module. A source that is not named runs as it is set when it needs nothing from outside. */
    inputs: z.record(z.string(), TestInput).optional(),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    /** Times as fast as it was recorded; absent: as fast as it goes. */
    speed: z.number().positive().max(1_000_000).optional(),
    /** Ends the run after so many seconds; at most 300, 60 when absent. */
    seconds: z.number().positive().max(300).optional(),
  })
  .meta({ id: 'TestRunRequest' });
export type TestRunRequest = z.infer<typeof TestRunRequest>;

/** The rows that a model would see, as a table. */
export const FlowPrepare = z
  .object({
    /** `module`, for what reaches a model, a sink or an act and else for what leaves it; or `module.port`. */
    until: z.string().min(1).max(200),
    /** In place of the draft. */
    text: z.string().max(8_388_608).optional(),
    /** A published version; absent: the draft. */
    version: z.int().positive().optional(),
    /** By source module, each an uploaded test file. */
    inputs: z.record(z.string(), TestInput).optional(),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    /** Further fields of the rows, such as a label. */
    keep: z.array(z.string().min(1).max(200)).max(100).optional(),
    format: z.enum(['csv', 'jsonl', 'parquet']).optional(),
    /** Ends the run after so many seconds, without a table; at most 300, 60 when absent. */
    seconds: z.number().positive().max(300).optional(),
  })
  .meta({ id: 'FlowPrepare' });
export type FlowPrepare = z.infer<typeof FlowPrepare>;

/** Events of a test run, in order; `ended` is the last. Closing the request ends the run. */
export const TestRunEvent = z.union([
  z.object({ event: z.literal('started'), limits: z.object({ seconds: z.number(), memoryMb: z.number() }) }),
  z.object({ event: z.literal('frame'), frame: TapFrame }),
  z.object({
    event: z.literal('log'),
    level: z.enum(['info', 'warn', 'error']),
    module: z.string(),
    message: z.string(),
  }),
  /** What would have been sent as an alert. */
  z.object({
    event: z.literal('alert'),
    module: z.string(),
    /** Which of several that the module watches. */
    key: FieldValue.optional(),
    t: z.number(),
    change: z.enum(['raised', 'cleared']),
    severity: Severity,
    message: z.string(),
    values: RecordValues,
  }),
  z.object({
    event: z.literal('ended'),
    /** `finished`: the inputs were read to their end. */
    reason: z.enum(['finished', 'time', 'memory', 'failed', 'stopped']),
    detail: z.string(),
    problems: z.array(ProblemPlace).optional(),
  }),
]);
export type TestRunEvent = z.infer<typeof TestRunEvent>;

/** `POST /v1/test-files?name=`: the body is the file, CSV or JSONL. Kept for a day. */
export const TestFile = z
  .object({
    id: z.string(),
    name: z.string(),
    size: counter,
    /** Of the first lines. */
    columns: z.array(z.string()),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'TestFile' });
export type TestFile = z.infer<typeof TestFile>;
export const TestFileList = pageOf(TestFile)
  .extend({
    /** What one file may have, so that nobody sends what would be refused. */
    mostBytes: counter,
  })
  .meta({ id: 'TestFileList' });
export type TestFileList = z.infer<typeof TestFileList>;

export const TestFileQuery = z.object({ name: z.string().min(1).max(255).optional() });
export type TestFileQuery = z.infer<typeof TestFileQuery>;
