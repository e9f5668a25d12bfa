/**
 * What the queue in front of a model needs of whatever runs it: an ONNX session in a thread, a worker process. Slots are
 * the runtime's own; the queue only carries them from call to call.
 */
import type { Batch } from '@millrace/engine';
import type { Held } from './held.js';

/** Some rows of one batch of records, as a part of a batch of the model. */
export interface Piece {
  batch: Batch;
  /** Column indexes by input of the model, then by column. */
  indexes: number[][];
  first: number;
  last: number;
}

/** Some rows on their way through a model, as one batch of it. */
export interface Flight {
  pieces: (Piece & { held: Held })[];
  /** Rows that the model gets; more than those of the pieces when it insists on a number. */
  rows: number;
  /** By row, counted from the first of the first piece: set for those that have no result. */
  failed: Uint8Array;
  /** Why the last of the failed has none. */
  reason: string;
}

export interface Runtime<Slot> {
  /** How many rows the model takes at a time, when it insists on a number. */
  readonly rows: number | null;
  /** Answers what is done already; costs nothing when there is nothing. */
  poll(): void;
  /** Room for one batch; undefined while there is none. Throws when there never will be again. */
  borrow(): Slot | undefined;
  /** Copies the rows in; those that do not fit are marked as failed. What it throws fails all of them. */
  fill(slot: Slot, flight: Flight): void;
  run(slot: Slot): Promise<void>;
  /** Copies the results into those that are held, and marks the rows without one. What it throws fails all of them. */
  take(slot: Slot, flight: Flight): void;
  release(slot: Slot): void;
  close(): Promise<void>;
}
