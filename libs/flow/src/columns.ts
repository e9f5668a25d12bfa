/**
 * Columns: what is known, before a flow runs, about the records that pass a wire.
 *
 * Guarantee: a statement here is about every record on the wire; what cannot be known is left open, so a
 * check built on it never refuses a flow that could work. It describes; it converts nothing.
 */
import type { Contract, ContractColumn, ContractDtype, ProblemPlace } from '@millrace/schemas';

/** What a field of a record can be; `unknown` when only the name is known. */
export type ColumnType = 'number' | 'string' | 'boolean' | 'vector' | 'unknown';

export interface Column {
  type: ColumnType;
  /** As the settings wrote it, such as `bar`; absent when nobody said. */
  unit?: string;
  /** A vector's shape, row-major, such as `[60]` or `[rows, columns]`; absent when it is not known. */
  shape?: readonly number[];
}

export interface Columns {
  /** The known fields by name, in order, without the timestamp `t`. A known field may still be null. */
  readonly fields: ReadonlyMap<string, Column>;
  /** True when records may also have fields that are not named here. */
  readonly open: boolean;
  /** Time between two records, when they come on a fixed grid. */
  readonly periodMs?: number;
  /** Rows in each record, when a record is a window and its columns are vectors. */
  readonly window?: number;
}

/** Nothing is known: what leaves a broker, or a module that does not say. */
export const anyColumns: Columns = { fields: new Map(), open: true };

/** Known columns and no others. A plain type name stands for a column of it. */
export function columnsOf(
  fields: Readonly<Record<string, Column | ColumnType>> | Iterable<readonly [string, Column | ColumnType]>,
  more: Partial<Omit<Columns, 'fields'>> = {},
): Columns {
  const entries = Symbol.iterator in fields ? fields : Object.entries(fields);
  const map = new Map<string, Column>();
  for (const [name, column] of entries as Iterable<readonly [string, Column | ColumnType]>)
    map.set(name, typeof column === 'string' ? { type: column } : column);
  return { open: false, ...more, fields: map };
}

/** The same records with fields added or replaced; what else is known stays. */
export function withColumns(
  columns: Columns,
  added: Readonly<Record<string, Column | ColumnType>> | Iterable<readonly [string, Column | ColumnType]>,
): Columns {
  return { ...columns, fields: new Map([...columns.fields, ...columnsOf(added).fields]) };
}

/**
 * Records of several wires, interleaved: a field of any is a field of the whole, its type is known only
 * where all that have it agree, and a grid survives only when there is one wire.
 */
export function mergeColumns(inputs: readonly Columns[]): Columns {
  const [first] = inputs;
  if (inputs.length === 1 && first !== undefined) return first;
  if (first === undefined) return anyColumns;
  const fields = new Map<string, Column>();
  for (const input of inputs)
    for (const [name, column] of input.fields) {
      const known = fields.get(name);
      fields.set(name, known === undefined || sameColumn(known, column) ? column : blend(known, column));
    }
  return { fields, open: inputs.some((input) => input.open) };
}

/**
 * A column by name: `undefined` when it can never be there, `{ type: 'unknown' }` when it may be.
 */
export function columnNamed(columns: Columns, name: string): Column | undefined {
  return columns.fields.get(name) ?? (columns.open ? { type: 'unknown' } : undefined);
}

/** What a value of a contract's dtype is in a record. */
export function typeOfDtype(dtype: ContractDtype): ColumnType {
  if (dtype === 'string') return 'string';
  return dtype === 'bool' ? 'boolean' : 'number';
}

/**
 * The contract of a model against the columns that reach it: names, types, units, period and window.
 * `pointer` is the setting that names the model; problems carry it. `name` is how a person calls the model.
 */
export function unmetContract(
  contract: Contract,
  columns: Columns,
  pointer: string,
  name = 'the model',
): ProblemPlace[] {
  const found: ProblemPlace[] = [];
  const say = (detail: string, field?: string): void => {
    found.push({ code: 'flows.contract-unmet', pointer, detail, ...(field === undefined ? {} : { field }) });
  };
  for (const wanted of contract.columns) {
    const column = columnNamed(columns, wanted.name);
    if (column === undefined)
      say(
        `${name} expects the column "${wanted.name}", and no record that arrives has it: ` +
          `what arrives has ${list(columns.fields.keys())}. Add it before the model, or rename one with map.set.`,
        wanted.name,
      );
    else for (const detail of unmetColumn(wanted, column, name, contract.window)) say(detail, wanted.name);
  }
  if (
    contract.periodMs !== undefined &&
    columns.periodMs !== undefined &&
    contract.periodMs !== columns.periodMs
  )
    say(
      `${name} expects a row every ${contract.periodMs} ms, and one arrives every ${columns.periodMs} ms: ` +
        `set the period of align.rows to ${contract.periodMs}.`,
    );
  if (contract.window !== undefined && columns.window !== undefined && contract.window !== columns.window)
    say(
      `${name} expects windows of ${contract.window} rows, and windows of ${columns.window} arrive: ` +
        `set the size of align.window to ${contract.window}.`,
    );
  return found;
}

function unmetColumn(wanted: ContractColumn, column: Column, name: string, window?: number): string[] {
  const found: string[] = [];
  // A window's columns are vectors of the type that the contract gives for one of their values.
  const type = window === undefined ? typeOfDtype(wanted.dtype) : 'vector';
  const meets =
    column.type === 'unknown' ||
    column.type === type ||
    // A number reads a boolean as 0 and 1; nothing else is silently read as something else.
    (type === 'number' && column.type === 'boolean');
  if (!meets)
    found.push(
      `${name} expects "${wanted.name}" to be ${article(type)}, and ${article(column.type)} arrives: ` +
        `convert it with map.convert, or take another column.`,
    );
  if (wanted.unit !== undefined && column.unit !== undefined && wanted.unit !== column.unit)
    found.push(
      `${name} expects "${wanted.name}" in ${wanted.unit}, and ${column.unit} arrives: convert it with map.convert.`,
    );
  return found;
}

function article(type: ColumnType): string {
  return type === 'unknown' ? 'a value of unknown type' : `a ${type}`;
}

/** At most ten names, for a sentence. */
function list(names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return 'no known column';
  return all.slice(0, 10).join(', ') + (all.length > 10 ? ` and ${all.length - 10} more` : '');
}

function sameColumn(a: Column, b: Column): boolean {
  return a.type === b.type && a.unit === b.unit && (a.shape ?? []).join() === (b.shape ?? []).join();
}

function blend(a: Column, b: Column): Column {
  return {
    type: a.type === b.type ? a.type : 'unknown',
    ...(a.unit !== undefined && a.unit === b.unit ? { unit: a.unit } : {}),
  };
}
