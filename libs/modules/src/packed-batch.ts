/**
 * Batches that wait in a module, as plain data for its saved state, and back. Columns go by name, since the
 * indexes of the next run may be others. What is unpacked equals what was packed, in all but identity.
 */
import { Batch, type Gap, type Schema } from '@millrace/engine';

interface PackedColumn {
  name: string;
  rows: Int32Array;
  values: Float64Array;
  kinds: Uint8Array | null;
  objects: (string | boolean | Float64Array | undefined)[] | null;
}

export interface PackedBatch {
  t: Float64Array;
  columns: PackedColumn[];
  gaps: Gap[] | null;
  arrival: number;
}

export function packBatch(batch: Batch): PackedBatch {
  const columns: PackedColumn[] = [];
  for (let index = 0; index < batch.columns.length; index++) {
    const column = batch.peek(index);
    if (column === undefined) continue;
    columns.push({
      name: batch.schema.names[index],
      rows: column.rows.slice(0, column.count),
      values: column.values.slice(0, column.count),
      kinds: column.kinds === null ? null : column.kinds.slice(0, column.count),
      objects: column.objects === null ? null : column.objects.slice(0, column.count),
    });
  }
  return { t: batch.t.slice(0, batch.n), columns, gaps: batch.gaps, arrival: batch.arrival };
}

export function unpackBatch(packed: PackedBatch, schema: Schema): Batch {
  const batch = new Batch(schema, packed.t.length);
  for (const t of packed.t) batch.row(t);
  for (const { name, rows, values, kinds, objects } of packed.columns) {
    const index = schema.index(name);
    if (index < 0) continue;
    Object.assign(batch.column(index), { count: rows.length, rows, values, kinds, objects });
  }
  batch.gaps = packed.gaps;
  batch.arrival = packed.arrival;
  return batch;
}
