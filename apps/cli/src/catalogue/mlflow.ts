/**
 * A folder that MLflow wrote: which file of it is the model, and the contract that its signature says.
 *
 * Guarantee: `MLmodel` is data to be judged, read as plain YAML with bounds, and no path in it leads out of the
 * folder. Nothing is loaded. The Python package reads the same (sdk/python/src/millrace/mlflow.py).
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Contract, ContractDtype, Failure, type ContractOutput } from '@millrace/schemas';
import { parse } from 'yaml';
import { z } from 'zod';

export interface MlflowModel {
  path: string;
  contract: Contract;
  note: string;
  /** pip's requirements of a model that runs in Python, as MLflow noted them. */
  requirements?: string;
}

/** MLflow writes a few kilobytes; a signature of 10,000 columns is under one megabyte. */
const LARGEST = 4 * 1024 * 1024;

const Text = z.string().max(4_096);
const MlModel = z.object({
  flavors: z.object({
    onnx: z.object({ data: Text }).optional(),
    sklearn: z.object({ pickled_model: Text, serialization_format: Text.nullish() }).optional(),
  }),
  run_id: Text.nullish(),
  model_id: Text.nullish(),
  utc_time_created: Text.nullish(),
  signature: z.object({ inputs: z.string().nullish(), outputs: z.string().nullish() }).nullish(),
});

const DTYPES: Readonly<Record<string, ContractDtype>> = {
  boolean: 'bool',
  integer: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  string: 'string',
  object: 'string',
  str: 'string',
};

const Port = z.object({
  name: Text.optional(),
  type: Text,
  'tensor-spec': z.object({ dtype: Text, shape: z.array(z.number().int()).max(9) }).optional(),
});

/** Undefined for what is no folder with an MLmodel file. */
export async function mlflowModel(folder: string): Promise<MlflowModel | undefined> {
  const file = join(folder, 'MLmodel');
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const said = readMlModel(file, found.size > LARGEST ? undefined : await readFile(file, 'utf8'));
  const { onnx, sklearn } = said.flavors;
  if (onnx) {
    return {
      path: await inside(folder, onnx.data),
      contract: { ...contractOf(file, said), outputs: [], runtime: 'onnx' },
      note: originOf(said),
    };
  }
  if (sklearn?.serialization_format === 'skops') throw unfit(file, 'was saved in the format skops');
  if (!sklearn) throw unfit(file, 'has neither the flavor onnx nor sklearn');
  const requirements = await inside(folder, 'requirements.txt').catch(() => undefined);
  return {
    path: await inside(folder, sklearn.pickled_model),
    contract: contractOf(file, said),
    note: originOf(said),
    ...(requirements !== undefined && { requirements }),
  };
}

type MlModel = z.infer<typeof MlModel>;

function readMlModel(file: string, text: string | undefined): MlModel {
  if (text === undefined) throw unfit(file, `is larger than ${LARGEST} bytes`);
  let document: unknown;
  try {
    // A few lines of anchors can name billions of values; MLflow writes none.
    document = parse(text, { maxAliasCount: 0, customTags: [], logLevel: 'silent' });
  } catch (cause) {
    throw unfit(file, `cannot be read: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
  const parsed = MlModel.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unfit(file, `is not as MLflow writes it: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The file itself, links followed, when it lies in the folder. */
async function inside(folder: string, name: string): Promise<string> {
  const path = await realpath(join(folder, name)).catch(() => undefined);
  const way = path === undefined ? '..' : relative(await realpath(folder), path);
  if (path !== undefined && way !== '' && way.split(sep)[0] !== '..' && (await stat(path)).isFile())
    return path;
  throw unfit(join(folder, 'MLmodel'), `names the file ${name}, which is not in its folder`);
}

/** Columns only when each has a name: a matrix without names says nothing that a flow could be held to. */
function contractOf(file: string, said: MlModel): Contract {
  const inputs = portsOf(file, said.signature?.inputs);
  const outputs = portsOf(file, said.signature?.outputs);
  const columns = inputs.flatMap(({ name, dtype, shape }) => (name && !shape ? [{ name, dtype }] : []));
  return {
    columns: columns.length === inputs.length ? columns : [],
    outputs: outputs.map(({ name, dtype, shape }, i): ContractOutput => ({
      name: name ?? (outputs.length === 1 ? 'result' : `result${i}`),
      dtype,
      ...(shape && { shape }),
    })),
    golden: [],
    runtime: 'python',
    trainedOn: originOf(said),
  };
}

function portsOf(file: string, text: string | null | undefined) {
  let list: unknown = [];
  try {
    list = JSON.parse(text ?? '[]');
  } catch (cause) {
    throw unfit(file, 'has a signature that is no JSON', cause);
  }
  const ports = z.array(Port).max(10_000).safeParse(list);
  if (!ports.success) throw unfit(file, 'has a signature that is not as MLflow writes it');
  return ports.data.map(({ name, type, 'tensor-spec': tensor }) => {
    const word = tensor?.dtype ?? type;
    const dtype = ContractDtype.safeParse(Object.hasOwn(DTYPES, word) ? DTYPES[word] : word);
    if (!dtype.success) throw unfit(file, `has the type ${word} in its signature, which no column has`);
    // The first axis is the rows'.
    const shape = tensor?.shape.slice(1) ?? [];
    return { name, dtype: dtype.data, shape: shape.length > 0 ? shape : undefined };
  });
}

function originOf({ run_id, model_id, utc_time_created }: MlModel): string {
  const parts = [run_id && `run ${run_id}`, model_id && `model_id ${model_id}`].filter(Boolean);
  const made = utc_time_created ? `, made ${utc_time_created} UTC` : '';
  return `MLflow ${parts.join(', ')}`.trim() + made;
}

const unfit = (file: string, why: string, cause?: unknown): Failure =>
  new Failure(
    'engine.file-unfit',
    `${file} ${why}. Save the model with mlflow.onnx.save_model, or with mlflow.sklearn.save_model and ` +
      'serialization_format="cloudpickle".',
    { cause },
  );
