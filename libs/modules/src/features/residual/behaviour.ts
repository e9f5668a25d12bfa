/** Behaviour of `feature.residual`: both sides of a record laid out as numbers, then one loop. No state. */
import {
  NUMBER,
  VECTOR,
  type Batch,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { freshColumn } from '../../fresh-column.js';
import type { NORMS } from './kind.js';

export interface ResidualSettings {
  inputs: string[];
  outputs: string[];
  norm: (typeof NORMS)[number];
  name: string;
}

/** The values of some fields of a row, one behind the other. */
class Side {
  values = new Float64Array(16);
  count = 0;
  /** Whether the row has any of the fields, and whether all their values are numbers. */
  present = false;
  complete = true;
  private indexes: number[][] = [];
  private readonly cursors: Cursor[];

  constructor(private readonly names: string[]) {
    this.cursors = names.map(() => new Cursor());
  }

  bind(inputs: readonly Input[]): void {
    this.indexes = inputs.map(({ schema }) => this.names.map((name) => schema.index(name)));
  }

  begin(batch: Batch, input: number): void {
    this.cursors.forEach((cursor, k) => cursor.open(batch.peek(this.indexes[input][k])));
  }

  read(row: number): void {
    this.count = 0;
    this.present = false;
    this.complete = true;
    for (const cursor of this.cursors) {
      const entry = cursor.at(row);
      if (entry < 0) {
        this.complete = false;
        continue;
      }
      this.present = true;
      const column = cursor.column!;
      const kind = column.kinds === null ? NUMBER : column.kinds[entry];
      if (kind === NUMBER) this.push(column.values[entry]);
      else if (kind === VECTOR) for (const value of column.objects![entry] as Float64Array) this.push(value);
      else this.complete = false;
    }
  }

  private push(value: number): void {
    if (value - value !== 0) this.complete = false;
    if (this.count === this.values.length) {
      const longer = new Float64Array(this.count * 2);
      longer.set(this.values);
      this.values = longer;
    }
    this.values[this.count++] = value;
  }
}

class Residual implements Behaviour {
  private readonly given: Side;
  private readonly made: Side;
  private results: number[] = [];

  constructor(private readonly context: ModuleContext<ResidualSettings>) {
    this.given = new Side(context.settings.inputs);
    this.made = new Side(context.settings.outputs);
  }

  bind(inputs: readonly Input[]): void {
    this.given.bind(inputs);
    this.made.bind(inputs);
    this.results = inputs.map(({ schema }) => schema.index(this.context.settings.name));
  }

  process(batch: Batch, input: number): void {
    const { given, made, context } = this;
    given.begin(batch, input);
    made.begin(batch, input);
    const out = freshColumn(batch, this.results[input]);
    for (let row = 0; row < batch.n; row++) {
      given.read(row);
      made.read(row);
      if (!given.present || !made.present) continue;
      if (given.complete && made.complete && given.count === made.count) {
        out.pushNumber(row, apart(given.values, made.values, given.count, context.settings.norm));
        continue;
      }
      context.count(given.complete && made.complete ? 'unequal' : 'incomplete');
      out.push(row, null);
    }
    context.emit(batch);
  }
}

function apart(a: Float64Array, b: Float64Array, n: number, norm: ResidualSettings['norm']): number {
  let sum = 0;
  let squares = 0;
  let most = 0;
  for (let i = 0; i < n; i++) {
    const d = Math.abs(a[i] - b[i]);
    sum += d;
    squares += d * d;
    if (d > most) most = d;
  }
  switch (norm) {
    case 'l1':
      return sum;
    case 'l2':
      return Math.sqrt(squares);
    case 'max':
      return most;
    case 'mae':
      return sum / n;
    case 'mse':
      return squares / n;
    case 'rmse':
      return Math.sqrt(squares / n);
  }
}

export const create: Create<ResidualSettings> = (context) => new Residual(context);
