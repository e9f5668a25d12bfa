/** What must hold of `align.rows` for any series (docs/align.md, "Also to hold"), over random ones. */
import * as fc from 'fast-check';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { Aligner, VALUE } from './aligner.js';
import { rulesOf } from './rules.js';
import { AlignSettings, methods } from './settings.js';

interface Sample {
  t: number;
  a?: number;
  b?: number;
}

const settings = {
  grid: { periodMs: 100 },
  latenessMs: 0,
  columns: [
    { name: 'a', maxAgeMs: 250 },
    { name: 'b', method: 'mean', maxAgeMs: 400 },
  ],
};

async function rows(feed: Sample[], changes: object = {}, more: object = {}) {
  const { records, counters } = await runRecords({
    modules: { rows: { type: 'align.rows', from: ['in'], settings: { ...settings, ...changes } } },
    feed: { in: feed as unknown as PlainRecord[] },
    collect: ['rows'],
    ...more,
  });
  return { rows: records.rows, counters: counters.rows };
}

/** Samples in rising order, some with one column, some with both. */
const series = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 180 }),
      a: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }),
      b: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .map((steps) => {
    let t = 1000;
    return steps.map(({ step, a, b }): Sample => ({
      t: (t += step),
      ...(a !== undefined && { a }),
      ...(b !== undefined && { b }),
    }));
  });

const check = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(arbitrary, holds), { numRuns: 60 });

const value = (row: PlainRecord) => [row.t, row.a, row.b, JSON.stringify(row.flag)];

test('t rises strictly', () =>
  check(series, async (feed) => {
    const times = (await rows(feed)).rows.flatMap((row) => (typeof row.t === 'number' ? [row.t] : []));
    for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]);
  }));

test('disorder bounded by the lateness gives what the sorted input gives', () =>
  check(fc.tuple(series, fc.array(fc.nat(100), { minLength: 60, maxLength: 60 })), async ([feed, delays]) => {
    const arrival = feed.map((sample, i) => ({ sample, at: sample.t + delays[i] }));
    const disordered = arrival.sort((x, y) => x.at - y.at).map(({ sample }) => sample);
    const sorted = await rows(feed, { latenessMs: 100 });
    const shuffled = await rows(disordered, { latenessMs: 100 });
    expect(shuffled.rows.map(value)).toEqual(sorted.rows.map(value));
    expect(shuffled.counters.counted.late).toBeUndefined();
  }));

test('a hold column is merge_asof, a mean column is resample, both closed on the right', () =>
  check(series, async (feed) => {
    for (const row of (await rows(feed, { maxFillRows: 1000 })).rows) {
      const t = row.t as number;
      const held = feed.filter((s) => s.a !== undefined && s.t <= t).at(-1);
      expect(row.a).toBe(held !== undefined && t - held.t <= 250 ? held.a : null);
      const inside = feed.filter((s) => s.b !== undefined && s.t > t - 100 && s.t <= t).map((s) => s.b!);
      if (inside.length > 0) expect(row.b).toBeCloseTo(inside.reduce((x, y) => x + y, 0) / inside.length, 9);
    }
  }));

test('the feed cut anywhere, saved and restored, gives the same rows; so do batches of any size', () =>
  check(fc.tuple(series, fc.nat(58), fc.integer({ min: 1, max: 7 })), async ([feed, cut, batchRows]) => {
    const whole = await rows(feed);
    const inPieces = await rows(feed, {}, { cutAfter: Math.min(cut, feed.length - 1), batchRows });
    expect(inPieces.rows).toEqual(whole.rows);
  }));

test('two keys interleaved do not touch each other', () =>
  check(fc.tuple(series, series), async ([one, two]) => {
    const keyed = [...one.map((s) => ({ ...s, unit: 'x' })), ...two.map((s) => ({ ...s, unit: 'y' }))];
    keyed.sort((p, q) => p.t - q.t);
    const both = await rows(keyed, { keyBy: 'unit' });
    for (const [key, feed] of [
      ['x', one],
      ['y', two],
    ] as const) {
      const own = both.rows.filter((row) => row.key === key).map(value);
      expect(own).toEqual((await rows(feed)).rows.map(value));
    }
  }));

test('the same sample delivered twice makes no new row', () =>
  check(series, async (feed) => {
    const twice = feed.flatMap((sample) => [sample, sample]);
    expect((await rows(twice)).rows.map(value)).toEqual((await rows(feed)).rows.map(value));
  }));

test('very many samples of one column while the other is silent: bounded, and counted', async () => {
  const feed = Array.from({ length: 100_000 }, (_, i): Sample => ({ t: 1000 + i * 0.5, a: i }));
  const stalled = await rows(feed, { watermark: 'min', maxSamplesPerColumn: 1000 });
  expect(stalled.counters.counted.overflow).toBe(100_000 - 1000);
});

test('linear waits for its right neighbour and does not depend on the order when the lateness covers it', () =>
  check(fc.tuple(series, fc.array(fc.nat(50), { minLength: 60, maxLength: 60 })), async ([feed, delays]) => {
    const columns = [
      { name: 'a', method: 'linear', maxAgeMs: 250 },
      { name: 'b', maxAgeMs: 400 },
    ];
    const arrival = feed.map((sample, i) => ({ sample, at: sample.t + delays[i] }));
    const disordered = arrival.sort((x, y) => x.at - y.at).map(({ sample }) => sample);
    const changes = { columns, latenessMs: 300 };
    expect((await rows(disordered, changes)).rows.map(value)).toEqual(
      (await rows(feed, changes)).rows.map(value),
    );
  }));

test('a column of words holds no more of them than a few megabytes; what comes beyond is dropped, and counted', async () => {
  const words = ['on', 'x'.repeat(6_000_000), 'y'.repeat(6_000_000), 'off', 'on'];
  const { records, counters } = await runRecords({
    modules: {
      rows: {
        type: 'align.rows',
        from: ['in'],
        settings: { grid: { periodMs: 100 }, columns: [{ name: 's', dtype: 'string', maxAgeMs: 100 }] },
      },
    },
    feed: { in: words.map((s, i) => ({ t: i * 100, s })) },
    collect: ['rows'],
  });
  expect(counters.rows.dropped).toEqual({ texts: 1 });
  expect(records.rows.map(({ s }) => (s as string | null)?.length ?? null)).toEqual([2, 6e6, 6e6, 3, 2]);
});

const delayed = fc.tuple(series, fc.array(fc.nat(100), { minLength: 60, maxLength: 60 }));
const byArrival = (feed: Sample[], delays: number[]) =>
  feed
    .map((sample, i) => ({ sample, at: sample.t + delays[i] }))
    .toSorted((x, y) => x.at - y.at)
    .map(({ sample }) => sample);

test.each(methods)('%s: disorder bounded by the lateness gives what the sorted input gives', (method) =>
  check(delayed, async ([feed, delays]) => {
    const columns = [
      { name: 'a', method, maxAgeMs: 250 },
      { name: 'b', method, maxAgeMs: 400, required: false },
    ];
    for (const closed of ['right', 'left']) {
      // A linear cell waits for its right neighbour too (rule 5).
      const changes = { columns, closed, latenessMs: method === 'linear' ? 500 : 100 };
      const shuffled = await rows(byArrival(feed, delays), changes);
      expect(shuffled.rows.map(value)).toEqual((await rows(feed, changes)).rows.map(value));
      expect(shuffled.counters.counted.late).toBeUndefined();
    }
  }),
);

test('mean, count, sum, min, max and last of a period equal resample, closed on either side', () =>
  check(series, async (feed) => {
    const names = ['mean', 'count', 'sum', 'min', 'max', 'last'];
    for (const closed of ['right', 'left']) {
      const columns = names.map((method) => ({ name: method, from: 'a', method, maxAgeMs: 0 }));
      for (const row of (await rows(feed, { columns, closed, maxFillRows: 1000 })).rows) {
        const t = row.t as number;
        const inside = feed.flatMap((s) => {
          const within = closed === 'right' ? s.t > t - 100 && s.t <= t : s.t >= t - 100 && s.t < t;
          return s.a !== undefined && within ? [s.a] : [];
        });
        const sum = inside.reduce((x, y) => x + y, 0);
        const none = inside.length === 0;
        // `missing` is null whatever the method: nothing was seen yet when the period ended.
        if (!feed.some((sample) => sample.a !== undefined && sample.t < t)) {
          if (none) expect(row.flag).toMatchObject({ count: 'missing', mean: 'missing' });
          if (none) continue;
        }
        expect([row.count, row.sum]).toEqual([inside.length, sum]);
        expect([row.min, row.max, row.last]).toEqual(
          none ? [null, null, null] : [Math.min(...inside), Math.max(...inside), inside.at(-1)],
        );
        if (none) expect(row.mean).toBeNull();
        else expect(row.mean).toBeCloseTo(sum / inside.length, 9);
      }
    }
  }));

test('late samples leave by their port, each once, and revisions rise for a row', () =>
  check(delayed, async ([feed, delays]) => {
    for (const late of ['forward', 'drop', 'revise']) {
      const { records, counters } = await runRecords({
        modules: { rows: { type: 'align.rows', from: ['in'], settings: { ...settings, late } } },
        feed: { in: byArrival(feed, delays) as unknown as PlainRecord[] },
        collect: ['rows', 'rows.late'],
      });
      expect(records['rows.late']).toHaveLength(counters.rows.counted.late ?? 0);
      const seen = new Map<number, number>();
      let last = -Infinity;
      for (const { t, revision = 0 } of records.rows.filter((row) => !('gap' in row)) as {
        t: number;
        revision?: number;
      }[]) {
        if (revision === 0) expect(t).toBeGreaterThan(last);
        expect(revision).toBe(seen.has(t) ? seen.get(t)! + 1 : 0);
        seen.set(t, revision);
        if (revision === 0) last = t;
      }
      if (late !== 'revise') expect([...seen.values()].every((revision) => revision === 0)).toBe(true);
    }
  }));

test('every boundary from the first row to the last is a row or in a gap, once', () =>
  check(fc.tuple(series, fc.nat(3)), async ([feed, maxFillRows]) => {
    const all = (await rows(feed, { maxFillRows })).rows.flatMap((row) => {
      if (!('gap' in row)) return [row.t as number];
      const { from, to, rows: n } = row.gap as Record<string, number>;
      expect(n).toBe((to - from) / 100 + 1);
      return Array.from({ length: n }, (_, i) => from + i * 100);
    });
    expect(all).toEqual(all.map((_, i) => all[0] + i * 100));
  }));

test.each(['max', 'min'])(
  'a wall clock that steps neither sends nor skips a row (watermark %s)',
  (watermark) => {
    const steps = fc.array(
      fc.record({
        wait: fc.integer({ min: 1, max: 400 }),
        column: fc.constantFrom(0, 1, null),
        jump: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.constantFrom(-3_600_000, 3_600_000) },
        ),
      }),
      { minLength: 5, maxLength: 60 },
    );
    const parsed = AlignSettings.parse({
      ...settings,
      watermark,
      idleMs: 300,
      futureSkewMs: 1e9,
      backfillMs: 1e9,
    });
    const play = (all: { wait: number; column: number | null; jump: number }[], jumping: boolean) => {
      const left: unknown[] = [];
      const aligner = new Aligner(
        rulesOf(parsed, true, () => 0),
        {
          row: ({ t, cells }) => left.push([t, ...cells.map((cell) => [cell.value, cell.age, cell.flag])]),
          gap: (...gap) => left.push(gap),
          count: () => {},
          late: () => {},
        },
      );
      let mono = 0;
      let wall = 1_000_000_000;
      for (const { wait, column, jump } of all) {
        mono += wait * 1000;
        wall += wait * 1000 + (jumping ? jump * 1000 : 0);
        // The source's clock goes with the monotonic one.
        if (column === null) aligner.tick(wall, mono);
        else {
          aligner.add(column, 5_000_000 + mono, mono, VALUE, wall, mono);
          aligner.advance(wall, mono);
        }
      }
      return left;
    };
    fc.assert(
      fc.property(steps, (all) => expect(play(all, true)).toEqual(play(all, false))),
      { numRuns: 300 },
    );
  },
);
