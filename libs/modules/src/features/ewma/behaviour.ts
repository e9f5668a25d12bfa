/** Behaviour of `feature.ewma`. */
import type { Create } from '@millrace/engine';
import { PerValue, type Rule } from '../per-value.js';

export interface EwmaSettings {
  column: string;
  alpha: number;
  adjust: boolean;
  minRows: number;
  keyBy?: string;
  maxKeys: number;
}

/** Places in the state. */
const MEAN = 0;
/** The old mean's weight, where a new value's is 1 (adjusted) or alpha (not). */
const WEIGHT = 1;
const COUNT = 2;

function ewma({ column, alpha, adjust, minRows }: EwmaSettings): Rule {
  const newest = adjust ? 1 : alpha;
  return {
    column,
    fields: [`${column}_ewma`],
    fresh: () => new Float64Array(3),
    step(state, value, results) {
      if (state[COUNT]++ === 0) {
        state[MEAN] = value;
        state[WEIGHT] = 1;
      } else {
        const weight = state[WEIGHT] * (1 - alpha);
        // Equal values give that value and not its neighbour (pandas does the same).
        if (value !== state[MEAN]) state[MEAN] = (weight * state[MEAN] + newest * value) / (weight + newest);
        state[WEIGHT] = adjust ? weight + newest : 1;
      }
      results[0] = state[COUNT] < minRows ? NaN : state[MEAN];
    },
    gap: (state) => void state.fill(0),
  };
}

export const create: Create<EwmaSettings> = (context) => new PerValue(context, ewma(context.settings));
