/**
 * A table as Parquet: doubles, texts and booleans, all of them nullable, a row group at a time.
 *
 * Guarantee: memory holds one row group, whatever the length of the table.
 */
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { CellType, TableColumn } from './rows.js';
import { cellsOf, flatColumns, type Cell } from './table.js';

/** Cells a row group: 16 MB of doubles. */
const GROUP_CELLS = 2_000_000;
const GROUP_ROWS = 100_000;

const ELEMENTS = {
  number: { type: 'DOUBLE' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  boolean: { type: 'BOOLEAN' },
} as const;

export async function writeParquet(
  rows: string,
  columns: readonly TableColumn[],
  out: string,
): Promise<void> {
  const flat = flatColumns(columns);
  const writer = new ParquetWriter({
    writer: fileWriter(out),
    schema: [
      { name: 'root', num_children: flat.length },
      ...flat.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...ELEMENTS[type] })),
    ],
    createdBy: 'millrace',
  });
  const most = Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_CELLS / flat.length)));
  let group: Cell[][] = [];
  const write = () => {
    const columnData = flat.map(({ name, type }, i) => ({
      name,
      data: group.map((cells) => typed(cells[i], type)),
    }));
    if (group.length > 0) writer.write({ columnData, rowGroupSize: most });
    group = [];
  };
  for await (const cells of cellsOf(rows, columns)) {
    if (group.push(cells) === most) write();
  }
  write();
  writer.finish();
}

/** Where rows differ, the column is text. */
const typed = (cell: Cell, type: CellType): Cell | null =>
  cell === undefined ? null : type === 'string' ? String(cell) : cell;
