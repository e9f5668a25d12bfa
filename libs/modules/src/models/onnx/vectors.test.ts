/**
 * Every model of test/fixtures/onnx as a module in a flow: its vectors as records, fed by columns or windows, and
 * what leaves within the vectors' own tolerance. Those that no record can feed are named, with the sentence that
 * says so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Host, PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture } from '../../../../../test/kit/golden.js';

interface Vector {
  type: string;
  dims: number[];
  data: (number | string | boolean | Record<string, number>)[];
}
interface Vectors {
  inputs: Record<string, Vector>;
  outputs?: Record<string, Vector>;
  tolerance: string;
}

/** What the runtime cannot take: the flow does not start, and says why. */
const REFUSED: Record<string, RegExp> = {
  yalue_bfloat16_reject: /x: .*bfloat16/,
  test_identity_sequence: /x: .*sequence/,
  test_loop13_seq: /x: .*sequence/,
};
/** Tensors that are not of records, one after the other: each batch fails, and says of which tensor. */
const NOT_OF_RECORDS: Record<string, RegExp> = {
  test_ai_onnx_ml_array_feature_extractor: /its input "y" wants \[2\]/,
  test_argmax_default_axis_example: /no number for result/,
  test_dft: /its input "axis" wants \[\]/,
  test_gru_seq_length: /its input "W" wants \[1, 15, 3\]/,
  test_stft_with_window: /its input "frame_step" wants \[\]/,
  test_tfidfvectorizer_tf_uniandbigrams_skip5: /no number for Y/,
};
/** Needs a locale that a machine may lack: libs/inference/src/onnx/vectors.test.ts runs it where it is there. */
const BY_LOCALE = 'yalue_strings';

const host: Partial<Host> = { path: (file) => fixture(`onnx/${file}/model.onnx`) };
const models = readdirSync(fixture('onnx')).filter(
  (name) => name !== BY_LOCALE && existsSync(fixture(`onnx/${name}/vectors.json`)),
);
const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);

/** A value of a vector as a record has it; texts stand for what JSON cannot write. */
function valueOf(type: string, value: Vector['data'][number]): PlainRecord[string] {
  if (type === 'string' || type === 'bool') return value as string | boolean;
  return Number(value);
}

/** Columns for one value each where a record has few of them or texts, else one window. */
function inputOf(tensor: string, { type, dims }: Vector) {
  const each = product(dims.slice(1));
  if (type === 'string' || type === 'bool' || each <= 16)
    return { tensor, columns: Array.from({ length: each }, (_, k) => `${tensor}.${k}`) };
  return { tensor, window: `${tensor}.w`, shape: dims.slice(1) };
}

function recordsOf({ inputs }: Vectors): PlainRecord[] {
  const rows = Object.values(inputs)[0].dims[0] ?? 1;
  return Array.from({ length: rows }, (_, row) => {
    const record: PlainRecord = { t: row };
    for (const [tensor, vector] of Object.entries(inputs)) {
      const each = product(vector.dims.slice(1));
      const own = vector.data.slice(row * each, (row + 1) * each).map((value) => valueOf(vector.type, value));
      if ('window' in inputOf(tensor, vector)) record[`${tensor}.w`] = own as number[];
      else own.forEach((value, k) => (record[`${tensor}.${k}`] = value));
    }
    return record;
  });
}

/** What each record must have, by the field that takes it. */
interface Wanted {
  setting: { tensor: string; label?: string | number; index?: number; as: string };
  values: PlainRecord[string][];
}
function wantedOf({ outputs = {} }: Vectors): Wanted[] {
  return Object.entries(outputs).flatMap(([tensor, { type, dims, data }]): Wanted[] => {
    if (type.startsWith('sequence')) {
      const labels = Object.keys(data[0] as object);
      const number = type.includes('int64');
      return labels.map((label) => ({
        setting: { tensor, label: number ? Number(label) : label, as: `${tensor}=${label}` },
        values: (data as Record<string, number>[]).map((row) => row[label] as PlainRecord[string]),
      }));
    }
    const each = product(dims.slice(1));
    if (each > 64) return [{ setting: { tensor, as: tensor }, values: [] }];
    return Array.from({ length: each }, (_, k) => ({
      setting: { tensor, index: k, as: `${tensor}[${k}]` },
      values: data.filter((__, i) => i % each === k).map((value) => valueOf(type, value)),
    }));
  });
}

/** [relative, absolute] */
function toleranceOf(text: string): [number, number] {
  const absolute = /abs (\S+)/.exec(text)?.[1];
  if (absolute !== undefined) return [0, Number(absolute)];
  const [, relative, least] = /rtol (\S+) atol (\S+)/.exec(text)!;
  return [Number(relative), Number(least)];
}

/** What a record of the vectors lacks for a model: NaN and the infinities are no values (rule of the module). */
const isWhole = (record: PlainRecord) =>
  Object.values(record).every((value) => typeof value !== 'number' || Number.isFinite(value));

async function run(name: string, vectors: Vectors) {
  const wanted = wantedOf(vectors);
  const { records, counters } = await runRecords({
    modules: {
      x: {
        type: 'model.onnx',
        from: ['in'],
        settings: {
          model: name,
          inputs: Object.entries(vectors.inputs).map(([tensor, vector]) => inputOf(tensor, vector)),
          outputs: wanted.map(({ setting }) => setting),
          timeoutMs: 10_000,
        },
      },
    },
    feed: { in: recordsOf(vectors) },
    collect: ['x'],
    host,
  });
  return { wanted, rows: records.x, counters: counters.x };
}

const vectorsOf = (name: string) =>
  JSON.parse(readFileSync(fixture(`onnx/${name}/vectors.json`), 'utf8')) as Vectors;

test.each(Object.entries(REFUSED))('%s is refused before a record is read', async (name, reason) => {
  const running = runRecords({
    modules: {
      x: {
        type: 'model.onnx',
        from: ['in'],
        settings: {
          model: name,
          inputs: [{ tensor: 'x', columns: ['a'] }],
          outputs: [{ tensor: 'y', as: 'y' }],
        },
      },
    },
    feed: { in: [] },
    collect: ['x'],
    host,
  });
  await expect(running).rejects.toThrow(reason);
});

test.each(Object.entries(NOT_OF_RECORDS))('%s is no model of records, and says so', async (name, reason) => {
  const { rows, counters } = await run(name, vectorsOf(name));
  expect(rows).toEqual([]);
  expect(counters.errors + (counters.dropped.incomplete ?? 0)).toBe(counters.in);
  expect(counters.lastError).toMatch(reason);
});

test.each(models.filter((name) => !(name in REFUSED) && !(name in NOT_OF_RECORDS)))('%s', async (name) => {
  const vectors = vectorsOf(name);
  const [relative, absolute] = toleranceOf(vectors.tolerance);
  const whole = recordsOf(vectors).flatMap((record, row) => (isWhole(record) ? [row] : []));
  const { wanted, rows, counters } = await run(name, vectors);
  expect([counters.lastError, counters.dropped.incomplete ?? 0]).toEqual([null, counters.in - whole.length]);
  expect(rows.map(({ t }) => t)).toEqual(whole);
  expect(wanted.length * whole.length).toBeGreaterThan(0);
  for (const { setting, values } of wanted) {
    for (const row of rows) {
      const value = values[row.t as number];
      const got = row[setting.as];
      if (typeof value !== 'number') expect(got).toBe(value);
      else
        expect(Math.abs((got as number) - value)).toBeLessThanOrEqual(absolute + relative * Math.abs(value));
    }
  }
});

test('every model is fed, refused or named', () => expect(models).toHaveLength(31));
