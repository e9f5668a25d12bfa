/** Behaviour of `feature.cusum`. */
import type { Create } from '@millrace/engine';
import { learn, LEARNING_SIZE, spread } from '../learning.js';
import { PerValue, type Rule } from '../per-value.js';

export interface CusumSettings {
  column: string;
  drift: number;
  threshold: number;
  units: 'value' | 'std';
  target?: number;
  std?: number;
  over: number;
  restart: boolean;
  keyBy?: string;
  maxKeys: number;
}

/** Places in the state; what is learnt stands behind them. */
const UP = 0;
const DOWN = 1;
const LEARNT = 2;

function cusum(settings: CusumSettings): Rule {
  const { column, drift, threshold, units, target, over, restart } = settings;
  const unit = units === 'value' ? 1 : settings.std;
  const learns = target === undefined || unit === undefined;
  return {
    column,
    fields: [`${column}_up`, `${column}_down`, `${column}_shift`],
    fresh: () => new Float64Array(LEARNT + LEARNING_SIZE),
    step(state, value, results) {
      results.fill(NaN);
      if (learns && state[LEARNT] < over) {
        learn(state, LEARNT, value);
        return;
      }
      const step = (value - (target ?? state[LEARNT + 1])) / (unit ?? spread(state, LEARNT, 0));
      if (step - step !== 0) return;
      const up = Math.max(0, state[UP] + step - drift);
      const down = Math.max(0, state[DOWN] - step - drift);
      const shift = Math.max(up, down) > threshold ? (up >= down ? 1 : -1) : 0;
      results[0] = up;
      results[1] = down;
      results[2] = shift;
      const again = restart && shift !== 0;
      state[UP] = again ? 0 : up;
      state[DOWN] = again ? 0 : down;
    },
    gap(state) {
      state[UP] = state[DOWN] = 0;
    },
  };
}

export const create: Create<CusumSettings> = (context) => new PerValue(context, cusum(context.settings));
