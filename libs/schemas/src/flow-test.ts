/**
 * A flow test: what a flow is fed, in which virtual time, and what must leave its modules.
 *
 * Guarantee: exactly the words of a test, with no defaults and no transforms. Like a flow it refuses words that
 * it does not know. Whether it fits its flow is said by `checkFlowTest`.
 */
import { z } from 'zod';

/** Epoch milliseconds, or ISO 8601. */
const Moment = z.union([z.number(), z.string().min(1).max(64)]);
const Counts = z.record(z.string().min(1), z.number().int().min(0));
/** Relative to the larger of the two numbers. */
const Tolerance = z.number().min(0).max(1);

/** A record's fields and its `t`; or `file` and settings of `source.csv`, without `t`, for a whole file. */
const Fed = z.record(z.string().min(1), z.unknown());

/** `end`, or what happens at one moment: time goes by (`wait`, `at`), then sources, by id, are fed. */
export const FlowTestStep = z.union([
  z.literal('end'),
  z
    .object({
      /** The node's time to go on to, and at which the records of this step arrive. */
      at: Moment.optional(),
      /** Milliseconds, or a number with ms, s, m or h. */
      wait: z.union([z.number().min(0), z.string().min(1).max(32)]).optional(),
    })
    .catchall(z.union([Fed, z.array(Fed).max(100_000)])),
]);
export type FlowTestStep = z.infer<typeof FlowTestStep>;

/** A record that must come, by the fields that it names; `absent` lists fields that it must not have. */
export const ExpectedRecord = z.record(z.string().min(1), z.unknown());
export type ExpectedRecord = z.infer<typeof ExpectedRecord>;

export const Expectation = z.union([
  z.array(ExpectedRecord).max(100_000),
  z.strictObject({
    /** All records, in order. */
    records: z.array(ExpectedRecord).max(100_000).optional(),
    /** The records have no further fields. */
    exactly: z.boolean().optional(),
    count: z.number().int().min(0).optional(),
    none: z.literal(true).optional(),
    tolerance: Tolerance.optional(),
    /** Counters of the module by reason; those that are not named may be anything. */
    dropped: Counts.optional(),
    counted: Counts.optional(),
  }),
]);
export type Expectation = z.infer<typeof Expectation>;

export const FlowTestCase = z.strictObject({
  name: z.string().min(1).max(200),
  /** The node's time at the beginning; that of the first record when absent. */
  start: Moment.optional(),
  feed: z.array(FlowTestStep).min(1).max(100_000),
  /** By `module` or `module.port`. */
  expect: z.record(z.string().min(1), Expectation),
  tolerance: Tolerance.optional(),
});
export type FlowTestCase = z.infer<typeof FlowTestCase>;

export const FlowTest = z
  .strictObject({
    apiVersion: z.literal('millrace/v1'),
    kind: z.literal('FlowTest'),
    /** Paths are relative to the test's own file. */
    flow: z.string().min(1),
    set: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).optional(),
    resources: z.string().min(1).optional(),
    tolerance: Tolerance.optional(),
    cases: z.array(FlowTestCase).min(1).max(1_000),
  })
  .meta({ id: 'FlowTest' });
export type FlowTest = z.infer<typeof FlowTest>;
