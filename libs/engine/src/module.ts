/**
 * The contract between the engine and the behaviour of a flow module. It fits one page; keep it so.
 *
 * A behaviour is made once a flow, bound once to the schemas that reach it, and then called with batches,
 * directly and synchronously, in the flow's one thread. Guarantee to behaviours: calls never overlap, and
 * nothing of theirs is called after `close`. Demand on behaviours: faults of the data are counted
 * (`context.fault`, `context.drop`), never thrown; whatever is thrown stops the flow as a bug.
 */
import type { AlertSignal, Contract } from '@millrace/schemas';
import type { Batch } from './batch.js';
import type { Clock } from './clock.js';
import type { FieldValue } from './column.js';
import type { PlainRecord } from './record.js';
import type { Schema } from './schema.js';

/** One stream of records that reaches a module: a wire, and the schema of what comes along it. */
export interface Input {
  schema: Schema;
  /** Id and port of the module at the other end of the wire. */
  from: string;
  port: string;
}

/** What a behaviour keeps over a restart: anything that `v8.serialize` takes; typed arrays are the cheap way. */
export type State = unknown;

export interface Behaviour {
  /**
   * Resolves names to column indexes. Gives the schemas that leave each port, in the order of the kind's
   * `outputs`; returning nothing means that what comes in leaves by every port, with the schema it has.
   */
  bind?(inputs: readonly Input[]): Schema[][] | void;
  /**
   * Loads what takes long, such as a model. Called once before the sources are opened, while an older version
   * of the flow may still run; what cannot be loaded is thrown.
   */
  prepare?(): Promise<void>;
  /**
   * Opens files that an older version of the flow may have had until now. Called when the state is loaded and no
   * source is open.
   */
  resume?(): Promise<void>;
  process?(batch: Batch, input: number): void;
  /** Live flows only, every TICK_MS: for what depends on time going by and not on records. */
  tick?(): void;
  /** The stream ended (a replayed file): emit what is due; nothing will follow. */
  end?(): void;
  /** Resolves when nothing is in flight any more. Asynchronous modules and sinks only. */
  drain?(): Promise<void>;
  save?(): State;
  /** Called before the first record, with what `save` of the same shape gave. */
  load?(state: State): void;
  /**
   * Resolves when all that reached this module before the call would outlive a power cut. Asked between `save` and
   * the writing of what it gave, so that a state on disk never speaks of what is not. Sinks and journals only.
   */
  sync?(): Promise<void>;
  /** What `save` gave last is on the disk: what was kept to make it again may go. */
  saved?(): void;
  close?(): Promise<void> | void;
}

export interface Source extends Behaviour {
  /**
   * A source that can be read at will (a file). The engine merges such sources by timestamp and calls it
   * until it gives null. The batch is the source's own, and used again at the next call.
   */
  replay?: Replay;
  /** Whether it gives again, after a restart, just what came behind the saved state: a file, a journal. */
  readonly repeats?: boolean;
  /** A source that speaks when it likes (a broker): begins to emit; must obey the gate. */
  start?(): Promise<void>;
  /** Takes nothing more. What it has taken has been emitted when this resolves. */
  stop?(): Promise<void>;
}

export interface Replay {
  read(): Promise<Batch | null>;
  /** Stream milliseconds a wall millisecond; Infinity: as fast as possible. */
  speed: number;
  /** Timestamps are close to the node's own clock (rebased, speed 1), so the flow is live. */
  live: boolean;
  /** How many rows of the last batch have been delivered: the position to save is behind these. */
  delivered(rows: number): void;
}

/** What a module may ask of its surroundings. One object a module, given to its factory. */
export interface ModuleContext<Settings = unknown> {
  readonly id: string;
  readonly settings: Settings;
  readonly clock: Clock;
  /** False while a file is replayed: node's time is then the largest timestamp seen. */
  readonly live: boolean;
  /**
   * Whether every source gives again what came behind the saved state (files, journals): a sink then takes back
   * what it wrote behind it, since that comes again. Known from `load` on.
   */
  readonly repeats: boolean;
  /** A live source gives what came before now, or has caught up. No module ticks while one does. */
  catchingUp(on: boolean): void;
  /** Sends a batch out of a port (index in the kind's `outputs`; 0 when absent). Returns when all below is done. */
  emit(batch: Batch, port?: number): void;
  /** Counts something by name: `late`, `dup`. */
  count(what: string, n?: number): void;
  /** Counts records, or values, that go no further, by reason: `range`, `invalid`. */
  drop(reason: string, n?: number): void;
  /**
   * An error of one or more records. Counts it, keeps the detail as the last error and does what the module's
   * `onError` says: the flow stops, the records are skipped, or `batch` leaves by the port `error`. With `n` 0 the detail
   * is kept and no more: no record was lost.
   */
  fault(detail: string, n?: number, batch?: Batch): void;
  /** Bytes that came in from outside, or left for it. */
  bytes(n: number): void;
  /** How many records wait in this module. From `queue.size` on the flow's sources are held back. */
  queued(n: number): void;
  readonly queue: QueueLimit;
  /** Resolves at once while the flow may take more, else when what waits has sunk to half. For live sources. */
  readonly gate: { readonly open: boolean; wait(): Promise<void> };
  /** A live source that has come to its end. */
  finished(): void;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  readonly host: Host;
}

export interface QueueLimit {
  /** Records. */
  size: number;
  full: 'block' | 'dropOldest' | 'dropNewest';
}

/** What the process that runs a flow provides: the engine itself does no input or output. */
export interface Host {
  /** Absolute path of a file that the settings name; throws a Failure when it may not be touched. */
  path(file: string): string;
  /** The local file of a resource reference, verified before the flow was started. */
  resource(reference: string): ResourceFile;
  /** Where this flow may keep files of its own, such as a store-and-forward buffer. */
  readonly workFolder: string;
  /**
   * Up to the director. Resolves when it is kept on disk here, so that a power cut cannot lose it. Records with a place
   * in a series are kept once, however often they are made again.
   */
  toDirector?(message: DirectorMessage, place?: SeriesPlace): Promise<void>;
  readonly flow: { name: string; version: number | null };
}

/**
 * Where records stand among those that a module makes in one life of its state: what was made before a crash and is
 * made again behind the saved state has the same place, though not always in a message with the same neighbours.
 */
export interface SeriesPlace {
  series: string;
  /** How many records were made before the first of this message. */
  before: number;
}

export interface ResourceFile {
  path: string;
  name: string;
  version: number | null;
  digest: string | null;
  /** Where a packed script was unpacked, or a runtime was built, before the flow was prepared. */
  folder?: string;
  /** Of a model: what it expects and gives, with known answers. */
  contract?: Contract;
}

export type DirectorMessage =
  | {
      channel: 'alert';
      module: string;
      t: number;
      key: FieldValue;
      change: 'raised' | 'cleared';
      severity: string;
      message: string;
      values: PlainRecord;
      signal?: AlertSignal;
    }
  | { channel: 'result'; module: string; records: PlainRecord[] };

/** Makes a module's behaviour. May throw a Failure when the settings cannot be met; must not do I/O. */
export type Create<Settings = never> = (context: ModuleContext<Settings>) => Behaviour | Source;
export type Behaviours = ReadonlyMap<string, Create>;

/** Live modules with `tick` are called this often. Finer than the shortest useful alignment period. */
export const TICK_MS = 20;
