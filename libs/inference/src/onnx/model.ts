/**
 * What a running model is to its callers: how it is opened, and how batches go through it.
 */
import type { ModelPort } from '@millrace/schemas';
import type { ModelFile } from './prepare.js';
import type { OnnxTensor, TensorArray } from './tensors.js';

export interface OnnxOptions extends ModelFile {
  /** How problems call the model. */
  name?: string;
  /** Threads inside the runtime, for one batch. 1: small models lose by more. */
  threads?: number;
  /** A batch may take so long once it is its turn. */
  timeoutMs?: number;
  loadTimeoutMs?: number;
  /** Batches in flight at the most, a power of two. */
  slots?: number;
}

/** One batch: fill its inputs, run it, read its outputs, release it. */
export interface OnnxBatch {
  /** Room for an input of this shape, in shared memory; fill it row by row. Valid until `release`. */
  input(name: string, dims: readonly number[]): TensorArray;
  strings(name: string, dims: readonly number[], values: readonly string[]): void;
  run(): Promise<void>;
  /** An output of the run, in shared memory; valid until `release` or the next `run`. */
  output(name: string): OnnxTensor;
  release(): void;
}

export interface OnnxCounters {
  runs: number;
  failed: number;
  timedOut: number;
  restarts: number;
}

export interface OnnxSession {
  readonly name: string;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly loadMs: number;
  readonly counters: Readonly<OnnxCounters>;
  /** Answers what is done, before the thread's message has come. Costs nothing when there is nothing. */
  poll(): void;
  /** A free slot; undefined when all are in use. Costs nothing. */
  borrow(): OnnxBatch | undefined;
  /** The easy way: copies in and out, and waits for a slot. */
  run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>;
  /** Ends the thread and frees the model, or leaves it after CLOSE_MS. Batches in flight fail. */
  close(): Promise<void>;
}
