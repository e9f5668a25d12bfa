/**
 * How many messages a source without a journal has taken, in eight bytes of a file that outlive a kill.
 *
 * Guarantee: after a kill the next run knows how many messages were taken behind the saved state, whose rows may be
 * missing. After a power cut it knows of the last that reached the disk. It costs a write to the page cache a batch.
 */
import { closeSync, constants, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export class Tally {
  private readonly bytes = new Float64Array(1);
  private handle: number | undefined;

  constructor(private readonly file: string) {}

  /** Messages taken so far, over all runs. */
  get taken(): number {
    return this.bytes[0];
  }

  /** Gives how many were taken behind `saved`. Throws when the file cannot be opened. */
  open(saved: number): number {
    mkdirSync(dirname(this.file), { recursive: true });
    this.handle = openSync(this.file, constants.O_RDWR | constants.O_CREAT);
    readSync(this.handle, this.bytes, 0, 8, 0);
    return Math.max(0, this.taken - saved);
  }

  add(n: number): void {
    this.bytes[0] += n;
    if (this.handle !== undefined) writeSync(this.handle, this.bytes, 0, 8, 0);
  }

  close(): void {
    if (this.handle !== undefined) closeSync(this.handle);
    this.handle = undefined;
  }
}
