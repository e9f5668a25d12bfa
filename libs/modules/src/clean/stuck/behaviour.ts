/** Behaviour of `clean.stuck`: how long a value has stayed where it is. */
import type { Create, ModuleContext } from '@millrace/engine';
import { beyond } from '../beyond.js';
import { Judged, type JudgedSettings, type Rule } from '../judged.js';

export interface StuckSettings extends JudgedSettings {
  action: 'drop' | 'null' | 'flag';
  forMs: number;
  epsilon: number;
}

/** Values that have not moved. Times in epoch milliseconds; NaN before the first value. */
interface Run {
  value: number;
  since: number;
  last: number;
}

class Stuck implements Rule<Run> {
  readonly reason = 'stuck';
  readonly flag = 'stuck';

  constructor(private readonly context: ModuleContext<StuckSettings>) {}

  make(): Run {
    return { value: NaN, since: NaN, last: NaN };
  }

  clear(run: Run): void {
    run.last = NaN;
  }

  judge(run: Run, value: number, t: number): boolean {
    const { epsilon, forMs } = this.context.settings;
    if (t < run.last) this.context.count('out-of-order');
    const goesOn = t >= run.last && !beyond(value, run.value, epsilon);
    run.last = t;
    if (goesOn) return t - run.since >= forMs;
    run.value = value;
    run.since = t;
    return false;
  }

  save(run: Run): Run {
    return { ...run };
  }

  load(run: Run): Run {
    return run;
  }
}

export const create: Create<StuckSettings> = (context) => new Judged(context, new Stuck(context));
