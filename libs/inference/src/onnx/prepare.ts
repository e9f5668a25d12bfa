/**
 * From a model file to what a thread can load: inspected, refused when the runtime cannot run it, rewritten
 * when its outputs are no tensors.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Failure, type ModelPort } from '@millrace/schemas';
import { checkModel } from '../inspect/check.js';
import { exposeTensors, reach } from '../inspect/expose.js';
import { describeOnnx } from '../inspect/onnx-support.js';
import { readOnnx } from '../inspect/onnx.js';
import { bytesSource, fileSource, type ByteSource } from '../inspect/source.js';
import type { TensorPort } from './tensors.js';

export interface ModelFile {
  /** The file, or its bytes. Weights in other files are found beside the file only. */
  path?: string;
  bytes?: Uint8Array;
  /** Names of the inputs that will be fed: all that the model has, or opening fails. */
  inputs?: readonly string[];
  /** Names of the outputs that are wanted; absent: all that are tensors. */
  outputs?: readonly string[];
}

export interface PreparedModel {
  /** Given to the runtime: a path as long as the file can stay as it is. */
  model: string | Uint8Array;
  /** Where weights in other files lie, for bytes. */
  folder?: string;
  inputs: TensorPort[];
  outputs: TensorPort[];
}

export async function prepareModel(name: string, file: ModelFile): Promise<PreparedModel> {
  if ((file.path === undefined) === (file.bytes === undefined))
    throw new Failure('engine.model-load', `Model ${name}: give either a path or bytes.`);
  if (file.bytes) return prepare(name, file, bytesSource(file.bytes));
  const source = await openFile(name, file.path!);
  try {
    return await prepare(name, file, source);
  } finally {
    await source.close();
  }
}

async function prepare(name: string, file: ModelFile, source: ByteSource): Promise<PreparedModel> {
  const skeleton = await readOnnx(source);
  const { onnx, unsupported } = await describeOnnx(skeleton, source);
  checkModel({ format: 'onnx', bytes: source.size, runsCode: false, unsupported }, { allowPickle: false });
  const inputs = onnx.inputs.filter(isTensor);
  const outputs = onnx.outputs.filter(isTensor);
  const packed = skeleton.outputs.some((port) => reach(skeleton, port));
  const original = packed ? (file.bytes ?? (await readFile(file.path!))) : undefined;
  return {
    model: original ? await exposeTensors(original) : (file.bytes ?? file.path!),
    folder: original && file.path ? path.dirname(path.resolve(file.path)) : undefined,
    inputs: file.inputs ? fed(name, file.inputs, inputs) : inputs,
    outputs: file.outputs ? wanted(name, file.outputs, outputs) : outputs,
  };
}

async function openFile(name: string, file: string) {
  try {
    return await fileSource(file);
  } catch (error) {
    throw new Failure(
      'engine.model-load',
      `Model ${name}: its file cannot be read (${error instanceof Error ? error.message : 'unknown'}).`,
      { cause: error },
    );
  }
}

function isTensor(port: ModelPort): port is TensorPort {
  return port.dtype !== undefined;
}

function fed(name: string, given: readonly string[], inputs: TensorPort[]): TensorPort[] {
  const missing = inputs.filter((port) => !given.includes(port.name)).map((port) => port.name);
  const unknown = given.filter((input) => !inputs.some((port) => port.name === input));
  if (missing.length + unknown.length > 0)
    throw new Failure(
      'engine.model-input',
      `Model ${name}: ${[...unknown.map((input) => `it has no input "${input}"`), ...missing.map((input) => `its input "${input}" is not fed`)].join(', ')}. It has ${quoted(inputs)}.`,
    );
  return inputs;
}

function wanted(name: string, given: readonly string[], outputs: readonly TensorPort[]): TensorPort[] {
  return given.map((output) => {
    const port = outputs.find((port) => port.name === output);
    if (port) return port;
    throw new Failure(
      'engine.model-input',
      `Model ${name}: it has no output "${output}" that is a tensor. It has ${quoted(outputs)}.`,
    );
  });
}

function quoted(ports: readonly TensorPort[]): string {
  return ports.map((port) => `"${port.name}"`).join(', ') || 'none';
}
