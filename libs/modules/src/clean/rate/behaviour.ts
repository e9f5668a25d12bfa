/** Behaviour of `clean.rate`: each value against the last one that was not too fast. */
import type { Create, ModuleContext } from '@millrace/engine';
import { beyond } from '../beyond.js';
import { Judged, type JudgedSettings, type Rule } from '../judged.js';

export interface RateSettings extends JudgedSettings {
  maxPerSecond: number;
}

interface Last {
  /** Epoch milliseconds; NaN before the first value. */
  t: number;
  value: number;
}

class Rate implements Rule<Last> {
  readonly reason = 'rate';
  readonly flag = 'jump';
  nearest = NaN;

  constructor(private readonly context: ModuleContext<RateSettings>) {}

  make(): Last {
    return { t: NaN, value: NaN };
  }

  clear(last: Last): void {
    last.t = NaN;
  }

  judge(last: Last, value: number, t: number): boolean {
    if (t >= last.t) {
      const allowed = (this.context.settings.maxPerSecond * (t - last.t)) / 1000;
      if (beyond(value, last.value, allowed)) {
        this.nearest = value < last.value ? last.value - allowed : last.value + allowed;
        return true;
      }
    } else if (t < last.t) this.context.count('out-of-order');
    last.t = t;
    last.value = value;
    return false;
  }

  save(last: Last): Last {
    return { ...last };
  }

  load(last: Last): Last {
    return last;
  }
}

export const create: Create<RateSettings> = (context) => new Judged(context, new Rate(context));
