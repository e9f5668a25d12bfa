/** Behaviour of `clean.zscore`: mean and spread of the values before, from the rolling window of `feature.stats`. */
import type { Create, ModuleContext } from '@millrace/engine';
import { Rolling, type SavedRolling } from '../../features/stats/rolling.js';
import { M2, MEAN } from '../../features/stats/sliding.js';
import { Judged, type JudgedSettings, type Rule } from '../judged.js';

export interface ZscoreSettings extends JudgedSettings {
  window: number;
  threshold: number;
  ddof: number;
  minSamples: number;
  relearnAfter?: number;
  score?: string;
}

interface Past {
  window: Rolling;
  /** Outliers one after the other, up to now. */
  outliers: number;
}

class Zscore implements Rule<Past> {
  readonly reason = 'outlier';
  readonly flag = 'outlier';
  readonly scoreField;
  score = NaN;
  nearest = NaN;
  private readonly needed: number;
  private mean = NaN;
  private squares = NaN;

  constructor(private readonly context: ModuleContext<ZscoreSettings>) {
    const { score, minSamples, window, ddof } = context.settings;
    this.scoreField = score;
    this.needed = Math.max(Math.min(minSamples, window), ddof + 1);
  }

  make(): Past {
    return { window: new Rolling({ rows: this.context.settings.window }, false, false), outliers: 0 };
  }

  clear(past: Past): void {
    past.window.clear();
    past.outliers = 0;
  }

  judge(past: Past, value: number): boolean {
    const { threshold, ddof, relearnAfter } = this.context.settings;
    const { window } = past;
    const count = window.count;
    this.score = NaN;
    if (count >= this.needed) {
      this.measure(window);
      const deviation = Math.sqrt(this.squares / (count - ddof));
      if (deviation > 0) {
        this.score = (value - this.mean) / deviation;
        if (Math.abs(this.score) > threshold) {
          this.nearest = this.mean + Math.sign(this.score) * threshold * deviation;
          if (++past.outliers === relearnAfter) {
            this.context.count('relearned');
            this.clear(past);
            window.push(0, value);
          }
          return true;
        }
      }
    }
    past.outliers = 0;
    window.push(0, value);
    return false;
  }

  /** Mean, and sum of squared distances from it. Equal values give exactly 0. */
  private measure({ sliding, values, start, end }: Rolling): void {
    if (sliding !== null) {
      const all = sliding.all();
      this.mean = all[MEAN];
      this.squares = all[M2];
      return;
    }
    // Distances from one of the values: a level far above the spread then costs no digits.
    const origin = values[start];
    let sum = 0;
    for (let i = start; i < end; i++) sum += values[i] - origin;
    const mean = sum / (end - start);
    let squares = 0;
    for (let i = start; i < end; i++) {
      const distance = values[i] - origin - mean;
      squares += distance * distance;
    }
    this.mean = origin + mean;
    this.squares = squares;
  }

  save({ window, outliers }: Past): { saved: SavedRolling; outliers: number } {
    return { saved: window.save(), outliers };
  }

  load({ saved, outliers }: { saved: SavedRolling; outliers: number }): Past {
    const past = this.make();
    past.window.load(saved);
    past.outliers = outliers;
    return past;
  }
}

export const create: Create<ZscoreSettings> = (context) => new Judged(context, new Zscore(context));
