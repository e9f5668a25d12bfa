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
  /** By row, and how many are marked. */
  failed: Uint8Array;
  failures: number;
  /** Why the last of the failed did. */
  reason: string;
  /** A full column an output. */
  results: Column[];
}

export function newHeld(batch: Batch, input: number, outputs: number): Held {
  const capacity = batch.t.length;
  const results = Array.from({ length: outputs }, () => new Column(capacity));
  const failed = new Uint8Array(capacity);
  const held: Held = { batch, input, sent: 0, done: 0, left: 0, failed, failures: 0, reason: '', results };
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

/** Marks the rows from `first` that have no result, as those from `at` of their flight say. */
export function markFailed(
  held: Held,
  first: number,
  last: number,
  { failed, reason }: Pick<Held, 'failed' | 'reason'>,
  at: number,
): void {
  for (let row = first; row < last; row++, at++) {
    if (failed[at] === 0) continue;
    held.failed[row] = 1;
    held.failures++;
    held.reason = reason;
  }
}

/** Puts the results into their columns of the batch, which gives its own for them: `clear` takes those back. */
export function showResults({ batch, results }: Held, outputs: readonly number[]): void {
  outputs.forEach((index, k) => {
    if (index < 0) return;
    while (batch.columns.length <= index) batch.columns.push(undefined);
    batch.columns[index] = results[k];
  });
}

/** Empties what has left for the next records; columns that another branch still reads stay with that. */
export function clear(held: Held, outputs: readonly number[]): void {
  const { batch, results } = held;
  batch.reset();
  outputs.forEach((index, k) => {
    if (index < 0) return;
    const column = batch.columns[index];
    results[k] = column ?? new Column(batch.t.length);
    batch.columns[index] = undefined;
  });
  for (const column of results) column.reset();
  if (held.failures > 0) held.failed.fill(0);
  held.sent = held.done = held.left = held.failures = 0;
  held.reason = '';
}

/** The rows that are done and have not left, copied into an empty one. */
export function copyDone({ batch, left, done, failed, failures, reason, results }: Held, into: Held): void {
  into.batch.append(batch, left, done);
  makeRoom(into);
  if (failures > 0) {
    into.failed.set(failed.subarray(left, done));
    into.failures = count(into.failed);
  }
  into.reason = reason;
  into.done = into.sent = into.batch.n;
  into.results.forEach((column, k) => {
    column.reset();
    column.copyFrom(results[k], left, done, -left);
  });
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
  let sum = 0;
  for (let i = 0; i < marks.length; i++) sum += marks[i];
  return sum;
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
