/** Behaviour of `clean.iqr`: a sorted window a key, and two quantiles of it a value. */
import type { Create, ModuleContext } from '@millrace/engine';
import { SortedWindow } from '../../sorted-window.js';
import { Judged, type JudgedSettings, type Rule } from '../judged.js';

export interface IqrSettings extends JudgedSettings {
  window: number;
  k: number;
  minSamples: number;
}

class Iqr implements Rule<SortedWindow> {
  readonly reason = 'outlier';
  readonly flag = 'outlier';
  nearest = NaN;
  private readonly needed: number;

  constructor(private readonly context: ModuleContext<IqrSettings>) {
    this.needed = Math.min(context.settings.minSamples, context.settings.window);
  }

  make(): SortedWindow {
    return new SortedWindow(this.context.settings.window);
  }

  clear(window: SortedWindow): void {
    window.clear();
  }

  judge(window: SortedWindow, value: number): boolean {
    window.push(value);
    if (window.count < this.needed) return false;
    const lower = window.quantile(0.25);
    const upper = window.quantile(0.75);
    const reach = this.context.settings.k * (upper - lower);
    if (upper === lower || (value >= lower - reach && value <= upper + reach)) return false;
    this.nearest = value < lower ? lower - reach : upper + reach;
    return true;
  }

  save(window: SortedWindow): Float64Array {
    return window.values();
  }

  load(values: Float64Array): SortedWindow {
    const window = this.make();
    window.load(values);
    return window;
  }
}

export const create: Create<IqrSettings> = (context) => new Judged(context, new Iqr(context));
