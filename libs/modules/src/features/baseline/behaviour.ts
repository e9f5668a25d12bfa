/** Behaviour of `feature.baseline`. */
import type { Create } from '@millrace/engine';
import { learn, LEARNING_SIZE, spread } from '../learning.js';
import { PerValue, type Rule } from '../per-value.js';
import { deviationName, type Deviation } from './kind.js';

export interface BaselineSettings {
  column: string;
  over?: number;
  skip: number;
  reference?: { mean: number; std?: number };
  out: Deviation[];
  ddof: number;
  keyBy?: string;
  maxKeys: number;
}

/** Places in the state; what is learnt stands behind them. */
const SKIPPED = 0;
const LEARNT = 1;

function baseline({ column, over = 0, skip, reference, out, ddof }: BaselineSettings): Rule {
  const write = (value: number, mean: number, std: number, results: Float64Array): void => {
    for (let j = 0; j < out.length; j++) {
      const off = value - mean;
      // A division by zero becomes a null.
      if (out[j] === 'diff') results[j] = off;
      else if (out[j] === 'percent') results[j] = (100 * off) / Math.abs(mean);
      else results[j] = off / std;
    }
  };
  return {
    column,
    fields: out.map((deviation) => deviationName(column, deviation)),
    fresh: () => new Float64Array(LEARNT + LEARNING_SIZE),
    step(state, value, results) {
      if (reference !== undefined) write(value, reference.mean, reference.std ?? NaN, results);
      else if (state[LEARNT] === over) write(value, state[LEARNT + 1], spread(state, LEARNT, ddof), results);
      else {
        if (state[SKIPPED] < skip) state[SKIPPED]++;
        else learn(state, LEARNT, value);
        results.fill(NaN);
      }
    },
    gap() {},
  };
}

export const create: Create<BaselineSettings> = (context) =>
  new PerValue(context, baseline(context.settings));
