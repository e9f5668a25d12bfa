/** The collected rows as the table that somebody asked for. */
import { renameSync } from 'node:fs';
import { writeCsv } from './csv.js';
import { writeParquet } from './parquet.js';
import type { Rows } from './rows.js';
import { flatColumns } from './table.js';

export const FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type TableFormat = (typeof FORMATS)[number];

/**
 * @param spool the rows as JSON lines, closed; it is gone afterwards when that is what was asked for
 * @param out a new file
 */
export async function writeTable(format: TableFormat, spool: string, rows: Rows, out: string): Promise<void> {
  if (format === 'csv') await writeCsv(spool, rows.table(), out);
  else if (format === 'parquet') await writeParquet(spool, rows.table(), out);
  else renameSync(spool, out);
}

/** Such as `120 rows, 4 columns; left out: 3 incomplete`. */
export function saidOf(rows: Rows): string {
  const left = [...rows.leftOut].map(([reason, n]) => `${n} ${reason}`).join(', ');
  const count = `${rows.count} ${rows.count === 1 ? 'row' : 'rows'}, ${flatColumns(rows.table()).length} columns`;
  return `${count}${left === '' ? '' : `; left out: ${left}`}`;
}
