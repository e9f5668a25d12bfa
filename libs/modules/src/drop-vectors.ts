/** Takes the vectors of a field out of a batch: windows that have been used. Other values of it stay. */
import { VECTOR, type Batch } from '@millrace/engine';

export function dropVectors(batch: Batch, index: number): void {
  const column = batch.own(index);
  if (column === undefined) return;
  const gone = new Uint8Array(column.count);
  for (let i = 0; i < column.count; i++) gone[i] = column.kind(i) === VECTOR ? 1 : 0;
  column.drop(gone);
}
