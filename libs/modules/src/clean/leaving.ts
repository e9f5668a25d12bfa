/** The rows of one batch that are to go: marked one by one, taken out at once. Allocates nothing while batches keep their size. */
import type { Batch } from '@millrace/engine';

export class Leaving {
  private keep = new Uint8Array(256);
  private any = false;

  mark(batch: Batch, row: number): void {
    if (!this.any) {
      if (batch.n > this.keep.length) this.keep = new Uint8Array(batch.n * 2);
      this.keep.fill(1, 0, batch.n);
      this.any = true;
    }
    this.keep[row] = 0;
  }

  /** Takes the marked rows out, and is ready for the next batch. */
  leave(batch: Batch): void {
    if (this.any) batch.retain(this.keep);
    this.any = false;
  }
}
