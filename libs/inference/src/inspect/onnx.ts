/**
 * Reads the skeleton of an ONNX file: ports, opsets, operators, where weights lie; never the weights.
 *
 * Guarantee: bounded time and memory whatever the bytes say (`limits`); nothing is loaded or run. What it
 * finds is data; `onnx-support.ts` says what the runtime cannot take, `expose.ts` rewrites what it cannot give.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { limits } from './limits.js';
import { readType, type ValueType } from './onnx-types.js';
import { BYTES, ProtoReader, VARINT } from './protobuf.js';
import type { ByteSource } from './source.js';

/** Bytes from `start` to before `end` in the file. */
export interface Span {
  start: number;
  end: number;
}

export interface Port {
  name: string;
  type: ValueType;
  span: Span;
}

/** A node whose result is no tensor although it is made of tensors; see `expose.ts`. */
export interface Packing {
  operator: 'ZipMap' | 'SequenceConstruct';
  inputs: string[];
  output: string;
  labels?: (string | number)[];
  span: Span;
}

export interface OnnxSkeleton {
  irVersion: number;
  producer: string;
  producerVersion: string;
  modelVersion?: number;
  opsets: Map<string, number>;
  metadata: Record<string, string>;
  /** Domains whose operators the model itself defines. */
  functionDomains: Set<string>;
  graph?: Span & { content: number };
  inputs: Port[];
  outputs: Port[];
  nodes: number;
  initializers: Set<string>;
  initializerCount: number;
  /** `domain operator` to how many. */
  operators: Map<string, number>;
  packings: Map<string, Packing>;
  /** Names of values of the whole graph that some node reads. */
  consumed: Set<string>;
  external: Set<string>;
  /** Recurrent nodes with `layout = 1`, by name. */
  batchwise: string[];
  locales: Set<string>;
}

export const STANDARD = 'ai.onnx';

export function domainName(domain: string): string {
  return domain === '' ? STANDARD : domain;
}

export async function readOnnx(source: ByteSource): Promise<OnnxSkeleton> {
  const reader = new ProtoReader(source, 'ONNX file');
  const model: OnnxSkeleton = {
    irVersion: 0,
    producer: '',
    producerVersion: '',
    opsets: new Map(),
    metadata: {},
    functionDomains: new Set(),
    inputs: [],
    outputs: [],
    nodes: 0,
    initializers: new Set(),
    initializerCount: 0,
    operators: new Map(),
    packings: new Map(),
    consumed: new Set(),
    external: new Set(),
    batchwise: [],
    locales: new Set(),
  };
  await reader.walk(source.size, async (field, wire, value) => {
    if (wire === VARINT) {
      if (field === 1) model.irVersion = value;
      else if (field === 5) model.modelVersion = value;
      return;
    }
    if (wire !== BYTES) return;
    if (field === 2) model.producer = await reader.text(value, 'a producer name');
    else if (field === 3) model.producerVersion = await reader.text(value, 'a producer version');
    else if (field === 7) {
      if (model.graph) reader.broken('a second graph');
      model.graph = { start: reader.fieldStart, content: reader.position, end: reader.position + value };
      await readGraph(reader, model, value, 0);
    } else if (field === 8) await readOpset(reader, model, value);
    else if (field === 14) await readMetadata(reader, model, value);
    else if (field === 25) await readFunction(reader, model, value);
  });
  if (!model.graph) reader.broken('the end, and no graph before it');
  return model;
}

async function readGraph(reader: ProtoReader, model: OnnxSkeleton, length: number, depth: number) {
  if (depth > limits.depth) reader.tooMuch(`graphs nested deeper than ${limits.depth}`);
  const outermost = depth === 0;
  await reader.walk(reader.position + length, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 1) await readNode(reader, model, size, depth);
    else if (field === 5) await readTensor(reader, model, size, outermost);
    else if (field === 15) {
      await reader.walk(reader.position + size, async (part, partWire, partSize) => {
        if ((part === 1 || part === 2) && partWire === BYTES)
          await readTensor(reader, model, partSize, outermost && part === 1);
      });
    } else if (outermost && (field === 11 || field === 12)) {
      const ports = field === 11 ? model.inputs : model.outputs;
      // Old files list every weight among the inputs.
      if (ports.length >= limits.ports + limits.tensors) reader.tooMuch('too many inputs or outputs');
      ports.push(await readPort(reader, size));
    } else if (!outermost && field === 12) model.consumed.add((await readPort(reader, size)).name);
  });
}

async function readPort(reader: ProtoReader, length: number): Promise<Port> {
  const span = { start: reader.fieldStart, end: reader.position + length };
  const port: Port = { name: '', type: { kind: 'unknown', text: 'unknown' }, span };
  await reader.walk(span.end, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 1) port.name = await reader.text(size, 'the name of an input or output');
    else if (field === 2) port.type = await readType(reader, size);
  });
  return port;
}

/** What is kept of a node's attributes. */
interface Attributes {
  labels?: (string | number)[];
  layout?: number;
  locale?: string;
}

async function readNode(reader: ProtoReader, model: OnnxSkeleton, length: number, depth: number) {
  if (++model.nodes > limits.nodes) reader.tooMuch(`more than ${limits.nodes} nodes`);
  const span = { start: reader.fieldStart, end: reader.position + length };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Attributes = {};
  let name = '';
  let operator = '';
  let domain = '';
  await reader.walk(span.end, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 1) inputs.push(await reader.text(size, 'the name of a value'));
    else if (field === 2) outputs.push(await reader.text(size, 'the name of a value'));
    else if (field === 3) name = await reader.text(size, 'the name of a node');
    else if (field === 4) operator = await reader.text(size, 'the name of an operator');
    else if (field === 5) await readAttribute(reader, model, attributes, size, depth);
    else if (field === 7) domain = domainName(await reader.text(size, 'a domain'));
  });
  const key = `${domain || STANDARD} ${operator}`;
  model.operators.set(key, (model.operators.get(key) ?? 0) + 1);
  if (model.operators.size > limits.operators)
    reader.tooMuch(`more than ${limits.operators} kinds of operators`);
  if (model.consumed.size > limits.nodes * 4) reader.tooMuch(`more than ${limits.nodes * 4} values`);
  for (const input of inputs) model.consumed.add(input);

  const at = name || outputs[0] || operator;
  if (attributes.layout === 1 && ['LSTM', 'GRU', 'RNN'].includes(operator)) model.batchwise.push(at);
  if (operator === 'StringNormalizer') model.locales.add(attributes.locale ?? 'en_US.UTF-8');
  if (depth === 0 && (operator === 'ZipMap' || operator === 'SequenceConstruct') && outputs.length === 1) {
    const output = outputs[0]!;
    model.packings.set(output, { operator, inputs, output, labels: attributes.labels, span });
  }
}

async function readAttribute(
  reader: ProtoReader,
  model: OnnxSkeleton,
  attributes: Attributes,
  length: number,
  depth: number,
) {
  let name = '';
  const label = (value: string | number) => {
    const labels = (attributes.labels ??= []);
    if (labels.length >= limits.labels) reader.tooMuch(`more than ${limits.labels} class labels`);
    labels.push(value);
  };
  // Plain numbers come in lists of millions in tree models, so this visitor only waits where it must.
  await reader.walk(reader.position + length, (field, wire, value) => {
    if (wire === VARINT) {
      if (field === 3 && name === 'layout') attributes.layout = value;
      else if (field === 8 && name === 'classlabels_int64s') label(value);
      return;
    }
    if (wire !== BYTES) return;
    if (field === 1) return reader.text(value, 'the name of an attribute').then((text) => void (name = text));
    if (field === 4 && name === 'locale')
      return reader.text(value, 'a locale').then((text) => void (attributes.locale = text));
    if (field === 9 && name === 'classlabels_strings') return reader.text(value, 'a class label').then(label);
    if (field === 5 || field === 10) return readTensor(reader, model, value, false);
    if (field === 6 || field === 11) return readGraph(reader, model, value, depth + 1);
    if (field === 22 || field === 23) {
      return reader.walk(reader.position + value, (part, partWire, size) =>
        (part === 1 || part === 2) && partWire === BYTES ? readTensor(reader, model, size, false) : undefined,
      );
    }
    return;
  });
}

/** A weight: only its name and whether it lies in another file. */
async function readTensor(reader: ProtoReader, model: OnnxSkeleton, length: number, named: boolean) {
  if (++model.initializerCount > limits.tensors) reader.tooMuch(`more than ${limits.tensors} tensors`);
  await reader.walk(reader.position + length, (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 8 && named)
      return reader.text(size, 'the name of a tensor').then((text) => void model.initializers.add(text));
    if (field === 13) return readExternal(reader, model, size);
    return;
  });
}

async function readExternal(reader: ProtoReader, model: OnnxSkeleton, length: number) {
  const [key, value] = await readEntry(reader, length, limits.name);
  if (key !== 'location') return;
  // Skipping it unread would let a path through unchecked.
  if (value === undefined) reader.tooMuch(`a path of more than ${limits.name} bytes`);
  model.external.add(value);
  if (model.external.size > limits.externalFiles)
    reader.tooMuch(`more than ${limits.externalFiles} files of weights`);
}

async function readMetadata(reader: ProtoReader, model: OnnxSkeleton, length: number) {
  const [key, value] = await readEntry(reader, length, limits.metadataValue);
  if (value !== undefined && Object.keys(model.metadata).length < limits.metadata)
    Object.defineProperty(model.metadata, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** A StringStringEntryProto; a value beyond the limit is left out. */
async function readEntry(
  reader: ProtoReader,
  length: number,
  most: number,
): Promise<[string, string | undefined]> {
  let key = '';
  let value: string | undefined;
  await reader.walk(reader.position + length, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 1) key = await reader.text(size, 'a key');
    else if (field === 2 && size <= most) value = await reader.text(size, 'a value', most);
  });
  return [key, value];
}

async function readOpset(reader: ProtoReader, model: OnnxSkeleton, length: number) {
  let domain = '';
  let version = 0;
  await reader.walk(reader.position + length, async (field, wire, value) => {
    if (field === 1 && wire === BYTES) domain = await reader.text(value, 'a domain');
    else if (field === 2 && wire === VARINT) version = value;
  });
  model.opsets.set(domainName(domain), version);
  if (model.opsets.size > limits.opsets) reader.tooMuch(`more than ${limits.opsets} opsets`);
}

async function readFunction(reader: ProtoReader, model: OnnxSkeleton, length: number) {
  await reader.walk(reader.position + length, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 7) await readNode(reader, model, size, 1);
    else if (field === 10) model.functionDomains.add(domainName(await reader.text(size, 'a domain')));
  });
}
