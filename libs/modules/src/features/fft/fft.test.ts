import { readFileSync } from 'node:fs';
import { columnsOf } from '@millrace/flow';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../../test/kit/golden.js';
import { kind } from './kind.js';
import { spectrumOf } from './transform.js';

async function fft(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.fft', from: ['in'], settings: { column: 'v', ...settings } } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}
const series = (values: unknown[]) => values.map((v, t) => ({ t, v }));
const sine = (n: number, hz: number, rate: number, size = 1) =>
  Array.from({ length: n }, (_, i) => size * Math.sin((2 * Math.PI * hz * i) / rate));

/** The greatest difference of bins, a row at a time, relative to the greatest bin of the row. */
function apart(got: unknown, wanted: number[]): number {
  expect(got).toHaveLength(wanted.length);
  const most = Math.max(...wanted);
  return Math.max(...wanted.map((bin, k) => Math.abs((got as number[])[k] - bin) / most));
}

/** The definition, a sum a bin. */
function bySum(values: Float64Array): number[] {
  const n = values.length;
  return Array.from({ length: Math.floor(n / 2) + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    values.forEach((x, i) => {
      const angle = (2 * Math.PI * ((i * k) % n)) / n;
      re += x * Math.cos(angle);
      im -= x * Math.sin(angle);
    });
    return Math.hypot(re, im);
  });
}

describe('feature.fft', () => {
  test.each([2, 3, 4, 5, 7, 8, 16, 30, 32, 60, 64, 97, 100, 128, 256, 512, 1000, 1024])(
    'a transform of %i is the sum that defines it',
    (size) => {
      const values = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i) + ((i * 7919) % 13));
      const bins = new Float64Array(Math.floor(size / 2) + 1);
      const spectrum = spectrumOf(size);
      for (let time = 0; time < 2; time++) {
        spectrum.magnitudes(values, bins);
        expect(apart(Array.from(bins), bySum(values))).toBeLessThan(1e-13);
      }
    },
  );

  test('cycles of a hydraulic rig, 60 s each, equal numpy', async () => {
    const golden = readGolden('hydraulic-1hz/golden_fft60_TS1.first60.csv');
    const cycles = readFileSync(fixture('hydraulic-1hz/TS1.first120.tsv'), 'utf8').trim().split('\n');
    const feed = golden.flatMap((_, cycle) =>
      cycles[cycle].split('\t').map((v, k) => ({ t: (60 * cycle + k) * 1000, v: Number(v) })),
    );
    const settings = { column: 'v', size: 60, sampleHz: 1, out: ['bins'] };
    const { records } = await runRecords({
      modules: {
        cycle: {
          type: 'align.window',
          from: ['in'],
          settings: { by: 'time', size: 60_000, closed: 'left', columns: ['v'], emitPartial: true },
        },
        vectors: { type: 'feature.fft', from: ['cycle'], settings },
        numbers: { type: 'feature.fft', from: ['in'], settings },
      },
      feed: { in: feed },
      collect: ['vectors', 'numbers'],
    });
    const numbers = records.numbers.filter((row) => row.v_bins !== undefined);
    expect(records.vectors).toHaveLength(60);
    expect(numbers).toHaveLength(60);
    golden.forEach((row, i) => {
      const wanted = Array.from({ length: 31 }, (_, k) => row[`bin${k}`] as number);
      // The table has nine digits.
      expect(apart(records.vectors[i].v_bins, wanted)).toBeLessThan(1e-8);
      expect(apart(numbers[i].v_bins, wanted)).toBeLessThan(1e-8);
    });
    expect(records.vectors[0]).not.toHaveProperty('v');
    expect(records.numbers[3]).toEqual(feed[3]);
  });

  test('an acceleration of a drone, overlapping windows of 256, equals numpy', async () => {
    const golden = readGolden('px4-multirate/golden_fft256_imu_acc_z.first10.csv');
    const feed = readGolden('px4-multirate/imu_acc_z.first1408.csv').map((row) => ({
      t: (row.t_us as number) / 1000,
      v: row.acc_z,
    }));
    const { rows } = await fft({ size: 256, hop: 128, sampleHz: 250, out: ['bins'] }, feed, {
      batchRows: 100,
    });
    const ends = rows.filter((row) => row.v_bins !== undefined);
    expect(ends.map(({ t }) => t)).toEqual(golden.map((row) => (row.t_last_us as number) / 1000));
    golden.forEach((row, i) => {
      const wanted = Array.from({ length: 65 }, (_, k) => row[`bin${k}`] as number);
      // The table has nine digits.
      expect(apart((ends[i].v_bins as number[]).slice(0, 65), wanted)).toBeLessThan(1e-8);
    });
  });

  test('the peak of the last 30 cycles of turbofan engines, a unit at a time, equals numpy', async () => {
    const raw = readGolden('cmapss-fd001/test.units1-3.csv');
    const golden = readGolden('cmapss-fd001/golden_features.units1-3.csv');
    const feed = raw
      .map((row, i) => ({ row, i }))
      .toSorted((a, b) => (a.row.cycle as number) - (b.row.cycle as number));
    const settings = { size: 30, hop: 1, sampleHz: 1, window: 'none', out: ['peak'], keyBy: 'unit' };
    const { rows } = await fft(
      settings,
      feed.map(({ row }) => ({ t: row.cycle, unit: row.unit, v: row.s11 })),
    );
    // Where there are no 30 cycles yet, the table has 0.
    const pairs = rows.map((row, k) => [row.v_peak ?? 0, golden[feed[k].i].fft30max_s11_raw] as const);
    expect(pairs).toHaveLength(206);
    expect(pairs.filter(([, wanted]) => wanted !== 0).length).toBeGreaterThan(90);
    expect(worst(pairs, 0.01, 9)).toBeLessThan(1e-9);
  });

  test('a sine is read as its amplitude and frequency, in its band', async () => {
    const bands = [
      { name: 'low', fromHz: 0, toHz: 10 },
      { name: 'mid', fromHz: 10, toHz: 20 },
      { name: 'high', fromHz: 20, toHz: 100 },
    ];
    const out = ['peak', 'centroid', 'rolloff', 'bands'];
    for (const window of ['none', 'hann']) {
      const settings = { size: 64, sampleHz: 64, window, out, bands, scale: 'amplitude' };
      const { rows } = await fft(settings, series(sine(64, 12, 64, 2).map((x) => x + 7)));
      expect(rows[63].v_peak).toBeCloseTo(2, 12);
      expect(rows[63].v_peakHz).toBe(12);
      expect(rows[63].v_centroid).toBeCloseTo(12, 10);
      expect(rows[63].v_rolloff).toBe(window === 'none' ? 12 : 13);
      expect(rows[63].v_low).toBeCloseTo(0, 12);
      // The weights spread half of it to either side.
      expect(rows[63].v_mid).toBeCloseTo(window === 'none' ? 4 : 6, 12);
      expect(rows[63].v_high).toBeCloseTo(0, 12);
    }
  });

  test('amplitudes at 0 Hz and at half of the rate stand once in a spectrum', async () => {
    const values = Array.from({ length: 8 }, (_, i) => 3 + (i % 2 ? -0.5 : 0.5));
    const settings = {
      size: 8,
      sampleHz: 8,
      window: 'none',
      detrend: 'none',
      out: ['bins'],
      scale: 'amplitude',
    };
    const { rows } = await fft(settings, series(values));
    expect(apart(rows[7].v_bins, [3, 0, 0, 0, 0.5])).toBeLessThan(1e-14);
  });

  test('a line is taken off, and what does not move has no frequency', async () => {
    const settings = { size: 16, sampleHz: 16, detrend: 'linear', window: 'none', out: ['peak', 'centroid'] };
    const ramp = sine(16, 4, 16).map((x, i) => x + 100 * i);
    const wave = (await fft({ ...settings, scale: 'amplitude' }, series(ramp))).rows[15];
    expect(wave.v_peakHz).toBe(4);
    const still = await fft({ ...settings, detrend: 'mean' }, series(Array(16).fill(5)));
    expect(still.rows[15]).toMatchObject({ v_peak: 0, v_peakHz: null, v_centroid: null });
  });

  test('a row without a value spoils its windows; records without the column are no rows', async () => {
    const feed = [
      ...series([1, 2, null, 4, 'text', 6, 7, 8, 9]),
      { t: 9, other: 1 },
      { t: 10, v: [1, 2, 3] },
      { t: 11, v: [1, 2, 3, NaN] },
      { t: 12, v: [1, -1, 1, -1] },
    ];
    const settings = {
      size: 4,
      hop: 2,
      sampleHz: 4,
      window: 'none',
      out: ['peak', 'bins'],
      keepWindow: true,
    };
    const { rows, counted } = await fft(settings, feed, { batchRows: 4 });
    expect(rows.map(({ v_peak }) => v_peak)).toEqual([
      ...Array(3),
      null,
      undefined,
      null,
      undefined,
      null,
      ...Array(2),
      null,
      null,
      4,
    ]);
    expect(rows[9]).toEqual({ t: 9, other: 1 });
    expect(rows[12]).toMatchObject({ v: [1, -1, 1, -1], v_bins: [0, 0, 4] });
    expect(rows[10].v_bins).toBeNull();
    expect(counted).toEqual({ text: 1, incomplete: 4, 'wrong-size': 1 });
  });

  test('a hole that align.rows announces begins a new window', async () => {
    const at = (from: number, values: number[]) => values.map((v, i) => ({ t: from + 1000 * i, v }));
    const { records } = await runRecords({
      modules: {
        grid: {
          type: 'align.rows',
          from: ['in'],
          settings: { grid: { periodMs: 1000 }, maxFillRows: 0, columns: [{ name: 'v', maxAgeMs: 0 }] },
        },
        x: {
          type: 'feature.fft',
          from: ['grid'],
          settings: { column: 'v', size: 4, sampleHz: 1, out: ['peak'] },
        },
      },
      feed: { in: [...at(1000, [1, 2, 3]), ...at(90_000, [5, 6, 7, 8])] },
      collect: ['x'],
    });
    const rows = records.x.filter((row) => !('gap' in row));
    expect(rows.length).toBeLessThan(records.x.length);
    expect(rows.filter((row) => row.v_peak !== undefined).map(({ t }) => t)).toEqual([93_000]);
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 60 }, (_, i) => ({
      t: i,
      v: i % 31 ? Math.cos(i * i) : null,
      m: i % 2,
    }));
    for (const hop of [1, 3, 8, 11]) {
      const settings = { size: 8, hop, sampleHz: 1, out: ['bins', 'peak', 'centroid'], keyBy: 'm' };
      const whole = await fft(settings, feed);
      expect(whole.rows.some(({ v_peak }) => typeof v_peak === 'number')).toBe(true);
      for (const cutAfter of [5, 20, 37])
        expect((await fft(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
    }
  });

  test('what contradicts itself is refused', () => {
    const check = (settings: object, incoming = columnsOf({ v: 'number' }, { periodMs: 10 })) =>
      kind.check!(
        kind.settings.parse({ column: 'v', size: 8, sampleHz: 100, ...settings }),
        [incoming],
        () => undefined,
      ).map(({ pointer }) => pointer);
    const band = { name: 'a', fromHz: 1, toHz: 5 };
    expect(check({})).toEqual([]);
    expect(check({ sampleHz: 10 })).toEqual(['/sampleHz']);
    expect(check({ out: ['bands'] })).toEqual(['/bands']);
    expect(check({ out: ['bands'], bands: [band] })).toEqual([]);
    expect(check({ out: ['bands'], bands: [band, band] })).toEqual(['/bands']);
    expect(check({ out: ['bands'], bands: [{ ...band, fromHz: 51, toHz: 60 }] })).toEqual(['/bands/0']);
    expect(check({}, columnsOf({ v: { type: 'vector', shape: [16] } }))).toEqual(['/size']);
  });
});
