import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as onnx from '../../../../test/kit/onnx.js';
import type { OnnxOptions } from './model.js';
import { OnnxSession } from './session.js';
import type { TensorArray } from './tensors.js';

const cmapss = fileURLToPath(
  new URL('../../../../test/fixtures/onnx/cmapss_hgb_rul/model.onnx', import.meta.url),
);
const copy = () => ({ bytes: onnx.model(onnx.identity()), name: 'copy' });
const rows = (n: number, value = 1) => ({ x: { dims: [n, 2], data: new Float32Array(n * 2).fill(value) } });

async function using(options: OnnxOptions, work: (session: OnnxSession) => Promise<void>): Promise<void> {
  const session = await OnnxSession.open(options);
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

describe('a slot', () => {
  test('is filled and read in place, and is the same memory at the next batch', () =>
    using({ path: cmapss }, async (session) => {
      const batch = session.borrow()!;
      const first = batch.input('X', [4, 42]);
      first.fill(500 as never);
      await batch.run();
      expect(batch.output('variable').dims).toEqual([4, 1]);
      const memory = () => (batch.output('variable').data as TensorArray).buffer;
      expect(memory()).toBeInstanceOf(SharedArrayBuffer);
      expect(memory()).toBe(memory());
      expect(batch.input('X', [4, 42])).toBe(first);
      batch.release();
      const again = session.borrow()!;
      expect(again.input('X', [4, 42])).toBe(first);
      again.release();
    }));

  test('grows with the batch, in and out', () =>
    using(copy(), async (session) => {
      for (const n of [1, 3, 5_000, 2, 100_000]) {
        const { y } = await session.run(rows(n, n));
        expect(y!.dims).toEqual([n, 2]);
        expect([y!.data[0], y!.data[n * 2 - 1]]).toEqual([n, n]);
      }
    }));

  test('of no rows is a batch too', () =>
    using(copy(), async (session) => {
      expect((await session.run(rows(0))).y!.dims).toEqual([0, 2]);
    }));

  test('released twice, or while it runs, is lent to one at a time', () =>
    using({ ...copy(), slots: 2 }, async (session) => {
      const batch = session.borrow()!;
      batch.input('x', [1, 2]);
      void batch.run();
      batch.release();
      batch.release();
      expect(session.borrow()).toBeDefined();
      expect(session.borrow()).toBeUndefined();
      const { y } = await session.run(rows(1, 7));
      expect(y!.data[0]).toBe(7);
      batch.release();
      expect(session.borrow()).toBeDefined();
      expect(session.borrow()).toBeUndefined();
    }));

  test('cannot run with the rows of the one before', () =>
    using({ ...copy(), slots: 1 }, async (session) => {
      await session.run(rows(1));
      const batch = session.borrow()!;
      await expect(batch.run()).rejects.toMatchObject({ code: 'engine.model-input' });
      batch.release();
    }));
});

describe('many batches', () => {
  test('each gets its own answer, in flight together', () =>
    using(copy(), async (session) => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => session.run(rows(1 + (i % 7), i))),
      );
      answers.forEach(({ y }, i) => expect([y!.dims[0], y!.data[0]]).toEqual([1 + (i % 7), i]));
      expect(session.counters).toEqual({ runs: 200, failed: 0, timedOut: 0, restarts: 0 });
    }));

  test('more than can wait are refused', () =>
    using({ ...copy(), slots: 1 }, async (session) => {
      const batch = session.borrow()!;
      const waiting = Array.from({ length: 256 }, () => session.run(rows(1)));
      await expect(session.run(rows(1))).rejects.toMatchObject({ code: 'engine.model-busy' });
      batch.release();
      await expect(Promise.all(waiting)).resolves.toHaveLength(256);
    }));
});

describe('wrong tensors are refused, naming model, tensor and shape', () => {
  const x = (dims: number[], data: Float32Array | Float64Array | string[]) => ({ x: { dims, data } });
  test.each([
    ['shape', x([1, 3], new Float32Array(3)), 'its input "x" wants [?, 2] but was given [1, 3]'],
    ['axes', x([2], new Float32Array(2)), 'wants [?, 2] but was given [2]'],
    ['length', x([2, 2], new Float32Array(3)), 'wants 4 elements as Float32Array, but was given 3'],
    ['type', x([1, 2], new Float64Array(2)), 'but was given 2 as Float64Array'],
    ['strings', x([1, 2], ['a', 'b']), 'wants float32, not strings'],
    ['name', { z: { dims: [1, 2], data: new Float32Array(2) } }, 'it has no input "z". Its inputs are "x"'],
    ['missing', {}, 'its input "x" is missing'],
    ['huge', x([40_000_000, 2], new Float32Array(1)), '268435456 are the most'],
  ])('%s', (_, inputs, message) =>
    using(copy(), async (session) => {
      await expect(session.run(inputs)).rejects.toMatchObject({
        code: 'engine.model-input',
        message: expect.stringContaining(message) as string,
      });
      // It goes on.
      expect((await session.run(rows(1, 3))).y!.data[0]).toBe(3);
    }),
  );

  test.each([
    [{ inputs: ['x', 'z'] }, 'it has no input "z"'],
    [{ inputs: [] }, 'its input "x" is not fed'],
    [{ outputs: ['probability'] }, 'it has no output "probability" that is a tensor. It has "y"'],
  ])('at opening: %j', async (options, message) => {
    await expect(OnnxSession.open({ ...copy(), ...options })).rejects.toMatchObject({
      code: 'engine.model-input',
      message: expect.stringContaining(message) as string,
    });
  });
});

test('what the runtime refuses for one batch is that batch’s failure', async () => {
  const bytes = onnx.model(
    onnx.graph({
      nodes: [onnx.node({ operator: 'Add', inputs: ['a', 'b'], outputs: ['y'] })],
      inputs: ['a', 'b'].map((name) => onnx.value(name, onnx.tensorType(onnx.FLOAT, [null]))),
      outputs: [onnx.value('y', onnx.tensorType(onnx.FLOAT, [null]))],
    }),
  );
  await using({ bytes, name: 'sum' }, async (session) => {
    const of = (...data: number[]) => ({ dims: [data.length], data: Float32Array.from(data) });
    await expect(session.run({ a: of(1, 2), b: of(1, 2, 3) })).rejects.toMatchObject({
      code: 'engine.model-run',
      message: expect.stringContaining('Model sum failed on a batch') as string,
    });
    expect((await session.run({ a: of(1, 2), b: of(3, 4) })).y!.data).toEqual(Float32Array.from([4, 6]));
    expect(session.counters).toMatchObject({ failed: 1, restarts: 0 });
  });
});

test('float16 goes in and comes out as float32', () =>
  using({ bytes: onnx.model(onnx.identity(10)) }, async (session) => {
    const data = Float32Array.from([1, -0.1, 65504, 1e9, 6e-8, 0]);
    const { y } = await session.run({ x: { dims: [3, 2], data } });
    expect([...y!.data]).toEqual([1, -0.0999755859375, 65504, Infinity, 2 ** -24, 0]);
  }));

describe('a batch that takes too long', () => {
  const bytes = onnx.model(onnx.counting());
  const count = (trips: bigint) => ({
    trips: { dims: [], data: BigInt64Array.of(trips) },
    go: { dims: [], data: Uint8Array.of(1) },
    x: { dims: [1], data: Float32Array.of(1) },
  });

  test('fails alone: the others run on a new thread', () =>
    using({ bytes, name: 'slow', timeoutMs: 200 }, async (session) => {
      await session.run(count(1n));
      const slow = session.run(count(1_500_000n));
      const others = [count(1n), count(2n)].map((inputs) => session.run(inputs));
      await expect(slow).rejects.toMatchObject({
        code: 'engine.model-timeout',
        message: expect.stringContaining('200 ms') as string,
      });
      for (const { y } of await Promise.all(others)) expect(y!.data[0]).toBe(1);
      expect(session.counters).toMatchObject({ timedOut: 1, restarts: 1 });
    }));

  test('again and again stops the model for good', async () => {
    const session = await OnnxSession.open({ bytes, name: 'slow', timeoutMs: 20 });
    let last: unknown;
    for (let i = 0; i < 10 && !(last as Error | undefined)?.message.includes('more than 5 times'); i++)
      last = await session.run(count(200_000n)).catch((error: unknown) => error);
    expect(last).toMatchObject({ code: 'engine.model-stopped' });
    expect(() => session.borrow()).toThrow('more than 5 times');
    expect(session.counters.restarts).toBe(5);
    await session.close();
  });

  test('a thread that dies fails its batch alone too', () =>
    using({ ...copy(), slots: 4 }, async (session) => {
      // Announces a message that is never sent, which the thread takes for a broken session.
      (session as unknown as { mails: number }).mails++;
      const [first, second] = [session.run(rows(1, 1)), session.run(rows(1, 2))];
      await expect(first).rejects.toMatchObject({
        code: 'engine.model-run',
        message: expect.stringContaining('a message that was announced did not come') as string,
      });
      // The next thread is still loading now: it meets the same at once.
      (session as unknown as { mails: number }).mails++;
      const third = session.run(rows(1, 3)).catch((error: unknown) => error);
      expect((await second).y!.data[0]).toBe(2);
      expect(await third).toMatchObject({ code: 'engine.model-run' });
      expect(session.counters).toMatchObject({ failed: 2, restarts: 2, timedOut: 0 });
      expect((await session.run(rows(1, 4))).y!.data[0]).toBe(4);
    }));

  test('is not what our own loop makes late', () =>
    using({ ...copy(), timeoutMs: 50 }, async (session) => {
      const running = session.run(rows(1));
      const until = performance.now() + 200;
      while (performance.now() < until);
      await running;
      expect(session.counters.timedOut).toBe(0);
    }));
});

describe('the end', () => {
  test('batches in flight and later ones fail by name, closing twice is once', async () => {
    const session = await OnnxSession.open({ ...copy(), slots: 1 });
    const running = session.run(rows(1)).catch((error: unknown) => error);
    const waiting = session.run(rows(1)).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([session.close(), session.close()]);
    for (const ended of [await waiting, await session.run(rows(1)).catch((error: unknown) => error)])
      expect(ended).toMatchObject({ code: 'engine.model-stopped' });
    await running;
  });

  test('what cannot be opened says why', async () => {
    await expect(OnnxSession.open({ path: '/nowhere/model.onnx' })).rejects.toMatchObject({
      code: 'engine.model-load',
      message: expect.stringContaining('/nowhere/model.onnx') as string,
    });
    await expect(OnnxSession.open({})).rejects.toMatchObject({ code: 'engine.model-load' });
    // In order as far as can be seen from outside; only the runtime knows better.
    const unknown = onnx.graph({
      nodes: [onnx.node({ operator: 'NoSuchThing', inputs: ['x'], outputs: ['y'] })],
      inputs: [onnx.value('x', onnx.tensorType(onnx.FLOAT, [1]))],
      outputs: [onnx.value('y', onnx.tensorType(onnx.FLOAT, [1]))],
    });
    await expect(OnnxSession.open({ bytes: onnx.model(unknown), name: 'odd' })).rejects.toMatchObject({
      code: 'engine.model-load',
      message: expect.stringContaining('NoSuchThing') as string,
    });
  });
});

describe('weights in another file', () => {
  const content = (location: string, extra: Uint8Array[] = [], outputs: Uint8Array[] = []) =>
    onnx.model(
      onnx.graph({
        nodes: [onnx.node({ operator: 'Add', inputs: ['x', 'w'], outputs: ['y'] }), ...extra],
        weights: [onnx.weight('w', 2, location)],
        inputs: [onnx.value('x', onnx.tensorType(onnx.FLOAT, [null, 2]))],
        outputs: [onnx.value('y', onnx.tensorType(onnx.FLOAT, [null, 2])), ...outputs],
      }),
    );

  test('are found beside the model, also when it is rewritten', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-onnx-'));
    try {
      const file = path.join(folder, 'model.onnx');
      await writeFile(path.join(folder, 'w.bin'), Buffer.from(Float32Array.of(10, 20).buffer));
      await writeFile(file, content('w.bin'));
      await using({ path: file }, async (session) => {
        expect([...(await session.run(rows(1))).y!.data]).toEqual([11, 21]);
      });
      const pack = onnx.node({ operator: 'SequenceConstruct', inputs: ['y'], outputs: ['all'] });
      const all = onnx.value('all', onnx.sequenceType(onnx.tensorType(onnx.FLOAT)));
      await writeFile(file, content('w.bin', [pack], [all]));
      await using({ path: file }, async (session) => {
        expect([...(await session.run(rows(1))).all!.data]).toEqual([11, 21]);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('are refused by name when they are missing, or lead out', async () => {
    await expect(OnnxSession.open({ bytes: content('w.bin') })).rejects.toMatchObject({
      code: 'catalogue.model-unsupported',
      message: expect.stringContaining('"w.bin"') as string,
    });
    for (const location of ['../w.bin', '/etc/passwd', 'a/../../w.bin', 'C:\\w.bin', '..\\w.bin'])
      await expect(OnnxSession.open({ bytes: content(location) })).rejects.toMatchObject({
        code: 'catalogue.path-escapes',
      });
  });
});
