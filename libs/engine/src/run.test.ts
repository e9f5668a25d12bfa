import { catalogueOf, defineKind, type ModuleCategory, type ModuleKind } from '@millrace/flow';
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import { z } from 'zod';
import { Batch } from './batch.js';
import type { Behaviour, Create, Host, ModuleContext, Source } from './module.js';
import { RecordReader, toRecord, type PlainRecord } from './record.js';
import { VirtualClock } from './clock.js';
import { FlowRun, type FlowOptions, type Snapshot } from './run.js';
import { Schema } from './schema.js';

const host: Host = {
  path: (file) => file,
  resource() {
    throw new Error('there are no resources here');
  },
  workFolder: '/nonexistent',
  flow: { name: 'test', version: null },
};

/** A flow whose modules are made here: `makes` gives a behaviour by type, `modules` the wiring. */
function flow(
  modules: Record<string, FlowModule>,
  makes: Record<string, (context: ModuleContext) => Behaviour | Source>,
  options: Partial<FlowOptions> = {},
) {
  const kinds = Object.keys(makes).map((type): ModuleKind => {
    const category = type.split('.')[0] as ModuleCategory;
    return defineKind({
      type,
      category,
      title: type,
      summary: type,
      docs: type,
      settings: z.object({ n: z.number().optional() }),
      inputs: category === 'source' ? 'none' : 'many',
      outputs: category === 'sink' ? [] : ['out'],
      example: { settings: {} },
      ...(category === 'source' ? { sharing: 'shared' as const } : {}),
    });
  });
  const document: FlowDocument = {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'test' },
    modules,
  };
  return new FlowRun({
    document,
    kinds: catalogueOf(kinds),
    behaviours: new Map(Object.entries(makes) as [string, Create][]),
    host,
    ...options,
  });
}

/** A file in memory: records in their own order, `rows` a read. */
const file =
  (records: PlainRecord[], rows = 3) =>
  (): Source => {
    const schema = new Schema();
    const reader = new RecordReader(schema);
    const batch = new Batch(schema);
    let read = 0;
    let position = 0;
    return {
      bind: () => [[schema]],
      save: () => position,
      load: (state) => (read = position = state as number),
      replay: {
        speed: Infinity,
        live: false,
        async read() {
          batch.reset();
          for (const { t, ...fields } of records.slice(read, read + rows))
            reader.append(batch, t as number, fields);
          read += batch.n;
          return batch.n > 0 ? batch : null;
        },
        delivered: (n) => (position += n),
      },
    };
  };

const sink = (into: PlainRecord[]) => (): Behaviour => ({
  process(batch) {
    for (let row = 0; row < batch.n; row++) into.push(toRecord(batch, row));
  },
});

async function toTheEnd(run: FlowRun, snapshot?: Snapshot) {
  await run.start(snapshot);
  await run.finished;
}

test('files are merged by time, each in its own order, equal times by the order of ids', async () => {
  const seen: PlainRecord[] = [];
  const run = flow(
    { b: { type: 'source.b' }, a: { type: 'source.a' }, out: { type: 'sink.out', from: ['b', 'a'] } },
    {
      'source.a': file([
        { t: 1, a: 1 },
        { t: 5, a: 2 },
        { t: 3, a: 3 },
        { t: 8, a: 4 },
        { t: 8, a: 5 },
      ]),
      'source.b': file(
        [
          { t: 1, b: 1 },
          { t: 4, b: 2 },
          { t: 9, b: 3 },
        ],
        1,
      ),
      'sink.out': sink(seen),
    },
  );
  await toTheEnd(run);
  expect(seen).toEqual([
    { t: 1, a: 1 },
    { t: 1, b: 1 },
    { t: 4, b: 2 },
    { t: 5, a: 2 },
    { t: 3, a: 3 },
    { t: 8, a: 4 },
    { t: 8, a: 5 },
    { t: 9, b: 3 },
  ]);
});

test('what one branch writes, the other does not see', async () => {
  const [one, two]: PlainRecord[][] = [[], []];
  const doubles = (context: ModuleContext): Behaviour => ({
    process(batch) {
      const column = batch.own(batch.schema.find('a'))!;
      for (let i = 0; i < column.count; i++) column.values[i] *= 2;
      context.emit(batch);
    },
  });
  const run = flow(
    {
      in: { type: 'source.in' },
      twice: { type: 'map.twice', from: ['in'] },
      one: { type: 'sink.one', from: ['twice'] },
      two: { type: 'sink.two', from: ['in'] },
    },
    {
      'source.in': file([
        { t: 1, a: 1 },
        { t: 2, a: 2 },
      ]),
      'map.twice': doubles,
      'sink.one': sink(one),
      'sink.two': sink(two),
    },
  );
  await toTheEnd(run);
  expect(one.map(({ a }) => a)).toEqual([2, 4]);
  expect(two.map(({ a }) => a)).toEqual([1, 2]);
  expect(run.counters().in.out).toBe(2);
  expect(run.counters().twice).toMatchObject({ in: 2, out: 2, errors: 0 });
});

const faulty = (context: ModuleContext): Behaviour => ({
  process(batch) {
    context.fault('the value is negative', 1, batch);
  },
});

test.each(['skip', 'port', 'stop'] as const)('onError: %s', async (onError) => {
  const [good, bad]: PlainRecord[][] = [[], []];
  const run = flow(
    {
      in: { type: 'source.in' },
      check: { type: 'map.check', from: ['in'], onError },
      good: { type: 'sink.good', from: ['check'] },
      ...(onError === 'port' ? { bad: { type: 'sink.bad', from: ['check.error'] } } : {}),
    },
    {
      'source.in': file([{ t: 1, a: -1 }]),
      'map.check': faulty,
      'sink.good': sink(good),
      'sink.bad': sink(bad),
    },
  );
  await run.start();
  if (onError === 'stop') {
    await expect(run.finished).rejects.toMatchObject({
      code: 'engine.module-failed',
      message: /check.*negative/,
    });
  } else await run.finished;
  expect(run.counters().check).toMatchObject({ errors: 1, lastError: 'the value is negative' });
  expect(good).toEqual([]);
  expect(bad).toEqual(onError === 'port' ? [{ t: 1, a: -1 }] : []);
});

test('a module that throws stops the flow, and is named', async () => {
  const run = flow(
    {
      in: { type: 'source.in' },
      oops: { type: 'map.oops', from: ['in'] },
      out: { type: 'sink.out', from: ['oops'] },
    },
    {
      'source.in': file([{ t: 1, a: 1 }]),
      'map.oops': () => ({
        process() {
          throw new Error('it broke');
        },
      }),
      'sink.out': sink([]),
    },
  );
  await run.start();
  await expect(run.finished).rejects.toMatchObject({
    code: 'engine.module-failed',
    message: 'oops: it broke',
  });
});

const counting = (context: ModuleContext): Behaviour => {
  let seen = 0;
  return {
    process(batch) {
      const column = batch.column(batch.schema.index('seen'));
      column.reset();
      for (let row = 0; row < batch.n; row++) column.pushNumber(row, ++seen);
      context.emit(batch);
    },
    save: () => seen,
    load: (state) => (seen = state as number),
  };
};

test('state goes on where the shape is the same, and starts afresh where it is not', async () => {
  const make = (records: PlainRecord[], seen: PlainRecord[], n: number) =>
    flow(
      {
        in: { type: 'source.in' },
        count: { type: 'map.count', from: ['in'], settings: { n } },
        out: { type: 'sink.out', from: ['count'] },
      },
      { 'source.in': file(records), 'map.count': counting, 'sink.out': sink(seen) },
    );
  const records = [1, 2, 3, 4].map((t) => ({ t }));
  const first = make(records.slice(0, 2), [], 1);
  await toTheEnd(first);
  const snapshot = structuredClone(first.snapshot());
  const [same, changed]: PlainRecord[][] = [[], []];
  await toTheEnd(make(records, same, 1), snapshot);
  await toTheEnd(make(records, changed, 2), snapshot);
  expect(same).toEqual([
    { t: 3, seen: 3 },
    { t: 4, seen: 4 },
  ]);
  expect(changed).toEqual([
    { t: 3, seen: 1 },
    { t: 4, seen: 2 },
  ]);
});

test('rows that wait hold the source back, and have all left when the flow ends', async () => {
  const seen: PlainRecord[] = [];
  let most = 0;
  const slow = (context: ModuleContext): Behaviour => {
    const waiting: Batch[] = [];
    let idle = Promise.resolve();
    const work = async () => {
      while (waiting.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        context.emit(waiting.shift()!);
        context.queued(waiting.length);
      }
    };
    return {
      process(batch) {
        const copy = new Batch(batch.schema, batch.n);
        copy.append(batch);
        if (waiting.push(copy) === 1) idle = work();
        most = Math.max(most, waiting.length);
        context.queued(waiting.length);
      },
      drain: () => idle,
    };
  };
  const run = flow(
    {
      in: { type: 'source.in' },
      slow: { type: 'model.slow', from: ['in'], queue: { size: 4 } },
      out: { type: 'sink.out', from: ['slow'] },
    },
    {
      'source.in': file(
        Array.from({ length: 60 }, (_, t) => ({ t })),
        1,
      ),
      'model.slow': slow,
      'sink.out': sink(seen),
    },
  );
  await toTheEnd(run);
  expect(seen.map(({ t }) => t)).toEqual(Array.from({ length: 60 }, (_, t) => t));
  expect(most).toBe(4);
});

test('stop lets what was taken leave, tells no end, and may be called twice', async () => {
  const seen: PlainRecord[] = [];
  let ended = 0;
  let emit = (_t: number) => {};
  const run = flow(
    { in: { type: 'source.in' }, out: { type: 'sink.out', from: ['in'] } },
    {
      'source.in': (context): Source => {
        const batch = new Batch(new Schema());
        return {
          bind: () => [[batch.schema]],
          async start() {
            emit = (t) => {
              batch.reset();
              batch.row(t);
              context.emit(batch);
            };
          },
          async stop() {
            emit(2);
          },
        };
      },
      'sink.out': () => ({ ...sink(seen)(), end: () => void ended++ }),
    },
  );
  await run.start();
  expect(run.live).toBe(true);
  emit(1);
  await Promise.all([run.stop(), run.stop()]);
  await run.finished;
  expect(seen).toEqual([{ t: 1 }, { t: 2 }]);
  expect(ended).toBe(0);
});

test('a tap sees what leaves a module, beside other taps and until it has had enough', async () => {
  const seen: number[] = [];
  const first: number[] = [];
  const run = flow(
    { in: { type: 'source.in' }, out: { type: 'sink.out', from: ['in'] } },
    { 'source.in': file([{ t: 1 }, { t: 2 }, { t: 3 }], 1), 'sink.out': sink([]) },
  );
  const enough = run.tap('in', (batch) => {
    first.push(batch.t[0]);
    enough();
  });
  run.tap('in', (batch) => seen.push(...batch.t.subarray(0, batch.n)));
  await toTheEnd(run);
  expect(first).toEqual([1]);
  expect(seen).toEqual([1, 2, 3]);
  expect(() => run.tap('nowhere', () => {})).toThrow(/no module nowhere/);
});

test('a driven flow is live, and its time goes by only when it is told so', async () => {
  const seen: PlainRecord[] = [];
  const clock = new VirtualClock(1000);
  const schema = new Schema();
  let emit = (_t: number) => {};
  const run = flow(
    {
      in: { type: 'source.in' },
      slow: { type: 'model.slow', from: ['in'] },
      out: { type: 'sink.out', from: ['slow'] },
    },
    {
      'source.in': (context): Source => ({
        bind: () => [[schema]],
        async start() {
          emit = (t) => {
            const batch = new Batch(schema);
            batch.row(t);
            context.emit(batch);
          };
        },
      }),
      // Gives what it was given after a while, and the clock at each tick.
      'model.slow': (context): Behaviour => {
        const held: number[] = [];
        const send = (t: number) => {
          const batch = new Batch(schema);
          batch.row(t);
          context.emit(batch);
        };
        return {
          process: (batch) => void held.push(...batch.t.subarray(0, batch.n)),
          tick: () => send(context.clock.wall()),
          async drain() {
            await new Promise((resolve) => setTimeout(resolve, 1));
            held.splice(0).forEach(send);
          },
        };
      },
      'sink.out': sink(seen),
    },
    { clock, driven: true },
  );
  await run.start();
  expect([run.live, run.ticks]).toEqual([true, true]);
  emit(7);
  // Real time goes by, and nothing happens: far longer than a tick.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(seen).toEqual([]);
  await run.settled();
  clock.moveTo(1020);
  clock.moveTo(1010);
  run.tick();
  expect(seen).toEqual([{ t: 7 }, { t: 1020 }]);
  expect(clock.monotonic()).toBe(20);
  clock.put(5000);
  expect([clock.wall(), clock.monotonic()]).toEqual([5000, 20]);
  await run.stop();
  run.tick();
  expect(seen).toHaveLength(2);
});

test('what fails while a driven flow settles stops it', async () => {
  const schema = new Schema();
  const run = flow(
    { in: { type: 'source.in' }, slow: { type: 'model.slow', from: ['in'] } },
    {
      'source.in': () => ({ bind: () => [[schema]], async start() {} }),
      'model.slow': () => ({ process() {}, drain: () => Promise.reject(new Error('it broke')) }),
    },
    { clock: new VirtualClock(0), driven: true },
  );
  await run.start();
  await run.settled();
  await expect(run.finished).rejects.toThrow('it broke');
});
