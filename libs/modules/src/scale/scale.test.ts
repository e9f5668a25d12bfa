import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@millrace/schemas';
import type { Host, PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../test/kit/golden.js';

async function scale(type: string, settings: Record<string, unknown>, feed: object[], path?: string) {
  const host: Partial<Host> = {
    resource: (name) => ({ path: path!, name, version: 1, digest: null }),
  };
  const { records, counters } = await runRecords({
    modules: { x: { type, from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    host,
  });
  return { rows: records.x, ...counters.x };
}

const refusal = async (work: Promise<unknown>): Promise<Failure> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('scale.minmax', () => {
  test('equals scikit-learn on turbofan engines, with the parameters from a file', async () => {
    const columns = ['s4', 's11', 's12'];
    const raw = readGolden('cmapss-fd001/test.units1-3.csv');
    const golden = readGolden('cmapss-fd001/golden_features.units1-3.csv');
    const { rows } = await scale(
      'scale.minmax',
      { columns, resource: 'resource:scaler@1' },
      raw.map((row, t) => ({ t, ...row })) as PlainRecord[],
      fixture('cmapss-fd001/scaler.json'),
    );
    const pairs = rows.flatMap((row, i) => columns.map((c) => [row[c], golden[i][`minmax_${c}`]] as const));
    // The table has nine digits.
    expect(worst(pairs)).toBeLessThan(1e-9);
  });

  test('another range, and limits', async () => {
    const feed = [
      { t: 1, a: -5 },
      { t: 2, a: 5 },
      { t: 3, a: 20 },
      { t: 4, b: 1 },
      { t: 5, a: null },
    ];
    const settings = { columns: ['a'], parameters: { a: { min: 0, max: 10 } }, featureRange: [-1, 1] };
    expect((await scale('scale.minmax', settings, feed)).rows.map(({ a }) => a)).toEqual([
      -2,
      0,
      3,
      undefined,
      null,
    ]);
    const clipped = await scale('scale.minmax', { ...settings, clip: true }, feed);
    expect(clipped.rows.map(({ a }) => a)).toEqual([-1, 0, 1, undefined, null]);
  });

  test('range and limits of the fitted scaler hold, unless the settings say others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-scale-'));
    const run = async (entry: object, settings: object = {}) => {
      const file = join(folder, 'p.json');
      writeFileSync(file, JSON.stringify({ a: { min: 0, max: 10, ...entry } }));
      const feed = [-5, 5, 20].map((a, t) => ({ t, a }));
      const all = { columns: ['a'], resource: 'resource:p@1', ...settings };
      return (await scale('scale.minmax', all, feed, file)).rows.map(({ a }) => a);
    };
    try {
      expect(await run({ featureRange: [-1, 1], clip: true })).toEqual([-1, 0, 1]);
      expect(await run({ featureRange: [-1, 1] })).toEqual([-2, 0, 3]);
      expect(await run({ featureRange: [-1, 1], clip: true }, { featureRange: [0, 1], clip: false })).toEqual(
        [-0.5, 0.5, 2],
      );
      expect((await refusal(run({ featureRange: [1, 1] }))).message).toContain(
        'column a: featureRange is no pair',
      );
      expect((await refusal(run({ featureRange: 'wide' }))).code).toBe('engine.parameters-missing');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a range of 0 counts as 1', async () => {
    const settings = { columns: ['a'], parameters: { a: { min: 3, max: 3 } } };
    expect(
      (
        await scale('scale.minmax', settings, [
          { t: 1, a: 3 },
          { t: 2, a: 3.5 },
        ])
      ).rows,
    ).toEqual([
      { t: 1, a: 0 },
      { t: 2, a: 0.5 },
    ]);
  });
});

describe('scale.standard', () => {
  const parameters = { a: { mean: 10, scale: 2 }, b: { mean: 1, scale: 0 } };

  test('numbers and vectors; texts pass and are counted', async () => {
    const feed: PlainRecord[] = [
      { t: 1, a: 14, b: 3 },
      { t: 2, a: [8, null, 12] },
      { t: 3, a: 'x' },
      { t: 4, a: 1000 },
    ];
    const { rows, counted } = await scale(
      'scale.standard',
      { columns: ['a', 'b'], parameters, clip: 5 },
      feed,
    );
    expect(rows).toEqual([
      { t: 1, a: 2, b: 2 },
      { t: 2, a: [-1, null, 1] },
      { t: 3, a: 'x' },
      { t: 4, a: 5 },
    ]);
    expect(counted).toEqual({ text: 1 });
  });

  test('parameters that are missing, or a file that is none, stop the start and say what is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-scale-'));
    try {
      const file = (text: string) => {
        writeFileSync(join(folder, 'p.json'), text);
        return join(folder, 'p.json');
      };
      const start = (text: string) =>
        refusal(scale('scale.standard', { columns: ['q'], resource: 'resource:p@1' }, [], file(text)));
      expect(await start('{"a": {"mean": 1, "scale": 1}}')).toMatchObject({
        code: 'engine.parameters-missing',
        message: expect.stringContaining('column q; it has a'),
      });
      expect((await start('{"q": {"mean": 1}}')).message).toContain('"scale"');
      expect((await start('no json')).message).toContain('cannot be read as JSON');
      expect((await start('[]')).message).toContain('no object of columns');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('scale.robust', () => {
  // From scikit-learn's own documentation of RobustScaler.
  const rows = [
    [1, -2, 2],
    [-2, 1, 3],
    [4, 1, -2],
  ];
  const parameters = {
    a: { center: 1, scale: 3 },
    b: { center: 1, scale: 1.5 },
    c: { center: 2, scale: 2.5 },
  };

  test('equals the example of scikit-learn', async () => {
    const feed = rows.map(([a, b, c], t) => ({ t, a, b, c }));
    const { rows: scaled } = await scale('scale.robust', { columns: ['a', 'b', 'c'], parameters }, feed);
    expect(scaled.map(({ a, b, c }) => [a, b, c])).toEqual([
      [0, -2, 0],
      [-1, 0, 0.4],
      [1, 0, -1.6],
    ]);
  });

  test('equals the definition on a test rig, with the quartiles of pandas as parameters', async () => {
    const [golden] = readGolden('hydraulic-1hz/golden_cycle_features.first120.csv');
    const [first] = readFileSync(fixture('hydraulic-1hz/TS1.first120.tsv'), 'utf8').split('\n');
    const values = first.trim().split('\t').map(Number);
    const [median, q1, q3] = ['median', 'q1', 'q3'].map((name) => golden[`TS1_${name}`] as number);
    const { rows: scaled } = await scale(
      'scale.robust',
      { columns: ['v'], parameters: { v: { center: median, scale: q3 - q1 } } },
      values.map((v, t) => ({ t, v })),
    );
    const numbers = scaled.map(({ v }) => v as number);
    expect(worst(numbers.map((z, i) => [z * (q3 - q1) + median, values[i]]))).toBeLessThan(1e-12);
    // What the scaler is for: half of the values within one quartile distance, the median at 0.
    const sorted = numbers.toSorted((a, b) => a - b);
    expect((sorted[29] + sorted[30]) / 2).toBeCloseTo(0, 10);
  });

  test('a scale of 0 counts as 1, what comes out is limited, vectors are scaled', async () => {
    const { rows: scaled } = await scale(
      'scale.robust',
      {
        columns: ['a', 'b'],
        parameters: { a: { center: 5, scale: 0 }, b: { center: 0, scale: 2 } },
        clip: 3,
      },
      [
        { t: 1, a: 6, b: [2, null, 20] },
        { t: 2, a: 60, b: null },
      ],
    );
    expect(scaled).toEqual([
      { t: 1, a: 1, b: [1, null, 3] },
      { t: 2, a: 3, b: null },
    ]);
  });

  test('says which parameter is missing', async () => {
    const failed = refusal(
      scale('scale.robust', { columns: ['a'], parameters: { a: { scale: 1, mean: 2 } } }, []),
    );
    expect((await failed).message).toContain('center');
  });
});
