/**
 * Words of looking at a node: what the director asks of an agent about one of its flows, and what people see.
 *
 * Commands are signed; these are their `arguments` and the `result` of their replies. What an agent answers is
 * shown and never acted upon.
 */
import { z } from 'zod';
import { TapFrame } from './live.js';

const milliseconds = z.number().nonnegative();
const flow = z.string().min(1).max(200);

/** The longest life of a tap that nobody renews, in milliseconds. */
export const TAP_LEASE_MS = 30_000;
/** Largest frame on its way, as JSON, in bytes: a broker takes 256 KiB a message. */
export const FRAME_BYTES = 200_000;

/**
 * Of the command `tap`, which says the whole wish each time: begins, changes, renews or ends (0) a tap. Each
 * frame is a reply with the tap's id.
 */
export const TapArguments = z.object({
  /** Of the command that began it; absent: this one begins one. */
  tap: z.string().min(1).max(64).optional(),
  /** Absent: all modules. Those that the flow does not have are left out. */
  modules: z.array(z.string()).max(1_000).optional(),
  perPort: z.number().int().min(1).max(2_000).optional(),
  leaseMs: milliseconds.max(TAP_LEASE_MS),
});
export type TapArguments = z.infer<typeof TapArguments>;

export const TapResult = z.object({ frame: TapFrame });
export type TapResult = z.infer<typeof TapResult>;

export const LogLine = z
  .object({
    /** Epoch milliseconds, with a fraction where needed: each line's is greater than that of the one before. */
    t: z.number(),
    flow: z.string(),
    level: z.enum(['info', 'warn', 'error']),
    /** Empty: the agent about the flow. */
    module: z.string(),
    message: z.string(),
  })
  .meta({ id: 'LogLine' });
export type LogLine = z.infer<typeof LogLine>;

/** Of the command `logs`. */
export const LogsArguments = z.object({
  /** Only lines after this `t`. */
  since: z.number().nonnegative().optional(),
});
export type LogsArguments = z.infer<typeof LogsArguments>;

/** The newest lines that a node still has, oldest first. */
export const NodeLogs = z.object({ lines: z.array(LogLine) }).meta({ id: 'NodeLogs' });
export type NodeLogs = z.infer<typeof NodeLogs>;

export const LogsQuery = z.object({
  flow: flow.optional(),
  since: z.coerce.number().nonnegative().optional(),
});
export type LogsQuery = z.infer<typeof LogsQuery>;

/** Of the command `recording`. */
export const RecordingArguments = z.object({
  module: z.string().min(1).max(200),
  /** Id of the last entry that is known; 0: from the oldest that the node still has. */
  after: z.number().int().nonnegative(),
});
export type RecordingArguments = z.infer<typeof RecordingArguments>;

/** Largest part of a recording in one answer, in bytes, before base64. */
export const RECORDING_BYTES = 128 * 1024;

/** A part of what a source took, as its journal has it. Parts one behind the other are a file that can be replayed. */
export const NodeRecording = z
  .object({
    /** Frames of the journal, base64. */
    frames: z.base64(),
    /** Where to go on. */
    through: z.number().int().nonnegative(),
    more: z.boolean(),
    /** Entries that are too large to be sent. */
    leftOut: z.number().int().nonnegative(),
  })
  .meta({ id: 'NodeRecording' });
export type NodeRecording = z.infer<typeof NodeRecording>;

export const RecordingQuery = z.object({
  module: z.string().min(1).max(200),
  after: z.coerce.number().int().nonnegative().optional(),
});
export type RecordingQuery = z.infer<typeof RecordingQuery>;

/** `modules`: ids with commas between them; absent: all. */
export const LiveQuery = z.object({ modules: z.string().max(8_000).optional() });
export type LiveQuery = z.infer<typeof LiveQuery>;

export const FlowRestart = z.object({ flow }).meta({ id: 'FlowRestart' });
export type FlowRestart = z.infer<typeof FlowRestart>;
