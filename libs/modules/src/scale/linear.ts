/**
 * Every scaler is a straight line a column, then perhaps a limit: `(x - shift) * factor + offset`, or with a
 * division where the reference divides, so that the last bit agrees. Numbers and vectors are scaled, all else
 * passes. No state.
 */
import { NUMBER, VECTOR, type Batch, type Behaviour, type Input, type ModuleContext } from '@millrace/engine';

export interface Line {
  shift: number;
  divisor: number;
  factor: number;
  offset: number;
  low: number;
  high: number;
}

export class Lines implements Behaviour {
  private indexes: number[][] = [];
  private lines: Line[] = [];

  constructor(
    private readonly context: Pick<ModuleContext, 'count' | 'emit'>,
    private readonly columns: readonly string[],
    /** A line a column; throws a Failure when one is not known. */
    private readonly find: () => Line[],
  ) {}

  bind(inputs: readonly Input[]): void {
    this.lines = this.find();
    this.indexes = inputs.map(({ schema }) => this.columns.map((name) => schema.index(name)));
  }

  process(batch: Batch, input: number): void {
    const indexes = this.indexes[input];
    for (let k = 0; k < indexes.length; k++) {
      const column = batch.own(indexes[k]);
      if (column === undefined) continue;
      const line = this.lines[k];
      const { values, kinds, count } = column;
      if (kinds === null) {
        scale(values, values, count, line);
        continue;
      }
      let texts = 0;
      for (let i = 0; i < count; i++) {
        if (kinds[i] === NUMBER) scale(values.subarray(i, i + 1), values.subarray(i, i + 1), 1, line);
        else if (kinds[i] === VECTOR) {
          const from = column.objects![i] as Float64Array;
          const to = new Float64Array(from.length);
          scale(from, to, from.length, line);
          column.objects![i] = to;
        } else if (column.objects?.[i] !== undefined) texts++;
      }
      if (texts > 0) this.context.count('text', texts);
    }
    this.context.emit(batch);
  }
}

function scale(from: Float64Array, to: Float64Array, count: number, line: Line): void {
  const { shift, divisor, factor, offset, low, high } = line;
  const limited = low !== -Infinity || high !== Infinity;
  for (let i = 0; i < count; i++) {
    const value = ((from[i] - shift) / divisor) * factor + offset;
    to[i] = !limited || value !== value ? value : value < low ? low : value > high ? high : value;
  }
}
