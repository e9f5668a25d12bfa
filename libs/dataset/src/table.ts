/**
 * Rows as a table: JSON lines in, the cells of each row out, in the order of the table's columns.
 *
 * Guarantee: a row at a time. An object in a record (`age: {pressure: 20}`) has columns of its own
 * (`age.pressure`), and so has each number of a vector (`window.0`).
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { CellType, TableColumn } from './rows.js';

export type Cell = number | string | boolean | undefined;

export interface FlatColumn {
  name: string;
  type: CellType;
}

export function flatColumns(columns: readonly TableColumn[]): FlatColumn[] {
  return columns.flatMap(({ name, type = 'number', length }) =>
    length === undefined
      ? [{ name, type }]
      : Array.from({ length }, (_, i) => ({ name: `${name}.${i}`, type })),
  );
}

export async function* cellsOf(file: string, columns: readonly TableColumn[]): AsyncGenerator<Cell[]> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const record = JSON.parse(line) as Record<string, unknown>;
    yield columns.flatMap(({ name, length }) => {
      const value = name in record ? record[name] : inside(record, name);
      if (length === undefined) return [cell(value)];
      return Array.from({ length }, (_, i) => cell(Array.isArray(value) ? value[i] : undefined));
    });
  }
}

function inside(record: Record<string, unknown>, name: string): unknown {
  const dot = name.indexOf('.');
  const group = dot < 0 ? undefined : record[name.slice(0, dot)];
  return typeof group === 'object'
    ? (group as Record<string, unknown> | null)?.[name.slice(dot + 1)]
    : undefined;
}

const cell = (value: unknown): Cell => (value === null ? undefined : (value as Cell));
