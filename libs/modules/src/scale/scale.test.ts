import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
