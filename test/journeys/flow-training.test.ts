/**
 * A data scientist's way: `millrace prepare`, training in scikit-learn, `millrace run`. The error on NASA's FD001 is
 * the one that Python computes wholly by itself from the raw files.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leftOut } from '../kit/brokers.js';
import { PYTHON_MS, run, venvWith } from '../kit/venv.js';

const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));
const example = fileURLToPath(new URL('../../examples/turbofan-life/', import.meta.url));
/** As train.py says; the others are what these need. */
const PACKAGES = ['numpy==2.4.6', 'pandas==3.1.1', 'scikit-learn==1.9.1', 'skl2onnx==1.20.0', 'onnx==1.23.2'];
const folder = await mkdtemp(join(tmpdir(), 'millrace-train-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const millrace = (...args: string[]) => run(process.execPath, [command, ...args]);

const found = await venvWith(folder, PACKAGES);
if ('missing' in found) leftOut(`prepare, train, run: ${found.missing}`);
const title = 'prepare, scikit-learn and run give the error that Python alone gives';
const test = 'missing' in found ? it.skip : it;

test(
  'missing' in found ? `${title} (${found.missing})` : title,
  async () => {
    const { path } = found as { path: string };
    const flow = join(example, 'flow.yaml');
    const data = join(example, 'data');
    const rows = join(folder, 'train.csv');
    const train = `flights=${join(data, 'train_FD001.txt.gz')}`;
    await millrace('prepare', flow, '--until', 'life', '--input', train, '--out', rows);
    const said = await run(path, [join(example, 'train.py'), rows, join(folder, 'turbofan-rul.onnx')]);
    expect(said).toContain('trained on 20631 rows of 100 engines, 42 inputs');
    const out = join(folder, 'out.jsonl');
    await millrace('run', flow, '--resources', folder, '--out', out);
    const ours = JSON.parse(await run(process.execPath, [join(example, 'score.mjs'), out])) as Score;
    const alone = JSON.parse(await run(path, [join(example, 'alone.py')])) as Score;
    expect([ours.engines, alone.engines]).toEqual([100, 100]);
    expect(alone.rmse).toBeGreaterThan(10);
    expect(alone.rmse).toBeLessThan(25);
    // The model adds in float32, Python in doubles.
    expect(Math.abs(ours.rmse - alone.rmse) / alone.rmse).toBeLessThan(1e-6);
  },
  PYTHON_MS,
);

interface Score {
  engines: number;
  rmse: number;
}
