import { readFileSync } from 'node:fs';
import {
  Batch,
  eachRecord,
  RecordReader,
  Schema,
  toRecord,
  type Host,
  type PlainRecord,
} from '@millrace/engine';
import type { Contract } from '@millrace/schemas';
import { columnsOf } from '@millrace/flow';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../../test/kit/golden.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const host: Partial<Host> = { path: (file) => fixture(`onnx/${file}/model.onnx`) };

async function model(
  settings: Record<string, unknown>,
  feed: PlainRecord[],
  more: Record<string, unknown> = {},
) {
  const { module = {}, ...rest } = more;
  const { records, counters } = await runRecords({
    modules: { x: { type: 'model.onnx', from: ['in'], settings, ...(module as object) } },
    feed: { in: feed },
    collect: ['x', 'x.incomplete', 'x.error'],
    host,
    ...rest,
  });
  return { rows: records.x, incomplete: records['x.incomplete'], failed: records['x.error'], ...counters.x };
}

const rul = readGolden('onnx/cmapss_hgb_rul/vectors.csv');
const features = Object.keys(rul[0]).slice(1, -2);
const rulSettings = {
  model: 'cmapss_hgb_rul',
  inputs: [{ tensor: 'X', columns: features }],
  outputs: [{ tensor: 'variable', as: 'life' }],
};
const rulFeed = rul.map((row, t) => ({ t, ...row })) as PlainRecord[];

const cooler = readGolden('onnx/hydraulic_rf_zipmap/vectors.csv');
const coolerSettings = {
  model: 'hydraulic_rf_zipmap',
  inputs: [{ tensor: 'X', columns: Object.keys(cooler[0]).slice(1, 13) }],
  outputs: [
    { tensor: 'output_label', as: 'condition' },
    { tensor: 'output_probability', label: 'failing', as: 'failing' },
    { tensor: 'output_probability', index: 1, as: 'ok' },
    { tensor: 'output_probability', as: 'all' },
  ],
};

describe('model.onnx', () => {
  test.each([1, 7, 256])('remaining life of engines, in order, %d rows a batch', async (batchRows) => {
    const { rows, dropped } = await model(rulSettings, rulFeed, { batchRows });
    expect(rows.map(({ t }) => t)).toEqual(rulFeed.map(({ t }) => t));
    // float32 thresholds of trees: a hundredth of a cycle.
    expect(worst(rows.map((row, i) => [row.life, rul[i].rul_pred]))).toBeLessThan(1e-2);
    expect(rows[0].s2).toBe(rul[0].s2);
    expect(dropped).toEqual({});
  });

  test('labels, the probability of a class by name and by index, and all of them', async () => {
    const { rows } = await model(coolerSettings, cooler.map((row, t) => ({ t, ...row })) as PlainRecord[]);
    expect(rows.map(({ condition }) => condition)).toEqual(cooler.map(({ label }) => label));
    const pairs = rows.flatMap((row, i) => [
      [row.failing, cooler[i].p_failing] as const,
      [row.ok, cooler[i].p_ok] as const,
      [(row.all as number[])[2], cooler[i].p_reduced] as const,
    ]);
    expect(worst(pairs)).toBeLessThan(1e-5);
  });

  test('a sequence model takes windows; one of the wrong length is an error of its own', async () => {
    const { inputs, outputs } = JSON.parse(
      readFileSync(fixture('onnx/melvin_lstm_rul/vectors.json'), 'utf8'),
    ) as {
      inputs: Record<string, { dims: number[]; data: number[] }>;
      outputs: Record<string, { data: number[] }>;
    };
    const [[tensor, { dims, data }]] = Object.entries(inputs);
    const [[out, { data: wanted }]] = Object.entries(outputs);
    const size = 30 * 14;
    const feed = Array.from({ length: dims[0] }, (_, i) => ({
      t: i,
      w: data.slice(i * size, (i + 1) * size),
    }));
    const short = { t: 99, w: data.slice(0, size - 14) };
    const { rows, failed, errors, lastError } = await model(
      {
        model: 'melvin_lstm_rul',
        inputs: [{ tensor, window: 'w', shape: [30, 14] }],
        outputs: [{ tensor: out, as: 'life' }],
      },
      [...feed, short],
      { module: { onError: 'port' } },
    );
    expect(worst(rows.map((row, i) => [row.life, wanted[i]]))).toBeLessThan(1e-4);
    expect(rows).toHaveLength(dims[0]);
    expect(failed.map(({ t }) => t)).toEqual([99]);
    expect([errors, lastError]).toEqual([1, expect.stringContaining('406 values, and the model wants 420')]);
  });

  test('records that lack an input are dropped, or leave by their port', async () => {
    const feed = rulFeed.slice(0, 6).map((row) => ({ ...row }));
    feed[1].s2 = null;
    feed[2].s2 = NaN;
    delete feed[4].s21_sd5;
    const skipped = await model(rulSettings, feed);
    expect([skipped.rows.map(({ t }) => t), skipped.dropped]).toEqual([[0, 3, 5], { incomplete: 3 }]);
    const kept = await model({ ...rulSettings, onIncomplete: 'port' }, feed, { batchRows: 2 });
    expect(kept.rows.map(({ t }) => t)).toEqual([0, 3, 5]);
    expect(kept.incomplete.map(({ t }) => t)).toEqual([1, 2, 4]);
    expect(kept.rows).toEqual(skipped.rows);
  });

  test('a text where a number belongs is an error of its record; a fallback stands in', async () => {
    const feed = rulFeed.slice(0, 4).map((row) => ({ ...row }));
    feed[1].s3 = 'broken';
    const skipped = await model(rulSettings, feed);
    expect([skipped.rows.map(({ t }) => t), skipped.errors]).toEqual([[0, 2, 3], 1]);
    const { rows, counted, errors } = await model({ ...rulSettings, fallback: { life: -1 } }, feed);
    expect(rows.map(({ life }) => life === -1)).toEqual([false, true, false, false]);
    expect([counted.fallback, errors]).toEqual([1, 0]);
  });

  test('a result that is no number is an error', async () => {
    const settings = {
      model: 'melvin_lstm_rul',
      inputs: [{ tensor: 'input', columns: Array.from({ length: 420 }, (_, i) => `c${i}`), shape: [30, 14] }],
      outputs: [{ tensor: 'output', index: 7, as: 'nothing' }],
    };
    const { inputs, outputs } = JSON.parse(
      readFileSync(fixture('onnx/melvin_lstm_rul/vectors.json'), 'utf8'),
    ) as Record<string, object>;
    settings.inputs[0].tensor = Object.keys(inputs)[0];
    settings.outputs[0].tensor = Object.keys(outputs)[0];
    const row = { t: 1, ...Object.fromEntries(Array.from({ length: 420 }, (_, i) => [`c${i}`, 0])) };
    const { rows, errors, lastError } = await model(settings, [row]);
    expect([rows, errors, lastError]).toEqual([[], 1, expect.stringContaining('no number for nothing')]);
  });

  test('a model that is none stops the flow and says so', async () => {
    const none = { ...rulSettings, model: 'SOURCES.md' };
    const work = model(none, rulFeed.slice(0, 3), { host: { path: () => fixture('onnx/SOURCES.md') } });
    await expect(work).rejects.toThrow(/^x: The ONNX file is damaged/);
  });

  test('a model without such a tensor or class stops the flow and names what there is', async () => {
    const feed = rulFeed.slice(0, 3);
    const wrong = { ...rulSettings, outputs: [{ tensor: 'score', as: 'x' }] };
    await expect(model(wrong, feed)).rejects.toThrow(/no output "score".*"variable"/);
    const columns = { ...rulSettings, inputs: [{ tensor: 'X', columns: features.slice(0, 40) }] };
    await expect(model(columns, feed)).rejects.toThrow(/wants 42 values a record, and 40 are given/);
    const label = { ...coolerSettings, outputs: [{ tensor: 'output_probability', label: 'gone', as: 'x' }] };
    await expect(
      model(label, cooler.slice(0, 3).map((row, t) => ({ t, ...row })) as PlainRecord[]),
    ).rejects.toThrow(/class gone.*failing, ok, reduced/);
  });

  test('a flow of more records than the queue holds waits for the model and loses none', async () => {
    const feed = Array.from({ length: 3000 }, (_, t) => ({ ...rulFeed[t % rulFeed.length], t }));
    const { rows } = await model(rulSettings, feed, { module: { queue: { size: 300 } }, batchRows: 50 });
    expect(rows.map(({ t }) => t)).toEqual(feed.map(({ t }) => t));
  });

  test('what waits is saved, and goes on in the next run', async () => {
    const settings = kind.settings.parse(rulSettings);
    const schema = new Schema();
    const started = (changed: object = {}) => {
      const left: PlainRecord[] = [];
      const behaviour = create({
        id: 'x',
        settings,
        host,
        live: false,
        queue: { size: 1000, full: 'block' },
        emit: (batch: Batch) =>
          eachRecord(
            batch,
            (row) => left.push(toRecord(batch, row)),
            () => {},
          ),
        queued: () => {},
        count: () => {},
        drop: () => {},
        log: () => {},
        ...changed,
      } as never);
      behaviour.bind!([{ schema, from: 'in', port: 'out' }]);
      return { behaviour, left };
    };
    const cut = started();
    const batch = new Batch(schema, 16);
    const reader = new RecordReader(schema);
    for (const { t, ...fields } of rulFeed.slice(0, 10)) reader.append(batch, t as number, fields);
    cut.behaviour.process!(batch, 0);
    const state = structuredClone(cut.behaviour.save!());
    await cut.behaviour.close!();
    expect(cut.left).toEqual([]);
    const next = started();
    next.behaviour.load!(state);
    await next.behaviour.drain!();
    await next.behaviour.close!();
    expect(worst(next.left.map((row, i) => [row.life, rul[i].rul_pred]))).toBeLessThan(1e-2);
    expect(next.left.map(({ t }) => t)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

    // Live, one record a batch: those that wait have joined, and leave in parts; what has left is not saved.
    const live = started({
      live: true,
      settings: { ...(settings as object), batch: { max: 1, waitMs: 0 } },
    });
    await live.behaviour.prepare!();
    for (const { t, ...fields } of rulFeed.slice(0, 100)) {
      batch.reset();
      reader.append(batch, t as number, fields);
      live.behaviour.process!(batch, 0);
    }
    while (live.left.length < 20) await new Promise((resolve) => setImmediate(resolve));
    const saved = structuredClone(live.behaviour.save!()) as { packed: { t: Float64Array } }[];
    const times = live.left.map(({ t }) => t);
    await live.behaviour.drain!();
    await live.behaviour.close!();
    expect([...times, ...saved.flatMap(({ packed }) => [...packed.t])]).toEqual(
      rulFeed.slice(0, 100).map(({ t }) => t),
    );
    expect(worst(live.left.map((row, i) => [row.life, rul[i].rul_pred]))).toBeLessThan(1e-2);
    expect(live.left.length).toBe(100);
  });

  test('golden vectors go through the thread first: by tensor, by class and by field', async () => {
    const columns = coolerSettings.inputs[0].columns;
    const golden = (over: object = {}) =>
      cooler.slice(0, 3).map((row) => ({
        input: Object.fromEntries(columns.map((name) => [name, row[name]])),
        output: {
          output_label: row.label,
          output_probability: [row.p_failing, row.p_ok, row.p_reduced],
          ok: row.p_ok,
          ...over,
        },
        tolerance: 1e-5,
      }));
    const known = (vectors: Contract['golden']): Partial<Host> => ({
      resource: (reference) => ({
        path: fixture('onnx/hydraulic_rf_zipmap/model.onnx'),
        name: reference,
        version: 1,
        digest: null,
        contract: { columns: [], outputs: [], golden: vectors, runtime: 'onnx' },
      }),
    });
    const settings = { ...coolerSettings, model: 'resource:cooler@1' };
    const feed = cooler.slice(0, 3).map((row, t) => ({ t, ...row })) as PlainRecord[];
    const run = (vectors: Contract['golden']) => model(settings, feed, { host: known(vectors) });
    expect((await run(golden())).rows).toHaveLength(3);
    for (const [over, says] of [
      [{ output_label: 'another' }, /golden vector 1: condition is "\w+" on this machine/],
      [{ ok: 0.123 }, /golden vector 1: ok is /],
      [{ output_probability: [9, 9, 9] }, /golden vector 1: failing is .*has 9 with a tolerance of 0.00001/],
    ] as const) {
      const wrong = { code: 'engine.golden-mismatch', message: expect.stringMatching(says) };
      await expect(run(golden(over))).rejects.toMatchObject(wrong);
    }
    const foreign = [{ input: { x: 1 }, output: { y: 1 }, tolerance: 0 }];
    await expect(run(foreign)).rejects.toMatchObject({ code: 'engine.contract-mismatch' });
  });

  test('the contract is held against what arrives', () => {
    const contract: Contract = {
      columns: [{ name: 'a', dtype: 'float32', unit: 'bar' }],
      outputs: [{ name: 'y', dtype: 'float32' }],
      golden: [],
      runtime: 'onnx',
    };
    const check = (unit: string, tensor = 'y') =>
      kind.check!(
        kind.settings.parse({
          model: 'resource:m@1',
          inputs: [{ tensor: 'X', columns: ['a'] }],
          outputs: [{ tensor, as: 'y' }],
        }),
        [columnsOf({ a: { type: 'number', unit } })],
        () => contract,
      ).map(({ code, pointer }) => [code, pointer]);
    expect(check('bar')).toEqual([]);
    expect(check('psi')).toEqual([['flows.contract-unmet', '/model']]);
    expect(check('bar', 'z')).toEqual([['flows.contract-unmet', '/outputs/0/tensor']]);
  });
});
