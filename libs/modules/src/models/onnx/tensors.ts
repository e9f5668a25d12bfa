/**
 * Between columns and tensors: fills the inputs of a model's batch from rows, and reads its outputs back.
 *
 * Rows that do not fit (a text for a number, a vector of the wrong length) are told and filled with 0, so that
 * the others of the batch are not lost. It runs nothing and keeps nothing.
 */
import { BOOLEAN, NUMBER, TEXT, type Column, type FieldValue } from '@millrace/engine';
import type { OnnxBatch, OnnxSession, OnnxTensor } from '@millrace/inference';
import { Failure, type ModelPort } from '@millrace/schemas';
import type { Piece } from '../runtime.js';

export interface InputSetting {
  tensor: string;
  columns?: string[];
  window?: string;
  shape?: number[];
}

export interface OutputSetting {
  tensor: string;
  index?: number;
  label?: string | number;
  as: string;
}

export interface FilledInput {
  name: string;
  dtype: ModelPort['dtype'];
  /** Elements a record. */
  width: number;
  /** Axes behind that of the records; null when the first window decides. */
  shape: number[] | null;
  /** Axes that the model declares, but for the first. */
  declared: (number | null)[] | null;
  fromWindow: boolean;
}

/** How many records the model takes at a time, when it insists on a number; else null. */
export function fixedRows(session: OnnxSession): number | null {
  for (const { dims } of session.inputs) if (typeof dims?.[0] === 'number') return dims[0];
  return null;
}

export function planInputs(session: OnnxSession, settings: readonly InputSetting[]): FilledInput[] {
  return settings.map(({ tensor, columns, shape }) => {
    const port = session.inputs.find(({ name }) => name === tensor)!;
    const declared = port.dims?.slice(1).map((dim) => (typeof dim === 'number' ? dim : null)) ?? null;
    const fromWindow = columns === undefined;
    const width = columns?.length ?? (shape === undefined ? known(declared) : product(shape));
    const filled = width === null ? null : (shape ?? fit(declared, width));
    if (width !== null && filled === null)
      throw new Failure(
        'engine.model-input',
        `Model ${session.name}: its input "${tensor}" wants ${(declared ?? []).map((d) => d ?? '?').join(' x ')} values a ` +
          `record, and ${width} are given. Change the columns that feed it, or set shape.`,
      );
    return { name: tensor, dtype: port.dtype, width: width ?? 0, shape: filled, declared, fromWindow };
  });
}

/** Axes of `width` elements, as declared; null when they do not fit. One open axis takes what is left. */
function fit(declared: (number | null)[] | null, width: number): number[] | null {
  if (declared === null) return [width];
  const open = declared.filter((dim) => dim === null).length;
  const rest = product(declared.map((dim) => dim ?? 1));
  if (open === 0) return rest === width ? (declared as number[]) : null;
  if (width % rest !== 0) return null;
  // Several open axes: the last takes all, the others are 1.
  let left = open;
  return declared.map((dim) => dim ?? (--left === 0 ? width / rest : 1));
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const known = (declared: (number | null)[] | null): number | null =>
  declared === null || declared.includes(null) ? null : product(declared as number[]);

/** Fills one input from the pieces, in order. `unfit(row)` counts from the first row of the first piece. */
export function fillInput(
  into: OnnxBatch,
  plan: FilledInput,
  position: number,
  pieces: readonly Piece[],
  rows: number,
  unfit: (row: number, why: string) => void,
): void {
  if (plan.shape === null) sizeByWindow(plan, pieces[0], position);
  const { width } = plan;
  const dims = [rows, ...plan.shape!];
  const texts = plan.dtype === 'string' ? Array.from<string>({ length: rows * width }).fill('') : null;
  const room = texts === null ? into.input(plan.name, dims) : null;
  // 64-bit tensors take BigInts; all else takes numbers.
  const big = room instanceof BigInt64Array || room instanceof BigUint64Array;
  const numbers = room as Float32Array | null;
  let at = 0;
  for (const { batch, indexes, first, last } of pieces) {
    const columns = indexes[position].map((index) => batch.peek(index)!);
    if (numbers !== null && !big && !plan.fromWindow && columns.every(({ kinds }) => kinds === null)) {
      // What nearly all batches are: numbers and nothing else, a column at a time.
      for (let k = 0; k < width; k++) {
        const { values } = columns[k];
        for (let row = first, to = at * width + k; row < last; row++, to += width) numbers[to] = values[row];
      }
      at += last - first;
      continue;
    }
    for (let row = first; row < last; row++, at++) {
      if (plan.fromWindow) {
        const vector = columns[0].objects?.[row] as Float64Array | undefined;
        if (vector?.length !== width) {
          unfit(
            at,
            `the vector for ${plan.name} has ${vector?.length ?? 0} values, and the model wants ${width}`,
          );
          numbers?.fill((big ? 0n : 0) as never, at * width, (at + 1) * width);
        } else if (big)
          for (let k = 0; k < width; k++) (room as BigInt64Array)[at * width + k] = whole(vector[k]);
        else numbers?.set(vector, at * width);
        continue;
      }
      for (let k = 0; k < width; k++) {
        const column = columns[k];
        const kind = column.kinds === null ? NUMBER : column.kinds[row];
        if (texts !== null) {
          if (kind === TEXT) texts[at * width + k] = column.objects![row] as string;
          else unfit(at, `${plan.name} wants texts, and column ${k} is none`);
          continue;
        }
        let value = column.values[row];
        if (kind === BOOLEAN) value = column.objects![row] === true ? 1 : 0;
        else if (kind !== NUMBER) {
          unfit(at, `${plan.name} wants numbers, and column ${k} is a text`);
          value = 0;
        }
        if (big) (room as BigInt64Array)[at * width + k] = whole(value);
        else numbers![at * width + k] = value;
      }
    }
  }
  // A model of a fixed number of records: what is left over gets the first record again.
  for (; at < rows; at++) {
    if (texts !== null) for (let k = 0; k < width; k++) texts[at * width + k] = texts[k];
    else numbers!.copyWithin(at * width, 0, width);
  }
  if (texts !== null) into.strings(plan.name, dims, texts);
}

const whole = (value: number): bigint => BigInt(Math.trunc(value));

function sizeByWindow(plan: FilledInput, { batch, indexes, first }: Piece, position: number): void {
  const vector = batch.peek(indexes[position][0])!.objects![first] as Float64Array;
  plan.width = vector.length;
  plan.shape = fit(plan.declared, vector.length) ?? [vector.length];
}

/** Which element of a record an output takes; -1 for all of them. */
export function elementOf(session: OnnxSession, { tensor, index, label, as }: OutputSetting): number {
  if (label === undefined) return index ?? -1;
  const labels = session.outputs.find(({ name }) => name === tensor)?.labels;
  const at = labels?.findIndex((one) => String(one) === String(label)) ?? -1;
  if (at >= 0) return at;
  throw new Failure(
    'engine.model-input',
    `Model ${session.name}: output ${as} asks ${tensor} for the class ${label}, and ` +
      (labels === undefined ? 'the model names no classes: set index.' : `it has ${labels.join(', ')}.`),
  );
}

/** Whether an output is true or false, and so its field. */
export const isTruth = (session: OnnxSession, { tensor }: OutputSetting): boolean =>
  session.outputs.find(({ name }) => name === tensor)?.dtype === 'bool';

/** What came as 0 and 1 becomes false and true; vectors stay numbers, as every vector is. */
export function asTruths(column: Column, first: number, count: number): void {
  for (let i = first; i < first + count; i++)
    if (column.kind(i) === NUMBER) column.put(i, column.values[i] !== 0);
}

/**
 * Copies the results of `count` records from the tensor's record `at` into entries [first, ...) of a column.
 * Records without one are marked in `failed`, at `at` and on; gives whether all have one.
 */
export function readRows(
  tensor: OnnxTensor,
  at: number,
  rows: number,
  element: number,
  into: Column,
  first: number,
  count: number,
  failed: Uint8Array,
): boolean {
  if (copyNumbers(tensor, at, rows, element, into, first, count)) return true;
  let all = true;
  for (let i = 0; i < count; i++) {
    const value = readOutput(tensor, at + i, rows, element);
    if (value !== undefined) into.put(first + i, value);
    else {
      failed[at + i] = 1;
      all = false;
    }
  }
  return all;
}

/**
 * Copies the numbers of `count` records from the tensor's record `at` into entries [first, ...) of a column
 * of plain numbers; false, and nothing done that counts, when they are no such thing.
 */
function copyNumbers(
  { data }: OnnxTensor,
  at: number,
  rows: number,
  element: number,
  into: Column,
  first: number,
  count: number,
): boolean {
  const width = data.length / rows;
  if (!(data instanceof Float32Array || data instanceof Float64Array) || into.kinds !== null) return false;
  if (!Number.isInteger(width) || element >= width || (element < 0 && width !== 1)) return false;
  let bad = 0;
  for (let i = 0, from = at * width + Math.max(0, element); i < count; i++, from += width) {
    const value = data[from];
    into.values[first + i] = value;
    // NaN and the infinities make this NaN, and it stays so.
    bad += value - value;
  }
  return bad === 0;
}

/** The value of a record; undefined when the model gave none, or one that is no number. */
function readOutput(tensor: OnnxTensor, row: number, rows: number, element: number): FieldValue | undefined {
  const { data } = tensor;
  const width = data.length / rows;
  if (!Number.isInteger(width)) return undefined;
  if (element < 0 && width !== 1) {
    const vector = new Float64Array(width);
    for (let k = 0; k < width; k++) vector[k] = Number(data[row * width + k]);
    return vector.every(Number.isFinite) ? vector : undefined;
  }
  if (element >= width) return undefined;
  const value = data[row * width + Math.max(0, element)];
  if (typeof value === 'string') return value;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
