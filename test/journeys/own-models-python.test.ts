/**
 * A data scientist brings models made in Python: a forest as a pickle and as ONNX, pushed by the package, and two
 * folders that MLflow wrote, pushed by the command. An agent runs them in a runtime made of what MLflow noted, and what
 * arrives at the director is what Python itself computed.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FlowDocument, ResourceVersionDetails } from '@millrace/schemas';
import { leftOut } from '../kit/brokers.js';
import { examples, Installation } from '../kit/millrace.js';
import { apart, arriving, deploy, publish } from '../kit/own-models.js';
import { PYTHON_MS, run, venvWith, type Venv } from '../kit/venv.js';

const sdk = fileURLToPath(new URL('../../sdk/python/src', import.meta.url));
const NEEDS = [
  'mlflow-skinny==3.16.1',
  'numpy==2.4.6',
  'onnx==1.23.2',
  'onnxruntime==1.23.2',
  'pandas==3.1.1',
  'scikit-learn==1.9.1',
  'skl2onnx==1.20.0',
];

const outside = await mkdtemp(join(tmpdir(), 'millrace-own-models-'));
const python: Venv = await venvWith(outside, NEEDS);
if ('missing' in python) leftOut(`models made in Python: ${python.missing}`);
const journey = 'missing' in python ? test.skip : test;

/** What Python computed, a number a row. */
interface Trained {
  rows: number;
  forest: number[];
  tree: number[];
  line: number[];
}

let it: Installation;
let trained: Trained;

beforeAll(async () => {
  if ('missing' in python) return;
  // The interpreter itself: what is on the path may lead to it by the home folder, which is another one here.
  const real = await run(python.path, ['-c', 'import os, sys; print(os.path.realpath(sys.executable))']);
  process.env.MILLRACE_PYTHON = real.trim();
  it = await Installation.create();
  await it.up();
  await it.json('group', 'create', 'drones');
  await it.node('drone-1', 'drones');
  expect((await it.run('organization', 'set', 'allow-pickle', 'on')).code).toBe(0);
}, PYTHON_MS);
afterAll(async () => {
  await it?.remove();
  await rm(outside, { recursive: true, force: true });
}, 120_000);

journey(
  'a forest is trained on a flight and pushed with its contract, as a pickle and as ONNX',
  async () => {
    const file = join(outside, 'train.py');
    await writeFile(file, TRAIN);
    const said = await run(
      (python as { path: string }).path,
      [file, join(examples, 'drone-align/data/imu.csv')],
      {
        cwd: it.folder,
        env: { PYTHONPATH: sdk, MILLRACE_URL: it.url, MILLRACE_TOKEN: it.token, PYTHONWARNINGS: 'ignore' },
      },
    );
    trained = JSON.parse(said.trim().split('\n').at(-1)!) as Trained;
    expect(new Set(trained.forest).size).toBeGreaterThan(100);
    for (const [name, runtime] of [
      ['forest-pickle', 'python'],
      ['forest-onnx', 'onnx'],
    ]) {
      const { body } = await it.call<ResourceVersionDetails>('GET', `/v1/resources/${name}/versions/1`);
      expect(body).toMatchObject({ state: 'ready', contract: { runtime, metrics: { trees: 50 } } });
      expect(body.contract!.golden).toHaveLength(5);
    }
  },
  PYTHON_MS,
);

journey(
  'folders that MLflow wrote are imported by one command each, and a runtime is locked from what it noted',
  async () => {
    expect(await it.json('resource', 'push', 'mlflow-pickle', '--name', 'tree')).toMatchObject({
      state: 'ready',
      kind: 'model',
    });
    expect(await it.json('resource', 'push', 'mlflow-onnx', '--name', 'line')).toMatchObject({
      state: 'ready',
    });
    // Of MLflow itself, which it always notes, and its hundred packages the model needs nothing.
    const noted = await readFile(join(it.folder, 'mlflow-pickle/requirements.txt'), 'utf8');
    await writeFile(join(it.folder, 'requirements.txt'), noted.replace(/^mlflow.*\n/m, ''));
    const locked = await it.json('runtime', 'lock', '-r', 'requirements.txt', '--name', 'sklearn');
    expect(locked).toMatchObject({ name: 'sklearn', version: 1 });
  },
  PYTHON_MS,
);

journey(
  'one flow runs all four on a node, and what arrives is what Python computed',
  async () => {
    await publish(it, FLOW);
    await deploy(it, 'flight', 'drones', 'drone-1');
    const rows = await arriving(it, 'flight', trained.rows);
    const column = (name: string) => rows.map((row) => row[name] as number);
    expect(apart(column('by_pickle'), trained.forest)).toBeLessThanOrEqual(1e-9);
    expect(apart(column('by_onnx'), trained.forest)).toBeLessThanOrEqual(1e-5);
    expect(apart(column('by_tree'), trained.tree)).toBeLessThanOrEqual(1e-9);
    expect(apart(column('by_line'), trained.line)).toBeLessThanOrEqual(1e-5);
  },
  PYTHON_MS,
);

const COLUMNS = ['acc_x', 'acc_y', 'acc_z'];

const TRAIN = `
import json, os, sys
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_ALLOW_FILE_STORE="true")
import millrace, mlflow, numpy, pandas
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

flight = pandas.read_csv(sys.argv[1]).head(2000)
rows = flight[["acc_x", "acc_y", "acc_z"]]
forest = IsolationForest(n_estimators=50, random_state=0).fit(rows)
contract = millrace.infer(rows, outputs={"score": "decision_function"}, units={"acc_z": "m/s2"})
said = {"contract": contract, "metrics": {"trees": 50}, "trained_on": "a flight"}
millrace.push_model(forest, name="forest-onnx", format="onnx", progress=False, **said)
millrace.push_model(forest, name="forest-pickle", format="pickle", progress=False, **said)
with open("score.py", "w") as file:
    file.write('''import pickle
ROWS = "array"
def load(context):
    global model
    with open(context.path("model"), "rb") as file:
        model = pickle.load(file)
def predict(rows):
    return {"score": model.decision_function(rows)}
''')
millrace.push_script("score.py", name="score", progress=False)
millrace.push_data(flight, name="flight", progress=False)

tree = DecisionTreeRegressor(max_depth=8, random_state=0).fit(rows, flight["gyro_x"])
mlflow.sklearn.save_model(tree, "mlflow-pickle", signature=infer_signature(rows, tree.predict(rows)),
    serialization_format="cloudpickle", pip_requirements=["scikit-learn==1.9.1", "numpy==2.4.6"])
line = LinearRegression().fit(rows, flight["gyro_x"])
single = rows.astype("float32")
mlflow.onnx.save_model(to_onnx(line, single.to_numpy()[:1], target_opset={"": 17, "ai.onnx.ml": 3}), "mlflow-onnx",
    signature=infer_signature(single, line.predict(rows)), pip_requirements=["onnxruntime"])
print(json.dumps({"rows": len(rows), "forest": list(forest.decision_function(rows)), "tree": list(tree.predict(rows)),
    "line": list(line.predict(rows))}))
`;

const TREE = `import pickle
ROWS = "array"
def load(context):
    global model
    with open(context.path("model"), "rb") as file:
        model = pickle.load(file)
def predict(rows):
    return model.predict(rows)
`;

const inPython = (model: string) => ({
  model: `resource:${model}@1`,
  runtime: 'resource:sklearn@1',
  columns: COLUMNS,
  timeoutMs: 60_000,
});
const inOnnx = (model: string, tensor: string, as: string) => ({
  model: `resource:${model}@1`,
  inputs: [{ tensor: 'X', columns: COLUMNS }],
  outputs: [{ tensor, as }],
  timeoutMs: 60_000,
});

const FLOW: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'flight' },
  modules: {
    imu: {
      type: 'source.csv',
      settings: {
        file: 'resource:flight@1',
        timestamp: { column: 't_us', format: 'epochUs' },
        fields: COLUMNS,
      },
    },
    pickled: {
      type: 'model.python',
      from: ['imu'],
      settings: {
        ...inPython('forest-pickle'),
        script: 'resource:score@1',
        outputs: [{ name: 'score', as: 'by_pickle' }],
      },
    },
    onnx: { type: 'model.onnx', from: ['pickled'], settings: inOnnx('forest-onnx', 'score', 'by_onnx') },
    tree: {
      type: 'model.python',
      from: ['onnx'],
      settings: { ...inPython('tree'), code: TREE, outputs: [{ name: 'result', as: 'by_tree' }] },
    },
    line: { type: 'model.onnx', from: ['tree'], settings: inOnnx('line', 'variable', 'by_line') },
    out: { type: 'sink.director', from: ['line'], settings: { channel: 'result' } },
  },
};
