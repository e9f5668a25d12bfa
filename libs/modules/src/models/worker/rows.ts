/**
 * Between columns and a worker's numbers: fills a batch from rows, and reads its results back.
 *
 * Rows that do not fit (a text among numbers, a window of another length) are told and filled with 0, so that the others
 * of the batch are not lost. It runs nothing and keeps nothing but the length of the first window.
 */
import { BOOLEAN, NUMBER, TEXT, type Column, type FieldValue } from '@millrace/engine';
import type { WorkerBatch, WorkerResult } from '@millrace/inference';
import { Failure, type ContractDtype } from '@millrace/schemas';
import type { Flight } from '../runtime.js';

export interface OutputSetting {
  name: string;
  as?: string;
  dtype?: ContractDtype;
}

export class WorkerRows {
  /** Numbers in a window; known with the first one. */
  private length: number | undefined;

  constructor(
    private readonly columns: readonly string[],
    private readonly window: string | undefined,
    private readonly outputs: readonly OutputSetting[],
    /** Of the columns, where a contract says it. */
    private readonly dtypes: ReadonlyMap<string, ContractDtype>,
  ) {}

  fill(batch: WorkerBatch, flight: Flight): void {
    if (this.window !== undefined) this.fillWindows(batch, flight, this.window);
    else if (!this.fillNumbers(batch, flight)) this.fillMixed(batch, flight);
  }

  /** What nearly all batches are: numbers and nothing else, a column at a time. */
  private fillNumbers(batch: WorkerBatch, { pieces, rows }: Flight): boolean {
    const width = this.columns.length;
    const plain = pieces.every(({ batch: records, indexes }) =>
      indexes[0].every((index) => records.peek(index)!.kinds === null),
    );
    if (!plain || this.dtypes.size > 0) return false;
    const numbers = batch.numbers(rows * width);
    let at = 0;
    for (const { batch: records, indexes, first, last } of pieces) {
      for (let k = 0; k < width; k++) {
        const { values } = records.peek(indexes[0][k])!;
        for (let row = first, to = at * width + k; row < last; row++, to += width) numbers[to] = values[row];
      }
      at += last - first;
    }
    return true;
  }

  private fillMixed(batch: WorkerBatch, flight: Flight): void {
    const { pieces, rows } = flight;
    const texts = this.columns.map((_, k) => this.isText(flight, k));
    const width = texts.filter((isText) => !isText).length;
    const numbers = batch.numbers(rows * width);
    const strings: Record<string, (string | null)[]> = {};
    let column = 0;
    this.columns.forEach((name, k) => {
      const own: string[] = [];
      let at = 0;
      for (const { batch: records, indexes, first, last } of pieces) {
        const from = records.peek(indexes[0][k])!;
        for (let row = first; row < last; row++, at++) {
          const kind = from.kind(row);
          if ((kind === TEXT) !== texts[k]) {
            flight.failed[at] = 1;
            flight.reason = texts[k]
              ? `${name} wants texts, and is none`
              : `${name} wants numbers, and is a text`;
          }
          if (texts[k]) own.push(kind === TEXT ? (from.objects![row] as string) : '');
          else numbers[at * width + column] = numberOf(from, row, kind);
        }
      }
      if (texts[k]) strings[k] = own;
      else column++;
    });
    if (Object.keys(strings).length > 0) batch.header = { rows, strings };
  }

  /** As the contract says; without one a column is of texts in a batch in which it has nothing else. */
  private isText({ pieces }: Flight, k: number): boolean {
    const dtype = this.dtypes.get(this.columns[k]);
    if (dtype !== undefined) return dtype === 'string';
    return pieces.every(({ batch: records, indexes, first, last }) => {
      const column = records.peek(indexes[0][k])!;
      for (let row = first; row < last; row++) if (column.kind(row) !== TEXT) return false;
      return true;
    });
  }

  private fillWindows(batch: WorkerBatch, flight: Flight, field: string): void {
    const { pieces, rows } = flight;
    const [{ batch: records, indexes, first }] = pieces;
    const width = this.columns.length;
    this.length ??= vectorOf(records.peek(indexes[0][0])!, first)?.length ?? width;
    const { length } = this;
    const steps = length / width;
    if (!Number.isInteger(steps))
      throw new Failure(
        'engine.model-input',
        `the vector ${field} has ${length} values, which is no number of rows of the ${width} columns`,
      );
    const numbers = batch.numbers(rows * length);
    let at = 0;
    for (const piece of pieces) {
      const column = piece.batch.peek(piece.indexes[0][0])!;
      for (let row = piece.first; row < piece.last; row++, at++) {
        const vector = vectorOf(column, row);
        if (vector?.length === length) numbers.set(vector, at * length);
        else {
          numbers.fill(0, at * length, (at + 1) * length);
          flight.failed[at] = 1;
          flight.reason = `the vector ${field} has ${vector?.length ?? 0} values, and those before it had ${length}`;
        }
      }
    }
    batch.header = { rows, steps };
  }

  take({ result }: WorkerBatch, flight: Flight): void {
    if (result.rows !== flight.rows)
      throw new Failure('engine.model-run', `the script gave ${result.rows} results for ${flight.rows} rows`);
    this.outputs.forEach(({ name, dtype }, k) => {
      const value = valuesOf(result, name);
      let at = 0;
      for (const { held, first, last } of flight.pieces) {
        const column = held.results[k];
        for (let row = first; row < last; row++, at++) {
          const one = value(at);
          if (one !== undefined && isOf(one, dtype)) put(column, row, one);
          else {
            flight.failed[at] = 1;
            flight.reason =
              one === undefined
                ? `the script gave no ${name} (none, NaN or an infinity)`
                : `the script gave a ${nameOf(one)} for ${name}, and its dtype is ${dtype}`;
          }
        }
      }
    });
  }
}

type Value = Exclude<FieldValue, null>;

/** How the value of a row is read, or undefined where it has none. */
function valuesOf(
  { fields, numbers, values }: WorkerResult,
  name: string,
): (row: number) => Value | undefined {
  const given = values[name];
  if (given !== undefined) return (row) => recordValue(given[row]);
  let total = 0;
  let offset = 0;
  let width = 0;
  for (const field of fields) {
    if (field.name === name) {
      offset = total;
      width = field.width;
    }
    total += field.width;
  }
  if (width === 0) return () => undefined;
  if (width === 1) return (row) => finite(numbers[row * total + offset]);
  return (row) => {
    const vector = numbers.slice(row * total + offset, row * total + offset + width);
    return vector.every(Number.isFinite) ? vector : undefined;
  };
}

function recordValue(value: unknown): Value | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return finite(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every(Number.isFinite) ? Float64Array.from(value as number[]) : undefined;
}

const finite = (value: number): number | undefined => (value - value === 0 ? value : undefined);

function put(column: Column, row: number, value: Value): void {
  if (typeof value === 'number' && column.kinds === null) column.values[row] = value;
  else column.put(row, value);
}

function isOf(value: Value, dtype: ContractDtype | undefined): boolean {
  if (dtype === undefined) return true;
  if (dtype === 'string') return typeof value === 'string';
  if (dtype === 'bool') return typeof value === 'boolean';
  return typeof value === 'number' || value instanceof Float64Array;
}

const nameOf = (value: Value): string =>
  typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'truth' : 'number';

const numberOf = (column: Column, row: number, kind: number): number => {
  if (kind === NUMBER) return column.values[row];
  return kind === BOOLEAN && column.objects![row] === true ? 1 : 0;
};

const vectorOf = (column: Column, row: number): Float64Array | undefined => {
  const value = column.get(row);
  return value instanceof Float64Array ? value : undefined;
};
