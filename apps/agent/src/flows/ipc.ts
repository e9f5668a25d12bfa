/**
 * What the agent and the process of a flow say to each other: the whole protocol, typed.
 *
 * The agent asks and the host answers each request once, by its `id`; besides, the host speaks of its own
 * accord. Both sides are the same build, so nothing is parsed here.
 *
 *     spawned --prepare--> warm --open--> open --pause--> warm --open--> ...   --stop--> gone
 */
import type { DirectorMessage, SeriesPlace } from '@millrace/engine';
import type { FlowMetrics, LockedResource, ParameterValue, ProblemCode, TapFrame } from '@millrace/schemas';

export type Request =
  /** Read and check the flow, bind its modules, load its resources; the sources stay closed. */
  | { ask: 'prepare'; flow: PrepareFlow }
  /**
   * Take up the state, if there is one, and open the sources. Also resumes what was paused. The state is the
   * one that another version handed over, or a file.
   */
  | { ask: 'open'; state: Uint8Array | string | null; saveTo: string }
  /** Take nothing more, drain, hand over the state, save it to where `open` said, and be warm again. */
  | { ask: 'pause' }
  /** The same, and exit. */
  | { ask: 'stop' };

export interface PrepareFlow {
  name: string;
  version: number;
  digest: string;
  /** The locked document; its digest is computed from what is read here. */
  document: string;
  parameters: Record<string, ParameterValue>;
  resources: Record<string, LockedResource>;
  /** Local file of each digest; all were verified before. */
  blobs: Record<string, string>;
  /** By digest: where a script was unpacked, or a runtime was built. */
  built: Record<string, string>;
  work: string;
  /** Absolute folders below which absolute paths are allowed. */
  roots: string[];
}

export interface Answers {
  prepare: {
    /** Digest of the document that was read. */
    digest: string;
    /** True when every source can be read by two versions at once and resumed (broker, file). */
    shared: boolean;
  };
  open: { live: boolean };
  /**
   * `left`: records that were taken and could not leave; they are lost unless their source gives them again.
   * `state` is handed over before it is on the disk, since the stream stands still meanwhile.
   */
  pause: { left: number; state: Uint8Array | null };
  stop: { left: number; state: null };
}
/** A look at a flow while it runs: a frame each `intervalMs`, until the lease ends. */
export interface Look {
  id: string;
  /** Absent: all. Those that the flow does not have are left out. */
  modules?: string[];
  perPort: number;
  intervalMs: number;
  /** From the moment it is heard. */
  leaseMs: number;
}

export type Asked = Request['ask'];

export interface HostError {
  code: ProblemCode;
  detail: string;
  module?: string;
}

export type ToHost =
  | { id: number; request: Request }
  /** The outbox has the message on disk, or could not take it. */
  | { ack: number; error?: string }
  /** Everybody who looks from now on, each by an id; nobody: an empty list. */
  | { looks: Look[] }
  /** A host that hears nothing for PATIENCE_MS has a hung parent: it drains and ends. */
  | { ping: true };

export type FromHost =
  | { answer: number; result: Answers[Asked] }
  | { answer: number; error: HostError }
  /** `firstAt`: epoch milliseconds of the first record since the sources were opened. */
  | { metrics: Omit<FlowMetrics, 'flow' | 'digest'>; firstAt: number | null }
  /** Acknowledged with its number once it is kept. */
  | { director: number; message: DirectorMessage; place?: SeriesPlace }
  /** What one look saw; `missed` frames of it were left out, since the one before had not gone yet. */
  | { look: string; frame: TapFrame; missed: number }
  | { log: 'info' | 'warn' | 'error'; module: string; message: string }
  /** The flow is over by itself: its files were read to their end, or it failed. */
  | { ended: true; error?: HostError };

export const PING_MS = 5_000;
/** Twelve pings: a busy machine misses some, a hung parent all. */
export const PATIENCE_MS = 60_000;
/** How long a host that lost its parent may drain before it exits. */
export const DRAIN_MS = 8_000;
