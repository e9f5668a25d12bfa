/**
 * Several replayed files as one stream: at each step the rows of the file whose next timestamp is the
 * smallest, up to where another file's begins. Each file is read in its own order and never sorted, equal
 * timestamps go by the order of the sources, so a run is the same every time. Where arrivals were recorded, they
 * stand for the timestamps.
 */
import { Batch, BATCH_ROWS } from './batch.js';
import type { Replay } from './module.js';

export interface Reading {
  replay: Replay;
  emit(batch: Batch): void;
}

interface Head extends Reading {
  batch: Batch;
  /** The next row to deliver. */
  next: number;
  slice: Batch;
}

export class Merge {
  private heads: Head[] = [];
  private reading: Head | undefined;

  private constructor() {}

  static async open(readings: readonly Reading[]): Promise<Merge> {
    const merge = new Merge();
    for (const reading of readings) {
      const batch = await reading.replay.read();
      if (batch !== null) {
        merge.heads.push({ ...reading, batch, next: 0, slice: new Batch(batch.schema, BATCH_ROWS) });
      }
    }
    return merge;
  }

  get ended(): boolean {
    return this.heads.length === 0;
  }

  /** The timestamp of the row that comes next; undefined at the end. */
  get nextTime(): number | undefined {
    const head = this.first();
    return head && time(head);
  }

  /**
   * Delivers the next run of rows whose timestamps are at most `until`; none when the next row lies behind.
   * When that was the last of what a file had given, gives the reading of more: await it and hand it to
   * `refill` before the next step.
   */
  step(until = Infinity): Promise<Batch | null> | undefined {
    const head = this.first();
    if (head === undefined) return undefined;
    const { batch } = head;
    let end = head.next;
    if (this.heads.length === 1 && until === Infinity) end = batch.n;
    else
      while (end < batch.n && timeAt(batch, end) <= until && this.precedes(head, timeAt(batch, end))) end++;
    if (end > head.next || batch.n === 0) {
      this.deliver(head, end);
      head.replay.delivered(end - head.next);
      head.next = end;
    }
    if (head.next < batch.n) return undefined;
    this.reading = head;
    return head.replay.read();
  }

  refill(batch: Batch | null): void {
    const head = this.reading!;
    if (batch === null) {
      this.heads.splice(this.heads.indexOf(head), 1);
      return;
    }
    head.batch = batch;
    head.next = 0;
  }

  private deliver(head: Head, end: number): void {
    const { batch, next } = head;
    if (next === 0 && end === batch.n) {
      head.emit(batch);
      return;
    }
    head.slice.reset();
    head.slice.append(batch, next, end);
    head.emit(head.slice);
  }

  private first(): Head | undefined {
    if (this.heads.length === 1) return this.heads[0];
    let first: Head | undefined;
    for (const head of this.heads) {
      if (first === undefined || time(head) < time(first)) first = head;
    }
    return first;
  }

  /** Whether a row of `head` at time t comes before the next row of every other file. */
  private precedes(head: Head, t: number): boolean {
    if (this.heads.length === 1) return true;
    const own = this.heads.indexOf(head);
    for (let i = 0; i < this.heads.length; i++) {
      if (i === own) continue;
      const other = time(this.heads[i]);
      if (i < own ? t >= other : t > other) return false;
    }
    return true;
  }
}

const time = ({ batch, next }: Head): number => (next < batch.n ? timeAt(batch, next) : -Infinity);
const timeAt = (batch: Batch, row: number): number =>
  Number.isNaN(batch.arrival) ? batch.t[row] : batch.arrival;
