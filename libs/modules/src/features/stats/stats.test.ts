import { readFileSync } from 'node:fs';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../../test/kit/golden.js';

async function stats(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.stats', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

/** Of 2, 3, 5, 8, 13, 21.5: the formulas in decimal arithmetic of forty digits. pandas itself is below. */
const KNOWN = {
  mean: 8.75,
  var: 54.775,
  std: 7.401013444116961,
  min: 2,
  max: 21.5,
  rms: 11.05478780137065,
  p2p: 19.5,
  skew: 1.1830259626501405,
  kurtosis: 0.7772866927293327,
  crest: 1.944858679000087,
  median: 6.5,
  q10: 2.5,
  q97_5: 20.4375,
  slope: 3.7285714285714286,
  diff: 8.5,
  first: 2,
  last: 21.5,
  count: 6,
};
const SERIES = [2, 3, 5, 8, 13, 21.5];
const ALL = [
  'mean',
  'var',
  'std',
  'min',
  'max',
  'rms',
  'p2p',
  'skew',
  'kurtosis',
  'crest',
  'median',
  'quantiles',
  'slope',
  'diff',
  'first',
  'last',
  'count',
];
const of = (row: PlainRecord, column: string, names = Object.keys(KNOWN)) =>
  names.map((name) => [row[`${column}_${name}`], KNOWN[name as keyof typeof KNOWN]] as const);

describe('feature.stats', () => {
  test('all statistics, over a vector, the columns of a row, and the last rows', async () => {
    const settings = { columns: ['v'], out: ALL, quantiles: [0.1, 0.975] };
    const vector = await stats(settings, [{ t: 1, v: SERIES, other: 1 }]);
    expect(worst(of(vector.rows[0], 'v'))).toBeLessThan(1e-12);
    expect(vector.rows[0]).toMatchObject({ t: 1, other: 1 });
    expect(vector.rows[0]).not.toHaveProperty('v');

    const columns = SERIES.map((_, i) => `c${i}`);
    const row = await stats({ ...settings, columns, over: 'row' }, [
      { t: 1, ...Object.fromEntries(SERIES.map((x, i) => [`c${i}`, x])) },
      { t: 2, other: 1 },
    ]);
    expect(worst(of(row.rows[0], 'row'))).toBeLessThan(1e-12);
    expect(row.rows[1]).toEqual({ t: 2, other: 1 });

    const rolling = await stats(
      { ...settings, over: { rows: 6 } },
      [99, -4, ...SERIES].map((v, t) => ({ t, v })),
    );
    expect(worst(of(rolling.rows[7], 'v'))).toBeLessThan(1e-12);
    expect(rolling.rows[7].v).toBe(21.5);
  });

  test('population moments, and another ddof', async () => {
    const settings = { columns: ['v'], out: ['std', 'skew', 'kurtosis'], ddof: 0, bias: 'population' };
    const { rows } = await stats(settings, [{ t: 1, v: SERIES }]);
    // In the same decimal arithmetic.
    expect(rows[0].v_std).toBeCloseTo(6.756170019569766, 12);
    expect(rows[0].v_skew).toBeCloseTo(0.8639600078103281, 12);
    expect(rows[0].v_kurtosis).toBeCloseTo(-0.5906445624928002, 12);
  });

  test('what cannot be said is null', async () => {
    const settings = { columns: ['v'], out: ALL, quantiles: [0.5] };
    const { rows } = await stats(settings, [
      { t: 1, v: [] },
      { t: 2, v: [4] },
      { t: 3, v: [0.1, 0.1, 0.1, 0.1] },
      { t: 4, v: [0, 0] },
      { t: 5, v: [null, 3, null] },
    ]);
    expect(rows[0]).toMatchObject({ v_count: 0, v_mean: null, v_min: null, v_median: null, v_diff: null });
    expect(rows[1]).toMatchObject({
      v_count: 1,
      v_mean: 4,
      v_std: null,
      v_skew: null,
      v_slope: null,
      v_q50: 4,
    });
    expect(rows[2]).toMatchObject({ v_std: 0, v_skew: 0, v_kurtosis: 0, v_crest: 1 });
    expect(rows[3]).toMatchObject({ v_crest: null, v_rms: 0 });
    expect(rows[4]).toMatchObject({ v_count: 1, v_first: 3, v_last: 3, v_diff: null });
  });

  test('nulls take a place among the last rows; records without the column do not', async () => {
    const feed = [
      { t: 1, v: 1 },
      { t: 2, v: null },
      { t: 3, other: 1 },
      { t: 4, v: 'text' },
      { t: 5, v: 4 },
      { t: 6, v: 6 },
    ];
    const settings = { columns: ['v'], out: ['mean', 'count', 'diff'], over: { rows: 3 }, minRows: 1 };
    const { rows, counted } = await stats(settings, feed, { batchRows: 2 });
    expect(rows.map(({ v_mean, v_count, v_diff }) => [v_mean, v_count, v_diff])).toEqual([
      [1, 1, null],
      [1, 1, null],
      [undefined, undefined, undefined],
      [1, 1, null],
      [4, 1, null],
      [5, 2, 2],
    ]);
    expect(counted).toEqual({ text: 1 });
  });

  test('a column that is no window is counted and stays', async () => {
    const { rows, counted } = await stats({ columns: ['v'], out: ['mean'] }, [
      { t: 1, v: 3 },
      { t: 2, v: [3] },
    ]);
    expect(rows).toEqual([
      { t: 1, v: 3 },
      { t: 2, v_mean: 3 },
    ]);
    expect(counted).toEqual({ 'no-window': 1 });
  });

  test('cycles of a hydraulic rig, through align.window, equal pandas', async () => {
    const golden = readGolden('hydraulic-1hz/golden_cycle_features.first120.csv');
    const columns = ['TS1', 'TS2', 'TS4'];
    const cycles = columns.map((name) =>
      readFileSync(fixture(`hydraulic-1hz/${name}.first120.tsv`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split('\t').map(Number)),
    );
    const feed = golden.flatMap((_, cycle) =>
      Array.from({ length: 60 }, (_, k) => ({
        t: (60 * cycle + k) * 1000,
        ...Object.fromEntries(columns.map((name, c) => [name, cycles[c][cycle][k]])),
      })),
    );
    const out = ['mean', 'median', 'quantiles', 'min', 'max', 'std', 'skew', 'kurtosis', 'slope'];
    const { records } = await runRecords({
      modules: {
        cycle: {
          type: 'align.window',
          from: ['in'],
          settings: { by: 'time', size: 60_000, closed: 'left', columns, emitPartial: true },
        },
        x: {
          type: 'feature.stats',
          from: ['cycle'],
          settings: { columns, out, quantiles: [0.25, 0.75], slopePer: 'second' },
        },
      },
      feed: { in: feed as PlainRecord[] },
      collect: ['x'],
    });
    const names = { q1: 'q25', q3: 'q75', kurt: 'kurtosis' } as Record<string, string>;
    const pairs = golden.flatMap((row, i) =>
      Object.keys(row)
        .filter((name) => name.startsWith('TS'))
        .map((name) => {
          const [column, stat] = name.split('_');
          return [records.x[i][`${column}_${names[stat] ?? stat}`], row[name]] as const;
        }),
    );
    expect(pairs).toHaveLength(120 * 30);
    expect(worst(pairs, 0.01, 8)).toBeLessThan(1e-9);
  });

  test('rolling features of a machine temperature equal pandas', async () => {
    const golden = readGolden('nab-temperature/golden_machine_prep.first1000.csv');
    const settle = (over: object, out: string[]) => ({
      type: 'feature.stats',
      settings: { columns: ['value'], out, over },
    });
    const { records } = await runRecords({
      modules: {
        a: { ...settle({ rows: 12 }, ['mean', 'std', 'min', 'max', 'slope', 'diff']), from: ['in'] },
        b: { ...settle({ rows: 5 }, ['median']), from: ['in'] },
        c: { ...settle({ ms: 3600_000 }, ['mean']), from: ['in'] },
      },
      feed: { in: golden.map((row) => ({ t: Date.parse(row.t as string), value: row.value })) },
      collect: ['a', 'b', 'c'],
      batchRows: 100,
    });
    const pairs = golden.flatMap((row, i) => [
      [records.a[i].value_mean, row.mean12] as const,
      [records.a[i].value_std, row.std12] as const,
      [records.a[i].value_min, row.min12] as const,
      [records.a[i].value_max, row.max12] as const,
      [records.a[i].value_slope, row.slope12] as const,
      [records.a[i].value_diff, row.diff1] as const,
      [records.b[i].value_median, row.median5] as const,
      [records.c[i].value_mean, row.mean_1h_time] as const,
    ]);
    expect(worst(pairs, 0.01, 10)).toBeLessThan(1e-9);
    expect(golden).toHaveLength(1000);
  });

  test('an acceleration of a drone, in windows by count, equals numpy', async () => {
    const golden = readGolden('px4-multirate/golden_fft256_imu_acc_z.first10.csv');
    const feed = readGolden('px4-multirate/imu_acc_z.first1408.csv').map(({ t_us, acc_z }) => ({
      t: (t_us as number) / 1000,
      acc_z,
    }));
    const out = ['mean', 'rms', 'std', 'crest', 'skew', 'kurtosis', 'min', 'max'];
    const { records } = await runRecords({
      modules: {
        w: {
          type: 'align.window',
          from: ['in'],
          settings: { by: 'count', size: 256, hop: 128, columns: ['acc_z'], gapFactor: 5 },
        },
        x: {
          type: 'feature.stats',
          from: ['w'],
          settings: { columns: ['acc_z'], out, bias: 'population' },
        },
      },
      feed: { in: feed as PlainRecord[] },
      collect: ['x'],
    });
    const pairs = golden.flatMap((row, i) => {
      const got = records.x[i];
      return [
        [got.acc_z_mean, row.mean] as const,
        [got.acc_z_rms, row.rms] as const,
        [got.acc_z_std, row.std_ddof1] as const,
        [got.acc_z_crest, row.crest] as const,
        [got.acc_z_skew, row.skew_biased] as const,
        [got.acc_z_kurtosis, row.kurt_excess_biased] as const,
        [Math.max(got.acc_z_max as number, -(got.acc_z_min as number)), row.peak] as const,
        [Number(got.hasGap), row.has_gap] as const,
        [got.from, (row.t_first_us as number) / 1000] as const,
        [got.to, (row.t_last_us as number) / 1000] as const,
      ];
    });
    expect(records.x).toHaveLength(10);
    expect(golden.map((row) => row.has_gap)).toEqual([1, ...Array(9).fill(0)]);
    expect(worst(pairs, 0.01, 9)).toBeLessThan(1e-9);
  });

  test('a hole breaks the window, also where no row of its batch is left', async () => {
    const { records } = await runRecords({
      modules: {
        grid: {
          type: 'align.rows',
          from: ['in'],
          settings: { grid: { periodMs: 1000 }, maxFillRows: 0, columns: [{ name: 'v', maxAgeMs: 0 }] },
        },
        // Drops the row that the hole stands before.
        clean: { type: 'clean.range', from: ['grid'], settings: { field: 'v', min: 0, action: 'drop' } },
        x: {
          type: 'feature.stats',
          from: ['clean'],
          settings: { columns: ['v'], out: ['mean'], over: { rows: 100 }, minRows: 1 },
        },
      },
      feed: {
        in: [1, 2, -9, 30, 40].map((v, i) => ({ t: i * 1000 + (i < 2 ? 0 : 60_000), v })),
      },
      collect: ['x'],
      batchRows: 1,
    });
    expect(records.x.some((record) => 'gap' in record)).toBe(true);
    expect(records.x.filter(({ v }) => v !== undefined).map(({ v_mean }) => v_mean)).toEqual([
      1, 1.5, 30, 35,
    ]);
  });

  test('features of turbofan engines, one window a unit, equal pandas', async () => {
    const raw = readGolden('cmapss-fd001/test.units1-3.csv');
    const golden = readGolden('cmapss-fd001/golden_features.units1-3.csv');
    const columns = ['s4', 's11', 's12'];
    // The units take turns, so that their windows must be apart.
    const feed = raw
      .map((row, i) => ({ row, i }))
      .toSorted((a, b) => (a.row.cycle as number) - (b.row.cycle as number));
    const out = ['mean', 'std', 'skew', 'diff'];
    const settings = { columns, out, over: { rows: 5 }, minRows: 1, keyBy: 'unit' };
    const { records } = await runRecords({
      modules: {
        scale: { type: 'scale.minmax', from: ['in'], settings: { columns, resource: 'resource:scaler@1' } },
        x: { type: 'feature.stats', from: ['scale'], settings },
      },
      feed: { in: feed.map(({ row }) => ({ t: row.cycle, ...row })) as PlainRecord[] },
      collect: ['x'],
      host: {
        resource: (name) => ({ path: fixture('cmapss-fd001/scaler.json'), name, version: 1, digest: null }),
      },
    });
    const rows = records.x;
    const pairs = rows.flatMap((row, k) =>
      columns.flatMap((c) => {
        const wanted = golden[feed[k].i];
        // Where pandas has nothing, the table has 0.
        return out.map((stat) => {
          const name = stat === 'diff' ? `diff_${c}` : `${stat}5_${c}`;
          return [row[`${c}_${stat}`] ?? 0, wanted[name]] as const;
        });
      }),
    );
    expect(pairs).toHaveLength(206 * 12);
    // Below 0.1 pandas itself is less exact: it has a skew of -7.6e-11 where five values lie evenly.
    expect(worst(pairs, 0.1, 9)).toBeLessThan(1e-9);
  });

  test.each(['row', 'second'])(
    'long windows do not drift, and forget a spike (slope per %s)',
    async (slopePer) => {
      const values = Array.from(
        { length: 3000 },
        (_, i) => Math.sin(i) + (i === 500 ? 1e12 : 0) + (i > 2000 ? 1e6 : 0),
      );
      const settings = {
        columns: ['v'],
        out: ALL,
        slopePer,
        over: { rows: 400 },
      };
      const { rows } = await stats(
        settings,
        values.map((v, t) => ({ t, v })),
      );
      for (const i of [950, 1500, 2999]) {
        const window = values.slice(i - 399, i + 1);
        const times = window.map((_, k) => k);
        const alone = await stats({ ...settings, over: 'window' }, [{ t: 0, v: window, times }]);
        expect(
          worst(
            Object.entries(alone.rows[0])
              .slice(1)
              .map(([name, value]) => [rows[i][name], value] as const),
          ),
        ).toBeLessThan(1e-9);
      }
    },
  );

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 50 }, (_, i) => ({
      t: i * i,
      v: i % 7 ? Math.cos(i) : null,
      w: i,
      m: i % 2,
    }));
    for (const over of [{ rows: 4 }, { ms: 300 }]) {
      const settings = { columns: ['v', 'w'], out: ALL, over, minRows: 2, keyBy: 'm', slopePer: 'second' };
      const whole = await stats(settings, feed);
      for (const cutAfter of [3, 20, 21]) {
        expect((await stats(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
      }
    }
  });
});
