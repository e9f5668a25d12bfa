/**
 * Types of ONNX values: reading a `TypeProto` and saying it in words.
 * Numbers and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { ContractDtype, type TensorDim } from '@millrace/schemas';
import { limits } from './limits.js';
import { BYTES, VARINT, bytesField, concat, numberField, textField, type ProtoReader } from './protobuf.js';

const names = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
];

export interface ValueType {
  kind: 'tensor' | 'sparse' | 'sequence' | 'map' | 'optional' | 'unknown';
  /** As a person reads it. */
  text: string;
  /** Number of the element type, of tensors. */
  elem?: number;
  dims?: TensorDim[];
  /** What a sequence or an optional holds, and the values of a map. */
  of?: ValueType;
}

export function elementName(elem: number): string {
  return names[elem] ?? `type ${elem}`;
}

/** The type, when it is one that can be fed and read as typed arrays or strings. */
export function elementDtype(elem: number | undefined): ContractDtype | undefined {
  return elem === undefined ? undefined : ContractDtype.safeParse(elementName(elem)).data;
}

/** Reads the TypeProto that the reader stands at. */
export async function readType(reader: ProtoReader, length: number, depth = 0): Promise<ValueType> {
  if (depth > limits.depth) reader.tooMuch(`types nested deeper than ${limits.depth}`);
  let type: ValueType = { kind: 'unknown', text: 'unknown' };
  await reader.walk(reader.position + length, async (field, wire, size) => {
    if (wire !== BYTES) return;
    if (field === 1) type = await readTensorType(reader, size, 'tensor');
    else if (field === 8) type = await readTensorType(reader, size, 'sparse');
    else if (field === 4 || field === 9) {
      const kind = field === 4 ? 'sequence' : 'optional';
      const { value } = await readInner(reader, size, depth, 1);
      type = { kind, of: value, text: `${kind}(${value?.text ?? 'unknown'})` };
    } else if (field === 5) {
      const { key, value } = await readInner(reader, size, depth, 2);
      type = {
        kind: 'map',
        of: value,
        text: `map(${elementName(key ?? 0)},${value?.text ?? 'unknown'})`,
      };
    }
  });
  return type;
}

async function readInner(reader: ProtoReader, length: number, depth: number, valueField: number) {
  const inner: { key?: number; value?: ValueType } = {};
  await reader.walk(reader.position + length, async (field, wire, value) => {
    if (field === valueField && wire === BYTES) inner.value = await readType(reader, value, depth + 1);
    else if (field === 1 && wire === VARINT) inner.key = value;
  });
  return inner;
}

async function readTensorType(
  reader: ProtoReader,
  length: number,
  kind: 'tensor' | 'sparse',
): Promise<ValueType> {
  let elem = 0;
  let dims: TensorDim[] | undefined;
  await reader.walk(reader.position + length, async (field, wire, value) => {
    if (field === 1 && wire === VARINT) elem = value;
    else if (field === 2 && wire === BYTES) dims = await readShape(reader, value);
  });
  const name = elementName(elem);
  return { kind, elem, dims, text: kind === 'sparse' ? `sparse(${name})` : name };
}

async function readShape(reader: ProtoReader, length: number): Promise<TensorDim[]> {
  const dims: TensorDim[] = [];
  await reader.walk(reader.position + length, async (field, wire, size) => {
    if (field !== 1 || wire !== BYTES) return;
    if (dims.length === limits.axes) reader.tooMuch(`a tensor of more than ${limits.axes} axes`);
    let dim: TensorDim = null;
    await reader.walk(reader.position + size, async (inner, innerWire, value) => {
      // Some exporters write 0 or -1 for a length that is free.
      if (inner === 1 && innerWire === VARINT) dim = value > 0 ? value : null;
      else if (inner === 2 && innerWire === BYTES) dim = (await reader.text(value, 'an axis name')) || null;
    });
    dims.push(dim);
  });
  return dims;
}

/** A ValueInfoProto of a tensor; the shape is left to the runtime's own inference. */
export function tensorInfo(name: string, elem: number): Uint8Array {
  return concat([textField(1, name), bytesField(2, bytesField(1, numberField(1, elem)))]);
}
