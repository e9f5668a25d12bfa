/** A table as CSV (RFC 4180, line feeds): numbers with all their digits, no value as an empty cell. */
import { LineFile } from './lines.js';
import type { TableColumn } from './rows.js';
import { cellsOf, flatColumns, type Cell } from './table.js';

export async function writeCsv(rows: string, columns: readonly TableColumn[], out: string): Promise<void> {
  const lines = new LineFile(out);
  try {
    lines.add(
      flatColumns(columns)
        .map(({ name }) => text(name))
        .join(','),
    );
    for await (const cells of cellsOf(rows, columns)) lines.add(cells.map(written).join(','));
  } finally {
    lines.close();
  }
}

function written(cell: Cell): string {
  if (cell === undefined) return '';
  return typeof cell === 'string' ? text(cell) : String(cell);
}

/** An empty text is quoted, since an empty cell is no value. */
const text = (value: string): string =>
  /^$|[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
