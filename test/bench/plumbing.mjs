// What the way through five empty modules costs a batch, against five direct calls of functions that count.
import { Batch, Schema } from '@millrace/engine';
import { runInMemory } from './kit/memory-flow.mjs';
import { paired, rounded } from './kit/pairs.mjs';

const BATCHES = 400_000;
const MODULES = 5;

async function byEngine() {
  let seen = 0;
  const source = () => {
    const schema = new Schema(['value']);
    const batch = new Batch(schema, 1);
    batch.column(0).pushNumber(batch.row(1), 1);
    let left = BATCHES;
    return {
      bind: () => [[schema]],
      replay: {
        speed: Infinity,
        live: false,
        delivered: () => {},
        read: async () => (left-- > 0 ? batch : null),
      },
    };
  };
  const nothing = (context) => ({ process: (batch) => context.emit(batch) });
  const sink = () => ({ process: (batch) => void (seen += batch.n) });
  const modules = { m0: { type: 'source.memory' } };
  for (let i = 1; i <= MODULES; i++) modules[`m${i}`] = { type: 'map.nothing', from: [`m${i - 1}`] };
  modules.out = { type: 'sink.memory', from: [`m${MODULES}`] };
  await runInMemory({ modules, source, sink, more: [['map.nothing', nothing]] });
  return seen;
}

/** The same counting, the same source that is asked a batch at a time, and calls that nothing lies between. */
async function byHand() {
  let seen = 0;
  const counts = Array.from({ length: MODULES + 2 }, () => ({ in: 0, out: 0 }));
  const last = (batch) => {
    counts[MODULES + 1].in += batch.n;
    seen += batch.n;
  };
  let next = last;
  for (let i = MODULES; i >= 1; i--) {
    const then = next;
    next = (batch) => {
      counts[i].in += batch.n;
      counts[i].out += batch.n;
      then(batch);
    };
  }
  const batch = { n: 1 };
  let left = BATCHES;
  const read = async () => (left-- > 0 ? batch : null);
  for (;;) {
    const taken = await read();
    if (taken === null) return seen;
    next(taken);
  }
}

async function nanoseconds(job) {
  const began = process.hrtime.bigint();
  const seen = await job();
  if (seen !== BATCHES) throw new Error(`${seen} of ${BATCHES} batches came through`);
  return Number(process.hrtime.bigint() - began) / BATCHES;
}

export async function run({ pairs }) {
  const { value, limit, ratio } = await paired(
    pairs,
    () => nanoseconds(byEngine),
    () => nanoseconds(byHand),
  );
  const figures = { value: rounded(value), unit: 'ns/batch', limit: rounded(limit), ratio: rounded(ratio) };
  return [{ name: 'plumbing', ...figures, goal: '<=2', pairs }];
}
