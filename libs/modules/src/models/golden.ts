/**
 * The known answers of a model's contract, sent through its real runtime before it counts as ready.
 *
 * Guarantee: numbers are within the vector's tolerance and labels exact, or a Failure says which vector, what was wanted
 * and what came. A contract without vectors proves nothing and passes.
 */
import { Batch, RecordReader, Schema, type FieldValue, type PlainRecord } from '@millrace/engine';
import { Failure, type Contract, type GoldenVector } from '@millrace/schemas';
import { newHeld, type Held } from './held.js';
import type { Flight, Runtime } from './runtime.js';

/** Vectors at a time, where the model takes as many as it is given. */
const AT_A_TIME = 256;

export interface Proved<Slot> {
  name: string;
  contract: Contract;
  /** Names of fields by input of the model. */
  reads: readonly (readonly string[])[];
  /** Names of the outputs. */
  gives: readonly string[];
  /** The known value of an output; undefined where the vector has none. */
  wanted(vector: GoldenVector, output: number): unknown;
  runtime: Pick<Runtime<Slot>, 'rows' | 'fill' | 'run' | 'take' | 'release'>;
  borrow(): Slot;
}

export async function proveGolden<Slot>(proved: Proved<Slot>): Promise<void> {
  const { golden } = proved.contract;
  const most = proved.runtime.rows ?? AT_A_TIME;
  for (let from = 0; from < golden.length; from += most) {
    const vectors = golden.slice(from, from + most);
    const held = await answersTo(proved, vectors, from);
    vectors.forEach((vector, row) => compare(proved, vector, from + row, held, row));
  }
}

async function answersTo<Slot>(
  proved: Proved<Slot>,
  vectors: readonly GoldenVector[],
  from: number,
): Promise<Held> {
  const { reads, gives, runtime } = proved;
  const schema = new Schema();
  const batch = new Batch(schema, vectors.length);
  const reader = new RecordReader(schema);
  vectors.forEach((vector, i) => reader.append(batch, i, inputsOf(proved, vector, from + i)));
  const held = newHeld(batch, 0, gives.length);
  const indexes = reads.map((names) => names.map((name) => schema.index(name)));
  const flight: Flight = {
    pieces: [{ held, batch, indexes, first: 0, last: batch.n }],
    rows: runtime.rows ?? batch.n,
    failed: new Uint8Array(batch.n),
    reason: '',
  };
  const slot = proved.borrow();
  try {
    runtime.fill(slot, flight);
    await runtime.run(slot);
    runtime.take(slot, flight);
  } finally {
    runtime.release(slot);
  }
  const failed = flight.failed.indexOf(1);
  if (failed >= 0) throw mismatch(proved, from + failed, flight.reason);
  return held;
}

function inputsOf<Slot>({ name, reads }: Proved<Slot>, { input }: GoldenVector, at: number): PlainRecord {
  return Object.fromEntries(
    reads.flat().map((field) => {
      const value = fieldValue(input[field]);
      if (value !== undefined) return [field, value];
      throw new Failure(
        'engine.contract-mismatch',
        `Model ${name}: golden vector ${at + 1} of its contract has no usable ${field}, which the module gives it; ` +
          `it has ${Object.keys(input).join(', ')}.`,
      );
    }),
  );
}

/** As a record has it; a matrix is its rows, one behind the other. */
function fieldValue(value: unknown): PlainRecord[string] | undefined {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? (value.flat(Infinity) as number[]) : undefined;
}

function compare<Slot>(
  proved: Proved<Slot>,
  vector: GoldenVector,
  at: number,
  held: Held,
  row: number,
): void {
  let compared = 0;
  proved.gives.forEach((output, k) => {
    const wanted = proved.wanted(vector, k);
    if (wanted === undefined) return;
    compared++;
    const given = held.results[k].get(row);
    if (agree(given, wanted, vector.tolerance)) return;
    throw mismatch(
      proved,
      at,
      `${output} is ${shown(given)} on this machine, and its contract has ${shown(wanted)} ` +
        `with a tolerance of ${vector.tolerance}`,
    );
  });
  if (compared > 0) return;
  throw new Failure(
    'engine.contract-mismatch',
    `Model ${proved.name}: golden vector ${at + 1} of its contract has none of the outputs that the module takes ` +
      `(${proved.gives.join(', ')}); it has ${Object.keys(vector.output).join(', ')}.`,
  );
}

function agree(given: FieldValue, wanted: unknown, tolerance: number): boolean {
  if (typeof wanted === 'number') return typeof given === 'number' && Math.abs(given - wanted) <= tolerance;
  if (!Array.isArray(wanted)) return given === wanted;
  const all = wanted.flat(Infinity) as number[];
  if (typeof given === 'number') return all.length === 1 && agree(given, all[0], tolerance);
  return (
    given instanceof Float64Array &&
    given.length === all.length &&
    all.every((one, i) => Math.abs(given[i] - one) <= tolerance)
  );
}

const shown = (value: unknown): string =>
  JSON.stringify(value instanceof Float64Array ? [...value] : value).slice(0, 200);

const mismatch = <Slot>({ name }: Proved<Slot>, at: number, why: string): Failure =>
  new Failure('engine.golden-mismatch', `Model ${name}: golden vector ${at + 1}: ${why}.`);
