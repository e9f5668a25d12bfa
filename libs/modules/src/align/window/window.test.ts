import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../../test/kit/golden.js';
import { kind } from './kind.js';

async function windows(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'align.window', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, brief: records.x.map(({ t, v }) => [t, v]), ...counters.x };
}

/** A row a second, its value its number. */
const rows = (...seconds: number[]): PlainRecord[] => seconds.map((s) => ({ t: s * 1000, v: s }));
const upTo = (n: number) => rows(...Array.from({ length: n }, (_, i) => i));

describe('align.window by time', () => {
  test('closed on the right: the boundary belongs to what it ends', async () => {
    const { rows: out, dropped } = await windows({ by: 'time', size: 3000 }, upTo(8));
    expect(out).toEqual([
      { t: 0, count: 1, from: 0, to: 0, v: [0] },
      { t: 3000, count: 3, from: 1000, to: 3000, v: [1, 2, 3] },
      { t: 6000, count: 3, from: 4000, to: 6000, v: [4, 5, 6] },
    ]);
    expect(dropped).toEqual({ partial: 1 });
  });

  test('closed on the left, labelled by the start, with the rest on request', async () => {
    const settings = { by: 'time', size: 3000, closed: 'left', label: 'start', emitPartial: true };
    expect((await windows(settings, upTo(8))).brief).toEqual([
      [0, [0, 1, 2]],
      [3000, [3, 4, 5]],
      [6000, [6, 7]],
    ]);
  });

  test('a last row at the very end of a window completes it', async () => {
    expect((await windows({ by: 'time', size: 2000 }, rows(1, 2, 3, 4))).brief).toEqual([
      [2000, [1, 2]],
      [4000, [3, 4]],
    ]);
  });

  test('windows overlap, or leave room between them', async () => {
    expect((await windows({ by: 'time', size: 4000, hop: 2000 }, rows(1, 2, 3, 4, 5, 6))).brief).toEqual([
      [2000, [1, 2]],
      [4000, [1, 2, 3, 4]],
      [6000, [3, 4, 5, 6]],
    ]);
    expect((await windows({ by: 'time', size: 2000, hop: 4000 }, upTo(10))).brief).toEqual([
      [0, [0]],
      [4000, [3, 4]],
      [8000, [7, 8]],
    ]);
  });

  test('holes leave no empty windows; late rows are put in place or dropped', async () => {
    const { brief, dropped, counted } = await windows(
      { by: 'time', size: 4000, hop: 2000 },
      rows(1, 2, 4, 3, 5, 4.5, 1, 20),
    );
    expect(brief).toEqual([
      [2000, [1, 2]],
      [4000, [1, 2, 3, 4]],
      [6000, [3, 4, 4.5, 5]],
      [8000, [4.5, 5]],
      [20000, [20]],
    ]);
    expect([dropped, counted]).toEqual([{ late: 1 }, {}]);
  });
});

describe('align.window by count', () => {
  test('tumbling and overlapping', async () => {
    expect((await windows({ by: 'count', size: 3 }, upTo(8))).brief).toEqual([
      [2000, [0, 1, 2]],
      [5000, [3, 4, 5]],
    ]);
    expect((await windows({ by: 'count', size: 3, hop: 2, emitPartial: true }, upTo(6))).brief).toEqual([
      [2000, [0, 1, 2]],
      [4000, [2, 3, 4]],
      [5000, [4, 5]],
    ]);
    expect((await windows({ by: 'count', size: 2, hop: 3 }, upTo(7))).brief).toEqual([
      [1000, [0, 1]],
      [4000, [3, 4]],
    ]);
  });

  test('padded in front, each row gives a full window', async () => {
    const { rows: out } = await windows({ by: 'count', size: 3, hop: 1, pad: 'front' }, upTo(4));
    expect(out.map(({ v, count }) => [v, count])).toEqual([
      [[0, 0, 0], 1],
      [[0, 0, 1], 2],
      [[0, 1, 2], 3],
      [[1, 2, 3], 3],
    ]);
    expect(
      (await windows({ by: 'count', size: 3, hop: 2, pad: 'front', emitPartial: true }, upTo(5))).brief,
    ).toEqual([
      [1000, [0, 0, 1]],
      [3000, [1, 2, 3]],
      [4000, [2, 3, 4]],
    ]);
  });

  test('a matrix, row by row, with what is missing as NaN', async () => {
    const feed = [
      { t: 1, a: 1, b: 10 },
      { t: 2, a: 2 },
      { t: 3, a: null, b: 30 },
      { t: 4, a: 'x', b: 40 },
    ];
    const settings = { by: 'count', size: 2, columns: ['b', 'a'], matrix: 'x', times: true };
    expect((await windows(settings, feed)).rows).toEqual([
      { t: 2, count: 2, from: 1, to: 2, x: [10, 1, null, 2], times: [1, 2] },
      { t: 4, count: 2, from: 3, to: 4, x: [30, null, 40, null], times: [3, 4] },
    ]);
  });

  describe('the last windows of turbofan engines, scaled', () => {
    const raw = readGolden('cmapss-fd001/test.units1-3.csv');
    const golden = readGolden('cmapss-fd001/golden_last_window30.units1-3.csv');
    const columns = Object.keys(golden[0]).slice(2);

    /** The last window of each unit, as rows of the table's columns. */
    async function lastWindows(feed: typeof raw, pad: string) {
      const settings = { by: 'count', size: 30, hop: 1, pad, keyBy: 'unit', columns, matrix: 'm' };
      const scaler = fixture('cmapss-fd001/scaler.json');
      const { records } = await runRecords({
        modules: {
          scale: { type: 'scale.minmax', from: ['in'], settings: { columns, resource: 'resource:scaler@1' } },
          x: { type: 'align.window', from: ['scale'], settings },
        },
        feed: { in: feed.map((row) => ({ t: row.cycle, ...row })) as PlainRecord[] },
        collect: ['x'],
        host: { resource: (name) => ({ path: scaler, name, version: 1, digest: null }) },
      });
      const last = new Map(records.x.map((row) => [row.unit, row.m as number[]]));
      expect(last.size).toBe(3);
      return ({ unit, step }: (typeof golden)[number]) => {
        const from = (step as number) * columns.length;
        return last.get(unit)!.slice(from, from + columns.length);
      };
    }
    const cellsOf = (row: (typeof golden)[number]) => columns.map((c) => row[c]);

    test('are the golden ones', async () => {
      const got = await lastWindows(raw, 'none');
      expect(
        worst(
          golden.flatMap((row) => cellsOf(row).map((cell, k) => [got(row)[k], cell] as const)),
          0.01,
          9,
        ),
      ).toBeLessThan(1e-9);
    });

    test('are, of units that are shorter, padded in front with their first row', async () => {
      const SHORT = 12;
      const left = new Map(raw.map(({ unit, cycle }) => [unit, (cycle as number) - SHORT]));
      const got = await lastWindows(
        raw.filter(({ unit, cycle }) => (cycle as number) > left.get(unit)!),
        'front',
      );
      const pairs = golden.flatMap((row, i) => {
        const step = row.step as number;
        const wanted = golden[i + Math.max(0, 30 - SHORT - step)];
        return cellsOf(wanted).map((cell, k) => [got(row)[k], cell] as const);
      });
      expect(worst(pairs, 0.01, 9)).toBeLessThan(1e-9);
    });
  });
});

describe('align.window by session and change', () => {
  test('a session ends after a pause, or when a step changes', async () => {
    const feed = [
      { t: 0, v: 0, step: 'fill', mode: 1 },
      { t: 1000, v: 1, step: 'fill' },
      { t: 2000, v: 2, step: 'heat' },
      { t: 9000, v: 9, step: 'heat' },
      { t: 10000, v: 10 },
      { t: 11000, v: 11, step: 'fill' },
    ];
    const settings = { by: 'session', gapMs: 2000, change: ['step'], keep: ['step', 'mode'] };
    const { rows: out, dropped } = await windows(settings, feed);
    expect(out).toEqual([
      { t: 1000, count: 2, from: 0, to: 1000, step: 'fill', mode: 1, v: [0, 1] },
      { t: 2000, count: 1, from: 2000, to: 2000, step: 'heat', v: [2] },
      { t: 10000, count: 2, from: 9000, to: 10000, step: 'heat', v: [9, 10] },
    ]);
    expect(dropped).toEqual({ partial: 1 });
  });

  test('a change ends a window; size bounds it', async () => {
    const feed = [1, 1, 2, 2, 2, 2, 3].map((cycle, i) => ({ t: i, v: i, cycle }));
    const settings = { by: 'change', change: ['cycle'], size: 3, columns: ['v'], emitPartial: true };
    expect((await windows(settings, feed)).brief).toEqual([
      [1, [0, 1]],
      [4, [2, 3, 4]],
      [5, [5]],
      [6, [6]],
    ]);
  });

  test('a silent machine ends its session by the clock of the node', async () => {
    // The same rule that a live flow calls on its ticks.
    const { create } = await import('./behaviour.js');
    const { Batch, Schema } = await import('@millrace/engine');
    let now = 0;
    const left: number[] = [];
    const settings = kind.settings.parse({ by: 'session', gapMs: 500, columns: ['v'] });
    const behaviour = create({
      settings,
      live: true,
      clock: { wall: () => now, monotonic: () => now },
      emit: (batch: InstanceType<typeof Batch>) => left.push(...batch.t.slice(0, batch.n)),
      drop: () => {},
      count: () => {},
    } as never);
    const schema = new Schema(['v']);
    behaviour.bind!([{ schema, from: 'in', port: 'out' }]);
    const batch = new Batch(schema, 4);
    batch.column(0).pushNumber(batch.row(7), 1);
    behaviour.process!(batch, 0);
    now = 500;
    behaviour.tick!();
    expect(left).toEqual([]);
    now = 501;
    behaviour.tick!();
    expect(left).toEqual([7]);
  });
});

describe('align.window, all', () => {
  test('keys are apart, and a record without one is dropped', async () => {
    const feed = [
      { t: 0, v: 1, m: 'a' },
      { t: 1, v: 10, m: 'b' },
      { t: 2, v: 2, m: 'a' },
      { t: 3, v: 99 },
      { t: 4, v: 20, m: 'b' },
    ];
    const { rows: out, dropped } = await windows({ by: 'count', size: 2, keyBy: 'm' }, feed);
    expect(out.map(({ t, m, v }) => [t, m, v])).toEqual([
      [2, 'a', [1, 2]],
      [4, 'b', [10, 20]],
    ]);
    expect(dropped).toEqual({ 'no-key': 1 });
  });

  test('a gap ends what is open, and passes in its place', async () => {
    const align = {
      type: 'align.rows',
      from: ['in'],
      settings: {
        grid: { periodMs: 1000 },
        maxFillRows: 1,
        emit: 'always',
        start: { when: 'immediate' },
        columns: [{ name: 'v', from: 'v', method: 'hold', maxAgeMs: 10 }],
      },
    };
    const { records } = await runRecords({
      modules: {
        align,
        x: {
          type: 'align.window',
          from: ['align'],
          settings: { by: 'count', size: 3, columns: ['v'], emitPartial: true },
        },
      },
      feed: { in: rows(1, 2, 3, 4, 20, 21, 22, 23) },
      collect: ['x'],
    });
    const kinds = records.x.map((row) => ('gap' in row ? 'gap' : (row.v as unknown[]).length));
    expect(kinds.filter((one) => one === 'gap')).toHaveLength(1);
    expect(kinds.indexOf('gap')).toBe(2);
    expect(records.x.at(-1)!.to).toBe(23000);
  });

  test.each([
    { by: 'time', size: 5000, hop: 2000 },
    { by: 'count', size: 4, hop: 3 },
    { by: 'count', size: 4, hop: 1, pad: 'front' },
    { by: 'session', gapMs: 1000, change: ['s'] },
    { by: 'change', change: ['s'], size: 5 },
  ])('cut anywhere and restored, the rows are the same: %j', async (settings) => {
    const feed = Array.from({ length: 60 }, (_, i) => ({
      t: i * 700 + (i % 7 === 0 ? 900 : 0),
      v: i,
      m: i % 3,
      s: Math.floor(i / 11),
      ...(i > 20 ? { w: i * i } : {}),
    }));
    const all = { ...settings, keyBy: 'm', keep: ['s'], emitPartial: true, maxKeys: 3 };
    const whole = await windows(all, feed);
    expect(whole.rows.length).toBeGreaterThan(6);
    for (const cutAfter of [4, 21, 22, 50]) {
      expect((await windows(all, feed, { cutAfter, batchRows: 4 })).rows).toEqual(whole.rows);
    }
  });

  test('settings that contradict each other are refused', () => {
    const check = (settings: object) =>
      kind.check!(kind.settings.parse(settings), [], () => undefined).map(({ pointer }) => pointer);
    expect(check({ by: 'time' })).toEqual(['/size']);
    expect(check({ by: 'count', size: 2.5 })).toEqual(['/size']);
    expect(check({ by: 'session' })).toEqual(['/gapMs']);
    expect(check({ by: 'change' })).toEqual(['/change']);
    expect(check({ by: 'time', size: 1, pad: 'front' })).toEqual(['/pad']);
    expect(check({ by: 'count', size: 1, matrix: 'x' })).toEqual(['/columns']);
    expect(check({ by: 'count', size: 1, columns: ['count'] })).toEqual(['/columns']);
  });
});
