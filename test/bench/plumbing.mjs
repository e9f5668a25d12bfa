// What the way through five empty modules costs a batch, against five direct calls of functions that count.
import { Batch, Schema } from '@millrace/engine';
import { runInMemory } from './kit/memory-flow.mjs';
import { compared } from './kit/pairs.mjs';

const BATCHES = 400_000;
const MODULES = 5;

/** Calls back when the flow stands: making it is not the way through it. */
async function byEngine(ready) {
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
  await runInMemory({ modules, source, sink, more: [['map.nothing', nothing]], opened: ready });
  return seen;
}

/** The same counting, the same source that is asked a batch at a time, and calls that nothing lies between. */
async function byHand(ready) {
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
  ready();
  for (;;) {
    const taken = await read();
    if (taken === null) return seen;
    next(taken);
  }
}

async function cost(job) {
  let began;
  const seen = await job(() => (began = process.hrtime.bigint()));
  const spent = Number(process.hrtime.bigint() - began);
  if (seen !== BATCHES) throw new Error(`${seen} of ${BATCHES} batches came through`);
  return spent / BATCHES;
}

export async function run({ pairs }) {
  return [
    await compared(
      { name: 'plumbing', unit: 'ns/batch', goal: '<=2' },
      pairs,
      () => cost(byEngine),
      () => cost(byHand),
    ),
  ];
}
