/** debug.tap: a look at what passes, bounded in rate and in number. */
import {
  toRecord,
  type Batch,
  type Behaviour,
  type Create,
  type ModuleContext,
  type PlainRecord,
} from '@millrace/engine';
import type { TapSettings } from './kind.js';

/** What a behaviour offers that the live view can read. */
export interface Recent {
  /** The last records, oldest first. */
  recent(): PlainRecord[];
}

export function hasRecent(behaviour: Behaviour): behaviour is Behaviour & Recent {
  return 'recent' in behaviour && typeof behaviour.recent === 'function';
}

class Tap implements Behaviour, Recent {
  private readonly kept: PlainRecord[] = [];
  /** Records that may still be looked at; grows with time, up to one second's worth. */
  private allowance: number;
  private filled: number;

  constructor(private readonly context: ModuleContext<TapSettings>) {
    this.allowance = context.settings.perSecond;
    this.filled = context.clock.monotonic();
  }

  process(batch: Batch): void {
    const { perSecond, keep } = this.context.settings;
    const now = this.context.clock.monotonic();
    this.allowance = Math.min(
      Math.max(1, perSecond),
      this.allowance + ((now - this.filled) / 1000) * perSecond,
    );
    this.filled = now;
    const looks = Math.min(Math.floor(this.allowance), batch.n, keep);
    if (looks > 0) {
      this.allowance -= looks;
      for (let row = batch.n - looks; row < batch.n; row++) this.kept.push(toRecord(batch, row));
      if (this.kept.length > keep) this.kept.splice(0, this.kept.length - keep);
      this.context.count('seen', looks);
    }
    this.context.emit(batch);
  }

  recent(): PlainRecord[] {
    return [...this.kept];
  }
}

export const create: Create<TapSettings> = (context) => new Tap(context);
