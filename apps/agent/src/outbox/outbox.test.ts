import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOutbox, type Outbox, type OutboxOptions } from './outbox.js';

let folder: string;
let now: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-outbox-'));
  now = 1_000_000;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (changes: Partial<OutboxOptions> = {}) =>
  openOutbox<string>(folder, { maxBytes: 1_000_000, maxAgeMs: 1_000_000, now: () => now, ...changes });
const add = (outbox: Outbox<string>, texts: string[]) =>
  Promise.all(texts.map((text) => outbox.add((n) => `${n} ${text}`)));
const numbers = async (outbox: Outbox<string>) => (await outbox.read(0, 10_000)).map(({ number }) => number);
const isBalanced = (outbox: Outbox<string>) => {
  const { made, sent, buffered, dropped } = outbox.counts();
  expect(made).toBe(sent + buffered + dropped);
};
const lastSegment = async () =>
  join(
    folder,
    (await readdir(folder))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1)!,
  );

test('messages are numbered in order, and are there after the next start', async () => {
  const first = await open();
  expect(await add(first, ['a', 'b', 'c'])).toEqual([1, 2, 3]);
  await first.close();
  const second = await open();
  expect((await second.read(0, 10)).map(({ message }) => message)).toEqual(['1 a', '2 b', '3 c']);
  expect(await add(second, ['d'])).toEqual([4]);
  expect(await numbers(second)).toEqual([1, 2, 3, 4]);
});

test('only an acknowledgement makes it forget, and numbers go on for ever', async () => {
  const outbox = await open();
  await add(outbox, ['a', 'b', 'c']);
  await outbox.acknowledge(2);
  expect(await numbers(outbox)).toEqual([3]);
  await outbox.acknowledge(3);
  expect(outbox.counts()).toEqual({ made: 3, sent: 3, buffered: 0, dropped: 0 });
  await outbox.close();
  const again = await open();
  expect(again.counts()).toEqual({ made: 3, sent: 3, buffered: 0, dropped: 0 });
  expect(await add(again, ['d'])).toEqual([4]);
});

test('an acknowledgement of what was never made swallows nothing', async () => {
  const outbox = await open();
  await add(outbox, ['a']);
  await outbox.acknowledge(1_000);
  expect(await add(outbox, ['b'])).toEqual([2]);
  expect(await numbers(outbox)).toEqual([2]);
  isBalanced(outbox);
});

test('it stays within its bytes, drops the oldest, and counts them', async () => {
  const outbox = await open({ maxBytes: 100_000 });
  for (let round = 0; round < 40; round++)
    await add(
      outbox,
      Array.from({ length: 10 }, () => 'x'.repeat(500)),
    );
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map(async (name) => (await readFile(join(folder, name))).length));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100_000 + 1_000);
  const { made, buffered, dropped } = outbox.counts();
  expect(made).toBe(400);
  expect(dropped).toBeGreaterThan(0);
  expect(dropped + buffered).toBe(400);
  expect(await numbers(outbox)).toEqual(Array.from({ length: buffered }, (_, i) => dropped + i + 1));
  await outbox.close();
  expect((await open({ maxBytes: 100_000 })).counts()).toEqual({ made, sent: 0, buffered, dropped });
});

test('what is too old is dropped, and counted', async () => {
  const outbox = await open({ maxAgeMs: 1_000 });
  await add(outbox, ['a', 'b']);
  now += 1_001;
  await outbox.expire();
  expect(outbox.counts()).toEqual({ made: 2, sent: 0, buffered: 0, dropped: 2 });
  expect(await add(outbox, ['c'])).toEqual([3]);
});

test('a power cut at any byte of the last message costs that message alone', async () => {
  const outbox = await open();
  await add(outbox, ['kept']);
  await outbox.close();
  const path = await lastSegment();
  const whole = (await readFile(path)).length;
  await appendFile(path, 'deadbeef {"at":1,"message":"torn"}\n');
  const torn = await readFile(path);
  for (let length = whole; length <= torn.length; length++) {
    await writeFile(path, torn.subarray(0, length));
    const again = await open();
    expect(await numbers(again)).toEqual([1]);
    expect(await add(again, ['next'])).toEqual([2]);
    isBalanced(again);
    await again.close();
    await truncate(path, whole);
  }
});

test('a damaged message in the middle is counted as dropped, and the rest arrives', async () => {
  const outbox = await open({ maxBytes: 65_536 });
  for (let i = 0; i < 10; i++) await add(outbox, ['y'.repeat(1_000)]);
  await outbox.close();
  const [first] = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  const bytes = await readFile(join(folder, first!));
  bytes[100] = bytes[100]! ^ 1;
  await writeFile(join(folder, first!), bytes);
  const again = await open({ maxBytes: 65_536 });
  expect(again.counts().dropped).toBeGreaterThan(0);
  isBalanced(again);
  expect((await numbers(again)).at(-1)).toBe(10);
});

describe('records of a series', () => {
  /** Records `from` to `to` of a series, as one message that says which of them it holds. */
  const once = (outbox: Outbox<string>, series: string, from: number, to: number) =>
    outbox.addOnce({ series, before: from, count: to - from }, (_, known) => `${from + known}-${to}`);
  const texts = async (outbox: Outbox<string>) => (await outbox.read(0, 1_000)).map(({ message }) => message);

  test('are kept once, in whatever messages they come again, also after a restart', async () => {
    const first = await open();
    await Promise.all([once(first, 'a', 0, 3), once(first, 'a', 3, 5), once(first, 'b', 0, 1)]);
    expect(await once(first, 'a', 1, 4)).toBe(0);
    await first.close();
    const second = await open();
    await Promise.all([once(second, 'a', 2, 4), once(second, 'a', 4, 8), once(second, 'c', 0, 1)]);
    expect(await texts(second)).toEqual(['0-3', '3-5', '0-1', '5-8', '0-1']);
    isBalanced(second);
  });

  test('are known also when the director has committed them and the disk has forgotten them', async () => {
    const first = await open();
    await once(first, 'a', 0, 3);
    await first.acknowledge(1);
    await first.close();
    const second = await open();
    await once(second, 'a', 0, 4);
    expect(await texts(second)).toEqual(['3-4']);
  });

  test('are remembered for the last series, and for a bounded number', async () => {
    const outbox = await open();
    for (let i = 0; i < 300; i++) await once(outbox, `s${i}`, 0, 1);
    await outbox.acknowledge(300);
    const state = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as { series: unknown[] };
    expect(state.series).toHaveLength(256);
    expect(await once(outbox, 's299', 0, 1)).toBe(0);
  });
});
