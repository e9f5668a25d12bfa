/**
 * Behaviour of `feature.fft`: vectors are windows by themselves; numbers are gathered a key, and every `hop` rows
 * the last `size` of them are one.
 */
import {
  BAD,
  NULL,
  NUMBER,
  VECTOR,
  type Batch,
  type Behaviour,
  type Column,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { dropVectors } from '../../drop-vectors.js';
import { freshColumn } from '../../fresh-column.js';
import { Keyed } from '../../keyed.js';
import { Analysis, type AnalysisSettings } from './analysis.js';
import { fieldsOf } from './kind.js';

export interface FftSettings extends AnalysisSettings {
  column: string;
  hop?: number;
  keepWindow: boolean;
  keyBy?: string;
  maxKeys: number;
}

/** The last values of a key. Twice the window long, so that it is moved to the front once in so many rows. */
interface Gathered {
  values: Float64Array;
  end: number;
  /** Rows until the next window is due. */
  due: number;
}

interface SavedGathered {
  values: Float64Array;
  due: number;
}

class Fft implements Behaviour {
  private readonly gathered: Keyed<Gathered>;
  private readonly analysis: Analysis;
  private readonly fields: string[];
  private readonly hop: number;
  /** Where among the results the vector of bins stands; -1 when it is not asked for. */
  private readonly binsAt: number;
  private inputs: { column: number; fields: number[] }[] = [];

  constructor(private readonly context: ModuleContext<FftSettings>) {
    const { settings } = context;
    this.analysis = new Analysis(settings);
    this.fields = fieldsOf(settings.column, settings.out, settings.bands);
    this.binsAt = settings.out.includes('bins') ? this.fields.indexOf(`${settings.column}_bins`) : -1;
    this.hop = settings.hop ?? settings.size;
    this.gathered = new Keyed<Gathered>(context.settings, context, () => ({
      values: new Float64Array(2 * settings.size),
      end: 0,
      due: settings.size,
    }));
  }

  bind(inputs: readonly Input[]): void {
    this.gathered.bind(inputs);
    this.inputs = inputs.map(({ schema }) => ({
      column: schema.index(this.context.settings.column),
      fields: this.fields.map((name) => schema.index(name)),
    }));
  }

  process(batch: Batch, input: number): void {
    const { column: index, fields } = this.inputs[input];
    const column = batch.peek(index);
    const out = column === undefined ? [] : fields.map((field) => freshColumn(batch, field));
    this.gathered.begin(batch, input);
    let i = 0;
    for (const gap of batch.gaps ?? []) {
      if (column !== undefined) i = this.walk(column, out, i, gap.row);
      for (const gathered of this.gathered.touched(gap)) {
        gathered.end = 0;
        gathered.due = this.context.settings.size;
      }
    }
    if (column !== undefined) this.walk(column, out, i, batch.n);
    if (column !== undefined && column.objects !== null && !this.context.settings.keepWindow)
      dropVectors(batch, index);
    this.context.emit(batch);
  }

  /** Entries from `first` on whose rows lie before `end`; gives the entry after them. */
  private walk(column: Column, out: Column[], first: number, end: number): number {
    const { rows, values, kinds } = column;
    let i = first;
    for (; i < column.count && rows[i] < end; i++) {
      const kind = kinds === null ? NUMBER : kinds[i];
      if (kind === VECTOR) this.vector(column.objects![i] as Float64Array, out, rows[i]);
      else {
        if (kind !== NUMBER && kind !== NULL && kind !== BAD) this.context.count('text');
        const gathered = this.gathered.at(rows[i]);
        if (gathered !== undefined) this.number(gathered, kind === NUMBER ? values[i] : NaN, out, rows[i]);
      }
    }
    return i;
  }

  private vector(values: Float64Array, out: Column[], row: number): void {
    if (values.length === this.context.settings.size) this.write(values, 0, out, row);
    else {
      this.context.count('wrong-size');
      for (const column of out) column.push(row, null);
    }
  }

  private number(gathered: Gathered, value: number, out: Column[], row: number): void {
    const { size } = this.context.settings;
    const { values } = gathered;
    if (gathered.end === values.length) {
      values.copyWithin(0, values.length - size + 1);
      gathered.end = size - 1;
    }
    values[gathered.end++] = value;
    if (--gathered.due > 0) return;
    gathered.due = this.hop;
    this.write(values, gathered.end - size, out, row);
  }

  private write(values: Float64Array, start: number, out: Column[], row: number): void {
    const { analysis, binsAt } = this;
    const whole = analysis.of(values, start);
    if (!whole) this.context.count('incomplete');
    for (let j = 0; j < out.length; j++) {
      const result = analysis.results[j];
      if (j === binsAt && whole) out[j].push(row, analysis.bins.slice());
      else if (result - result === 0) out[j].pushNumber(row, result);
      else out[j].push(row, null);
    }
  }

  save(): State {
    const { size } = this.context.settings;
    return this.gathered.save(({ values, end, due }): SavedGathered => ({
      values: values.slice(Math.max(0, end - size), end),
      due,
    }));
  }

  load(state: State): void {
    this.gathered.load(state, (saved: SavedGathered): Gathered => {
      const values = new Float64Array(2 * this.context.settings.size);
      values.set(saved.values);
      return { values, end: saved.values.length, due: saved.due };
    });
  }
}

export const create: Create<FftSettings> = (context) => new Fft(context);
