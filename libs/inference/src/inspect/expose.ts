/**
 * Classifiers converted with the usual tools end in a ZipMap or a sequence, which the runtime's binding
 * cannot hand out. The tensors that go in are what one wants anyway: this rewrites the graph so that they
 * come out, under the name that the output had.
 *
 * Guarantee: a pure rewrite of bytes; nothing but the packing nodes, those outputs and, where there was
 * none, the import of the standard operators changes. A value that other nodes read is left alone.
 */
import type { ModelPort } from '@millrace/schemas';
import { elementDtype, elementName, tensorInfo } from './onnx-types.js';
import { STANDARD, readOnnx, type OnnxSkeleton, type Packing, type Port } from './onnx.js';
import { bytesField, concat, numberField, textField } from './protobuf.js';
import { bytesSource } from './source.js';

const FLOAT32 = 1;
/** Any opset has Identity; this one is old enough for every runtime that reads `ai.onnx.ml`. */
const IDENTITY_OPSET = 9;

/** A tensor that can stand in for (a part of) an output that is none. */
export interface Reached {
  port: ModelPort;
  /** The value in the graph that it copies. */
  from: string;
  elem: number;
}

/** The tensors behind an output that is no tensor; undefined when it is one, or cannot be reached. */
export function reach(model: OnnxSkeleton, port: Port): Reached[] | undefined {
  if (port.type.kind === 'tensor') return undefined;
  const packing = model.packings.get(port.name);
  if (!packing || model.consumed.has(port.name)) return undefined;
  return packing.operator === 'ZipMap' ? zipMap(packing) : sequence(packing, port, model);
}

function zipMap({ inputs, output, labels }: Packing): Reached[] | undefined {
  if (inputs.length !== 1 || !labels) return undefined;
  const port: ModelPort = {
    name: output,
    type: elementName(FLOAT32),
    dtype: 'float32',
    dims: [null, labels.length],
    labels,
  };
  return [{ port, from: inputs[0]!, elem: FLOAT32 }];
}

function sequence({ inputs, output }: Packing, port: Port, model: OnnxSkeleton): Reached[] | undefined {
  const item = port.type.of;
  const dtype = item?.kind === 'tensor' ? elementDtype(item.elem) : undefined;
  if (!dtype || item?.elem === undefined) return undefined;
  const taken = new Set([...model.outputs.map((other) => other.name), ...model.consumed]);
  const name = (index: number) => (inputs.length === 1 ? output : `${output}.${index}`);
  if (inputs.length > 1 && inputs.some((_, index) => taken.has(name(index)))) return undefined;
  return inputs.map((from, index) => ({
    port: { name: name(index), type: item.text, dtype, dims: item.dims },
    from,
    elem: item.elem!,
  }));
}

/** The same model, giving tensors where `reach` found them. Without such outputs the very same bytes. */
export async function exposeTensors(bytes: Uint8Array): Promise<Uint8Array> {
  return rewrite(bytes, await readOnnx(bytesSource(bytes)));
}

interface Edit {
  start: number;
  end: number;
  by: Uint8Array;
}

function rewrite(bytes: Uint8Array, model: OnnxSkeleton): Uint8Array {
  const { graph } = model;
  const edits = model.outputs.flatMap((port): Edit[] => {
    const reached = reach(model, port);
    const packing = model.packings.get(port.name);
    if (!reached || !packing) return [];
    const nodes = reached.map(({ port: { name }, from }) => bytesField(1, identity(from, name)));
    const infos = reached.map(({ port: { name }, elem }) => bytesField(12, tensorInfo(name, elem)));
    return [
      { ...packing.span, by: concat(nodes) },
      { ...port.span, by: concat(infos) },
    ];
  });
  if (!graph || edits.length === 0) return bytes;
  edits.sort((a, b) => a.start - b.start);
  const content: Uint8Array[] = [];
  let at = graph.content;
  for (const { start, end, by } of edits) {
    content.push(bytes.subarray(at, start), by);
    at = end;
  }
  content.push(bytes.subarray(at, graph.end));
  const imported = model.opsets.has(STANDARD)
    ? []
    : [bytesField(8, concat([textField(1, ''), numberField(2, IDENTITY_OPSET)]))];
  return concat([
    bytes.subarray(0, graph.start),
    bytesField(7, concat(content)),
    bytes.subarray(graph.end),
    ...imported,
  ]);
}

function identity(from: string, to: string): Uint8Array {
  return concat([textField(1, from), textField(2, to), textField(4, 'Identity')]);
}
