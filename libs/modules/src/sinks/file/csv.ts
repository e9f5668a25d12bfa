/** Records as CSV lines (RFC 4180), for a file whose columns are fixed. Pure. */
import { toPlain, type Batch } from '@millrace/engine';

export class CsvWriter {
  constructor(readonly columns: readonly string[]) {}

  get header(): string {
    return ['t', ...this.columns].map(cell).join(',');
  }

  /** Lines of a batch without the last line break, and how many values had no column. */
  lines(batch: Batch): { lines: string[]; without: number } {
    const indexes = this.columns.map((name) => batch.schema.find(name));
    const lines: string[] = [];
    for (let row = 0; row < batch.n; row++) {
      let line = String(batch.t[row]);
      for (const index of indexes) {
        const value = index < 0 ? undefined : batch.value(row, index);
        line += ',';
        if (value === undefined) continue;
        const plain = toPlain(value);
        if (plain !== null) line += cell(typeof plain === 'object' ? JSON.stringify(plain) : String(plain));
      }
      lines.push(line);
    }
    let without = 0;
    for (let index = 0; index < batch.columns.length; index++) {
      if (!indexes.includes(index)) without += batch.peek(index)?.count ?? 0;
    }
    return { lines, without };
  }
}

function cell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The columns that a header line names, without `t`. */
export function columnsOfHeader(line: string): string[] {
  const names: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    names.push(match[1]?.replaceAll('""', '"') ?? match[2]);
  }
  return names.slice(1);
}
