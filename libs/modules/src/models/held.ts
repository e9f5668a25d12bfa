/**
 * Records that wait for a model: which of them it can be given at all, and what is known of a batch until it
 * leaves. Plain data and pure rules.
 */
import { BOOLEAN, Column, NUMBER, TEXT, VECTOR, type Batch } from '@millrace/engine';

/** Complete records that have not left. */
export interface Held {
  batch: Batch;
  input: number;
  /** Rows that went to the thread, that came back, and that have left already. */
  sent: number;
  done: number;
  left: number;
  failed: Uint8Array;
  /** Why the last of the failed did. */
  reason: string;
  /** A full column an output. */
  results: Column[];
}

export function newHeld(batch: Batch, input: number, outputs: number): Held {
  const results = Array.from({ length: outputs }, () => new Column(batch.n));
  const held = {
    batch,
    input,
    sent: 0,
    done: 0,
    left: 0,
    failed: new Uint8Array(batch.n),
    reason: '',
    results,
  };
  makeRoom(held);
  return held;
}

/** Room for what will be known of each row, after rows were appended to the batch. */
export function makeRoom(held: Held): void {
  const { n } = held.batch;
  if (held.failed.length < n) {
    const failed = new Uint8Array(2 * n);
    failed.set(held.failed);
    held.failed = failed;
  }
  for (const column of held.results) while (column.count < n) column.pushNumber(column.count, 0);
}

/** The rows that are done and have not left, copied into an empty batch. */
export function doneOf({ batch, input, left, done, failed, reason, results }: Held, into: Batch): Held {
  into.append(batch, left, done);
  const held = newHeld(into, input, results.length);
  held.failed.set(failed.subarray(left, done));
  held.reason = reason;
  held.done = held.sent = into.n;
  held.results.forEach((column, k) => {
    column.reset();
    column.copyFrom(results[k], left, done, -left);
  });
  return held;
}

/** Marks the rows that lack a usable value in one of the columns; null when none does. */
export function lackingRows(batch: Batch, inputs: readonly number[][]): Uint8Array | null {
  let lacking: Uint8Array | null = null;
  for (const indexes of inputs) {
    for (const index of indexes) {
      const column = batch.peek(index);
      if (column !== undefined && column.count === batch.n && column.kinds === null) continue;
      lacking ??= new Uint8Array(batch.n);
      const usable = new Uint8Array(batch.n);
      const entries = column?.count ?? 0;
      for (let i = 0; i < entries; i++) if (isUsable(column!, i)) usable[column!.rows[i]] = 1;
      for (let row = 0; row < batch.n; row++) if (usable[row] === 0) lacking[row] = 1;
    }
  }
  return lacking !== null && lacking.includes(1) ? lacking : null;
}

/** How many rows are marked. */
export function count(marks: Uint8Array): number {
  return marks.reduce((sum, mark) => sum + mark, 0);
}

/** Whether an entry can be given to a model at all: a value, and in a vector nothing but numbers. */
function isUsable(column: Column, entry: number): boolean {
  const kind = column.kind(entry);
  if (kind === NUMBER || kind === TEXT || kind === BOOLEAN) return true;
  if (kind !== VECTOR) return false;
  const vector = column.objects![entry] as Float64Array;
  for (let i = 0; i < vector.length; i++) if (vector[i] - vector[i] !== 0) return false;
  return vector.length > 0;
}
