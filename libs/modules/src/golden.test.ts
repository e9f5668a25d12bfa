/**
 * Golden tables whose definition takes a chain of modules: real files with wrong clocks, duplicates and holes as
 * they were recorded, cleaned, aligned and summed up as pandas and numpy did (test/fixtures, SOURCES.md).
 *
 * Tolerance: 1e-9 relative beyond the digits that a table was printed with. Tables of one module are tested
 * beside that module.
 */
import type { PlainRecord } from '@millrace/engine';
import type { FlowModule } from '@millrace/schemas';
import { runRecords } from '../../../test/kit/flow.js';
import { readGolden, worst, type GoldenRow } from '../../../test/kit/golden.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NAB_DIGITS = 10;

const time = (text: unknown) => Date.parse(`${(text as string).replace(' ', 'T').replace('Z', '')}Z`);
/** Rows by the column of the table that names their time. */
const byTime = (rows: PlainRecord[]) => new Map(rows.map((row) => [row.t as number, row]));
/** A table's cells beside what a flow gave for them, by the names of both. */
const pairsOf = (golden: GoldenRow[], at: (row: GoldenRow) => number, rows: PlainRecord[], names: object) => {
  const found = byTime(rows);
  return golden.flatMap((row) =>
    Object.entries(names).map(([column, field]) => [found.get(at(row))?.[field], row[column]] as const),
  );
};

describe('a machine whose clock steps back 55 minutes (NAB)', () => {
  const raw = readGolden('nab-temperature/machine_step.csv');
  const golden = readGolden('nab-temperature/golden_machine_prep.step.csv');
  /** One row each five minutes, of the sample that arrived last; disorder up to the step is waited for. */
  const grid: FlowModule = {
    type: 'align.rows',
    from: ['in'],
    settings: {
      grid: { periodMs: 5 * MINUTE },
      latenessMs: HOUR,
      columns: [{ name: 'value', maxAgeMs: 0 }],
    },
  };
  const stats = (over: object, out: string[]): FlowModule => ({
    type: 'feature.stats',
    from: ['grid'],
    settings: { columns: ['value'], out, over },
  });
  const modules: Record<string, FlowModule> = {
    grid,
    twelve: stats({ rows: 12 }, ['mean', 'std', 'min', 'max', 'slope', 'diff']),
    five: stats({ rows: 5 }, ['median']),
    hour: stats({ ms: HOUR }, ['mean']),
    ewma: { type: 'feature.ewma', from: ['grid'], settings: { column: 'value', alpha: 0.1 } },
    z: {
      type: 'scale.standard',
      from: ['grid'],
      settings: {
        columns: ['value'],
        parameters: { value: { mean: 82.01881100449334, scale: 6.590327640106561 } },
      },
    },
  };

  test('all features equal pandas on what arrived last, and the doubled stamps are counted', async () => {
    const { records, counters } = await runRecords({
      modules,
      feed: { in: raw.map(({ timestamp, value }) => ({ t: time(timestamp), value })) },
      collect: ['grid', 'twelve', 'five', 'hour', 'ewma', 'z'],
      batchRows: 50,
    });
    expect(counters.grid.counted).toEqual({ dup: 12 });
    expect(records.grid).toHaveLength(raw.length - 12);
    const names = {
      twelve: {
        mean12: 'value_mean',
        std12: 'value_std',
        min12: 'value_min',
        max12: 'value_max',
        slope12: 'value_slope',
        diff1: 'value_diff',
        value: 'value',
      },
      five: { median5: 'value_median' },
      hour: { mean_1h_time: 'value_mean' },
      ewma: { 'ewma_a0.1': 'value_ewma' },
      z: { z: 'value' },
    };
    for (const [module, columns] of Object.entries(names)) {
      const pairs = pairsOf(golden, ({ t }) => time(t), records[module], columns);
      expect(pairs).toHaveLength(157 * Object.keys(columns).length);
      // Differences lose the digits that both have in front; and of a slope near zero nothing is left.
      const floor = module === 'twelve' ? 0.01 : 0.001;
      expect([module, worst(pairs, floor, NAB_DIGITS) < 1e-9]).toEqual([module, true]);
    }
  });

  test('without waiting, late samples are counted and let no row go twice', async () => {
    const { records, counters } = await runRecords({
      modules: { grid: { ...grid, settings: { ...grid.settings, latenessMs: 0 } } },
      feed: { in: raw.map(({ timestamp, value }) => ({ t: time(timestamp), value })) },
      collect: ['grid'],
    });
    // 02:00 to 02:55 again: the last of them only doubles what is held.
    expect(counters.grid.counted).toEqual({ late: 11, dup: 1 });
    expect(records.grid).toHaveLength(raw.length - 12);
  });
});

test('buckets of 15 minutes, named by their start, equal pandas resample', async () => {
  const golden = readGolden('nab-temperature/golden_machine_resample15min.first333.csv');
  const feed = readGolden('nab-temperature/golden_machine_prep.first1000.csv').map(({ t, value }) => ({
    t: time(t),
    value,
  }));
  const out = ['mean', 'count', 'min', 'max'];
  const { records } = await runRecords({
    modules: {
      rows: {
        type: 'align.rows',
        from: ['in'],
        settings: {
          grid: { periodMs: 15 * MINUTE },
          closed: 'left',
          label: 'start',
          columns: out.map((method) => ({ name: method, from: 'value', method, maxAgeMs: 0 })),
        },
      },
      buckets: {
        type: 'align.window',
        from: ['in'],
        settings: { by: 'time', size: 15 * MINUTE, closed: 'left', label: 'start', columns: ['value'] },
      },
      stats: { type: 'feature.stats', from: ['buckets'], settings: { columns: ['value'], out } },
    },
    feed: { in: feed },
    collect: ['rows', 'stats'],
  });
  const at = ({ bucket_start }: GoldenRow) => time(bucket_start);
  const same = Object.fromEntries(out.map((name) => [name, name]));
  const named = Object.fromEntries(out.map((name) => [name, `value_${name}`]));
  for (const pairs of [pairsOf(golden, at, records.rows, same), pairsOf(golden, at, records.stats, named)]) {
    expect(pairs).toHaveLength(333 * 4);
    expect(worst(pairs, 1, NAB_DIGITS)).toBeLessThan(1e-9);
  }
});

test('an ambient temperature with holes of one and 31 hours: carried, interpolated, scaled, rolled', async () => {
  const golden = readGolden('nab-temperature/golden_ambient_1h.holes.csv');
  const hourly = (maxAgeMs: number): FlowModule => ({
    type: 'align.rows',
    from: ['in'],
    settings: {
      grid: { periodMs: HOUR },
      closed: 'left',
      label: 'start',
      maxFillRows: 100,
      columns: [{ name: 'v', method: 'mean', maxAgeMs }],
    },
  });
  const { records, counters } = await runRecords({
    modules: {
      buckets: hourly(0),
      // A sample on the hour is an hour old at the end of its own bucket, and four at the end of the third after.
      carried: hourly(4 * HOUR),
      fill: {
        type: 'clean.fill',
        from: ['buckets'],
        settings: { field: 'v', method: 'hold', maxAgeMs: 3 * HOUR },
      },
      line: {
        type: 'clean.fill',
        from: ['buckets'],
        settings: { field: 'v', method: 'linear', maxAgeMs: 3 * HOUR, maxHoleMs: 100 * HOUR },
      },
      z: {
        type: 'scale.standard',
        from: ['fill'],
        settings: {
          columns: ['v'],
          parameters: { v: { mean: 70.43440955253334, scale: 3.082364587507027 } },
        },
      },
      rolled: {
        type: 'feature.stats',
        from: ['fill'],
        settings: { columns: ['v'], out: ['mean', 'std'], over: { rows: 24 }, minRows: 12 },
      },
    },
    feed: {
      in: golden.flatMap(({ bucket_start, raw_bucket_mean: v }) =>
        v === null ? [] : [{ t: time(bucket_start), v }],
      ),
    },
    collect: ['buckets', 'carried', 'fill', 'line', 'z', 'rolled'],
  });
  const at = ({ bucket_start }: GoldenRow) => time(bucket_start);
  const rows = golden.slice(0, -1);
  const check = (module: string, names: object, table = rows) => {
    const pairs = pairsOf(table, at, records[module], names);
    expect([module, worst(pairs, 0.01, NAB_DIGITS) < 1e-9]).toEqual([module, true]);
  };
  check('buckets', { raw_bucket_mean: 'v' });
  check('fill', { ffill3: 'v' });
  check('carried', { ffill3: 'v' });
  check('line', { interp_linear_max3: 'v' });
  check('z', { z: 'v' });
  // Up to here the table's own window reaches back to rows that the fixture has not.
  check('rolled', { mean24_min12: 'v_mean', std24_min12: 'v_std' }, rows.slice(23));
  const filled = golden.filter(({ is_filled }) => is_filled === 1).map(at);
  expect(filled).toHaveLength(4);
  const repeated = records.carried.filter((row) => (row.flag as { v: string }).v === 'repeated');
  expect(repeated.map(({ t }) => t)).toEqual(filled);
  expect(counters.fill.counted.filled).toBe(4);
});

/**
 * Cells of the drone's log: hold, mean, count and linear of five sensors at 250 to 1 Hz, on a grid of 100 ms, over
 * a drop-out of the logger of 64 ms.
 */
describe('a drone with sensors of five rates (PX4)', () => {
  const sensors = {
    imu: { field: 'acc_z', maxAgeMs: 50 },
    motors: { field: 'motor0', maxAgeMs: 250 },
    attitude: { field: 'yawspeed', maxAgeMs: 100 },
    position: { field: 'z', maxAgeMs: 300 },
    cpu: { field: 'load', maxAgeMs: 1500 },
  };
  const methods = { hold: 'hold', mean: 'mean', count: 'count', lin: 'linear' };
  const columns = Object.entries(sensors).flatMap(([from, { field, maxAgeMs }]) =>
    Object.entries(methods).map(([short, method]) => ({
      name: `${short}:${from}.${field}`,
      from: `${from}.${field}`,
      method,
      // An aggregate is of its own period and is not repeated.
      maxAgeMs: method === 'hold' || method === 'linear' ? maxAgeMs : 0,
    })),
  );
  const golden = readGolden('px4-multirate/golden_align_10hz.dropout.csv');
  const feed = Object.fromEntries(
    Object.keys(sensors).map((name) => [
      name,
      readGolden(`px4-multirate/dropout_${name}.csv`).map(({ t_us, ...fields }) => ({
        t: (t_us as number) / 1000,
        ...fields,
      })),
    ]),
  ) as Record<string, PlainRecord[]>;

  test.each([1, 7, 256])('every cell equals pandas, in batches of %i', async (batchRows) => {
    const settings = { grid: { periodMs: 100 }, latenessMs: 1500, columns };
    const { records, counters } = await runRecords({
      modules: { rows: { type: 'align.rows', from: Object.keys(sensors), settings } },
      feed,
      collect: ['rows'],
      batchRows,
    });
    const at = byTime(records.rows);
    let held = 0;
    const pairs = golden.flatMap((row) => {
      const got = at.get((row.t_us as number) / 1000)!;
      const flags = got.flag as Record<string, string>;
      return columns.map(({ name }) => {
        // The table leaves a cell empty whose neighbours are too far apart; ours has the one before, and says so.
        const apart = flags[name] === 'held';
        if (apart) held++;
        return [apart ? null : got[name], row[name]] as const;
      });
    });
    expect(pairs).toHaveLength(36 * 20);
    expect(worst(pairs, 1e-3, 9)).toBeLessThan(1e-9);
    expect(held).toBeGreaterThan(0);
    expect(counters.rows.counted).toEqual({});
  });
});
