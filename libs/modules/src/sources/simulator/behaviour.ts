/** source.simulator: samples by the clock, or as a replay. */
import { Batch, BATCH_ROWS, Schema, type Create, type ModuleContext, type Source } from '@millrace/engine';
import { speedOf } from '../csv/kind.js';
import type { SimulatorSettings } from './kind.js';
import { Signals } from './signals.js';

/** Live samples leave in groups this often: far below what a person or an alignment period notices. */
const GROUP_MS = 10;

export const create: Create<SimulatorSettings> = (context) => {
  const { settings } = context;
  const signals = new Signals(settings);
  const schema = new Schema(settings.signals.map(({ name }) => name));
  return settings.speed === 1 ? live(context, signals, schema) : replayed(context, signals, schema);
};

function replayed(context: ModuleContext<SimulatorSettings>, signals: Signals, schema: Schema): Source {
  const { startMs, speed } = context.settings;
  const batch = new Batch(schema);
  const width = signals.next.length;
  /** The position behind each row of the batch, and behind the last row that was delivered. */
  const positions = new Float64Array(BATCH_ROWS * width);
  const position = new Float64Array(width);
  let at = 0;
  return {
    bind: () => [[schema]],
    save: () => position.slice(),
    load(state) {
      position.set(state as Float64Array);
      signals.seek(position);
    },
    replay: {
      speed: speedOf(speed),
      live: false,
      async read() {
        batch.reset();
        at = 0;
        while (batch.n < BATCH_ROWS && signals.time < Infinity) {
          const before = batch.n;
          signals.step(startMs, batch);
          if (batch.n > before) positions.set(signals.next, before * width);
        }
        count(context, signals);
        return batch.n > 0 ? batch : null;
      },
      delivered(rows) {
        at += rows;
        if (rows > 0) position.set(positions.subarray((at - 1) * width, at * width));
      },
    },
  };
}

function live(context: ModuleContext<SimulatorSettings>, signals: Signals, schema: Schema): Source {
  const batch = new Batch(schema);
  let timer: NodeJS.Timeout | undefined;
  let began = 0;
  let start = 0;
  const group = (): void => {
    const due = context.clock.monotonic() - began;
    while (signals.time <= due) {
      batch.reset();
      while (batch.n < BATCH_ROWS && signals.time <= due) signals.step(start, batch);
      if (batch.n === 0) continue;
      batch.arrival = context.clock.wall();
      if (context.gate.open) context.emit(batch);
      else context.drop('held-back', batch.n);
    }
    count(context, signals);
    if (signals.time === Infinity) {
      clearInterval(timer);
      context.finished();
    }
  };
  return {
    bind: () => [[schema]],
    async start() {
      began = context.clock.monotonic();
      start = context.clock.wall();
      timer = setInterval(group, GROUP_MS);
    },
    async stop() {
      clearInterval(timer);
    },
  };
}

function count(context: ModuleContext<SimulatorSettings>, signals: Signals): void {
  if (signals.leftOut > 0) context.count('left-out', signals.leftOut);
  signals.leftOut = 0;
}
