/**
 * Walks one column of a batch by rising row numbers: a comparison a row where the column is full, one walk
 * over its entries where it is sparse. Rows must be asked for in rising order; a lower one is not found.
 */
import type { Column } from '@millrace/engine';

export class Cursor {
  column: Column | undefined;
  private next = 0;

  open(column: Column | undefined): void {
    this.column = column;
    this.next = 0;
  }

  /** The entry of a row, or -1 when the row lacks the field. */
  at(row: number): number {
    const { column } = this;
    if (column === undefined) return -1;
    const { rows, count } = column;
    if (row < count && rows[row] === row) return row;
    let i = this.next;
    while (i < count && rows[i] < row) i++;
    this.next = i;
    return i < count && rows[i] === row ? i : -1;
  }
}
