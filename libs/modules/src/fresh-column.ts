/** An empty column at an index of a batch, to be written from the first row on; what stood there is gone. */
import type { Batch, Column } from '@millrace/engine';

export function freshColumn(batch: Batch, index: number): Column {
  const column = batch.columns[index];
  if (column !== undefined && !column.shared) {
    column.reset();
    return column;
  }
  batch.clear(index);
  return batch.column(index);
}
