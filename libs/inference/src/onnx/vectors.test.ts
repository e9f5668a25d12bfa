/** Every model of test/fixtures/onnx through a real thread, against the outputs it must give. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ContractDtype } from '@millrace/schemas';
import { Failure } from '@millrace/schemas';
import { arrays } from './layout.mjs';
import { OnnxSession } from './session.js';
import type { OnnxTensor } from './tensors.js';

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/onnx/', import.meta.url));

interface Vector {
  type: string;
  dims: number[];
  data: (number | string | boolean | Record<string, number>)[];
}
interface Vectors {
  inputs: Record<string, Vector>;
  outputs?: Record<string, Vector>;
  tolerance: string;
  load_or_run_error?: string;
}

/** Those that need what the machine may lack, or that the runtime cannot run: they have their own tests. */
const apart = new Set([
  'yalue_strings',
  'yalue_bfloat16_reject',
  'test_identity_sequence',
  'test_loop13_seq',
]);
const models = readdirSync(fixtures).filter((name) => existsSync(`${fixtures}${name}/vectors.json`));

function vectorsOf(name: string): Vectors {
  return JSON.parse(readFileSync(`${fixtures}${name}/vectors.json`, 'utf8')) as Vectors;
}

function tensor({ type, dims, data }: Vector): OnnxTensor {
  if (type === 'string') return { dims, data: data as string[] };
  if (type === 'int64') return { dims, data: BigInt64Array.from((data as number[]).map(BigInt)) };
  const Own = arrays[type as Exclude<ContractDtype, 'string'>] as Float32ArrayConstructor;
  return { dims, data: Own.from((data as number[]).map(Number)) };
}

/** [relative, absolute] */
function tolerance(text: string): [number, number] {
  const [, rtol, atol] = /rtol (\S+) atol (\S+)/.exec(text) ?? [];
  const [, abs] = /abs (\S+)/.exec(text) ?? [];
  if (abs) return [0, Number(abs)];
  if (!rtol || !atol) throw new Error(`unreadable tolerance: ${text}`);
  return [Number(rtol), Number(atol)];
}

function expectClose(
  got: readonly unknown[],
  want: readonly unknown[],
  [relative, absolute]: [number, number],
) {
  expect(got).toHaveLength(want.length);
  want.forEach((value, i) => {
    if (typeof value === 'string' && typeof got[i] === 'string') expect(got[i]).toBe(value);
    else {
      const [a, b] = [Number(got[i]), Number(value)];
      if (Number.isFinite(b)) expect(Math.abs(a - b)).toBeLessThanOrEqual(absolute + relative * Math.abs(b));
      else expect(a).toBe(b);
    }
  });
}

describe('models with vectors', () => {
  test('there are as many as were collected', () => {
    expect(models.length).toBe(32);
  });

  test.each(models.filter((name) => !apart.has(name)))('%s', async (name) => {
    const vectors = vectorsOf(name);
    const session = await OnnxSession.open({ path: `${fixtures}${name}/model.onnx`, name });
    try {
      const feeds = Object.fromEntries(Object.entries(vectors.inputs).map(([key, v]) => [key, tensor(v)]));
      const results = await session.run(feeds);
      expect(Object.keys(results).sort()).toEqual(Object.keys(vectors.outputs ?? {}).sort());
      for (const [key, want] of Object.entries(vectors.outputs ?? {})) {
        const got = results[key]!;
        const port = session.outputs.find((output) => output.name === key)!;
        const data = [...got.data] as unknown[];
        if (want.type.startsWith('sequence')) {
          // A list of maps: one score a class, in the order of the labels.
          const labels = port.labels ?? [];
          const rows = want.data as Record<string, number>[];
          expect(Object.keys(rows[0]!).sort()).toEqual(labels.map(String).sort());
          const flat = rows.flatMap((row) => labels.map((label) => row[String(label)]));
          expect(got.dims).toEqual([rows.length, labels.length]);
          expectClose(data, flat, tolerance(vectors.tolerance));
        } else {
          expect(got.dims).toEqual(want.dims);
          expect(port.dtype).toBe(want.type);
          const [relative, absolute] = tolerance(vectors.tolerance);
          // A bin that is exactly nothing on paper keeps the rounding of the largest one.
          const largest = Math.max(...want.data.map((value) => Math.abs(Number(value))));
          const least = /dft|stft/.test(name) ? largest * 1e-6 : absolute;
          expectClose(data, want.data, [relative, least]);
        }
      }
    } finally {
      await session.close();
    }
  });
});

describe('models with tables', () => {
  function rowsOf(name: string): Record<string, string>[] {
    const [head, ...lines] = readFileSync(`${fixtures}${name}/vectors.csv`, 'utf8').trim().split('\n');
    const columns = head!.split(',');
    return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i]!, cell])));
  }

  test('remaining life, all rows in one batch and one by one', async () => {
    const rows = rowsOf('cmapss_hgb_rul');
    const columns = Object.keys(rows[0]!).slice(1, 43);
    const X = Float32Array.from(rows.flatMap((row) => columns.map((column) => Number(row[column]))));
    const session = await OnnxSession.open({ path: `${fixtures}cmapss_hgb_rul/model.onnx` });
    const whole = (await session.run({ X: { dims: [rows.length, 42], data: X } })).variable!;
    expect(whole.dims).toEqual([rows.length, 1]);
    const single = await Promise.all(
      rows.map((_, i) => session.run({ X: { dims: [1, 42], data: X.slice(i * 42, i * 42 + 42) } })),
    );
    rows.forEach((row, i) => {
      expect(Math.abs(Number(whole.data[i]) - Number(row.rul_pred))).toBeLessThanOrEqual(1e-2);
      expect(single[i]!.variable!.data[0]).toBe(whole.data[i]);
    });
    await session.close();
  });

  test('cooler, with the classes of its ZipMap', async () => {
    const rows = rowsOf('hydraulic_rf_zipmap');
    const columns = Object.keys(rows[0]!).slice(1, 13);
    const X = Float32Array.from(rows.flatMap((row) => columns.map((column) => Number(row[column]))));
    const session = await OnnxSession.open({ path: `${fixtures}hydraulic_rf_zipmap/model.onnx` });
    const { output_label, output_probability } = await session.run({
      X: { dims: [rows.length, 12], data: X },
    });
    const labels = session.outputs[1]!.labels!;
    expect(labels).toEqual(['failing', 'ok', 'reduced']);
    expect(output_label!.data).toEqual(rows.map((row) => row.label));
    const want = rows.flatMap((row) => labels.map((label) => row[`p_${label}`]));
    expectClose([...output_probability!.data], want, [0, 1e-5]);
    await session.close();
  });
});

describe('models that cannot be run here', () => {
  test.each([
    ['yalue_bfloat16_reject', 'bfloat16', 'input input 3'],
    ['test_identity_sequence', 'sequence(float32)', 'input x'],
    ['test_loop13_seq', 'sequence(float32)', 'input seq_empty'],
  ])('%s is refused by name', async (name, what, place) => {
    const opening = OnnxSession.open({ path: `${fixtures}${name}/model.onnx`, name });
    await expect(opening).rejects.toMatchObject({
      code: 'catalogue.model-unsupported',
      message: expect.stringContaining(what) as string,
      errors: expect.arrayContaining([expect.objectContaining({ field: place })]) as unknown[],
    });
  });

  test('a model that needs a locale runs where it is, and names it where it is not', async () => {
    const opening = OnnxSession.open({ path: `${fixtures}yalue_strings/model.onnx` });
    const session = await opening.catch((error: unknown) => error);
    if (session instanceof Failure) {
      expect(session.code).toBe('engine.model-load');
      expect(session.message).toContain('Install the locale en_US.UTF-8');
      return;
    }
    const { inputs, outputs } = vectorsOf('yalue_strings');
    const real = await opening;
    const results = await real.run({ input: tensor(inputs.input!) });
    expect(results.output_lower!.data).toEqual(outputs!.output_lower!.data);
    expect(results.output_upper!.data).toEqual(outputs!.output_upper!.data);
    await real.close();
  });
});
