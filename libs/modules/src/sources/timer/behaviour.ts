/** source.timer: a record a beat. */
import { Batch, Schema, type Create, type Source } from '@millrace/engine';
import { startBeat } from '../beat.js';
import type { TimerSettings } from './kind.js';

export const create: Create<TimerSettings> = (context): Source => {
  const schema = new Schema(['tick']);
  const batch = new Batch(schema, 1);
  let ticks = 0;
  let stop: (() => void) | undefined;
  return {
    bind: () => [[schema]],
    async start() {
      stop = startBeat(context.settings, context.clock, (t, missed) => {
        if (missed > 0) context.count('missed', missed);
        if (!context.gate.open) {
          context.count('missed');
          return;
        }
        batch.reset();
        batch.column(0).pushNumber(batch.row(t), ticks++);
        batch.arrival = context.clock.wall();
        context.emit(batch);
      });
    },
    async stop() {
      stop?.();
    },
    save: () => ({ ticks }),
    load: (state) => void ({ ticks } = state as { ticks: number }),
  };
};
