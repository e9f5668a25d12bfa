/**
 * Writes small ONNX models for tests, field by field, also such as no exporter would write.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { bytesField, concat, numberField, textField } from '../../libs/inference/src/inspect/protobuf.js';

export const FLOAT = 1;
export const INT64 = 7;
export const BOOL = 9;

export const tensorType = (elem: number, dims?: (number | string | null)[]) =>
  bytesField(1, concat([numberField(1, elem), ...(dims ? [bytesField(2, shape(dims))] : [])]));

const shape = (dims: (number | string | null)[]) =>
  concat(
    dims.map((dim) => {
      if (dim === null) return bytesField(1, new Uint8Array(0));
      return bytesField(1, typeof dim === 'number' ? numberField(1, dim) : textField(2, dim));
    }),
  );

export const sequenceType = (of: Uint8Array) => bytesField(4, bytesField(1, of));

/** A ValueInfoProto. */
export const value = (name: string, type: Uint8Array) => concat([textField(1, name), bytesField(2, type)]);

export interface NodeParts {
  operator: string;
  inputs: string[];
  outputs: string[];
  domain?: string;
  name?: string;
  attributes?: Uint8Array[];
}

export const node = ({ operator, inputs, outputs, domain = '', name, attributes = [] }: NodeParts) =>
  concat([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    ...(name === undefined ? [] : [textField(3, name)]),
    textField(4, operator),
    ...attributes.map((attribute) => bytesField(5, attribute)),
    textField(7, domain),
  ]);

/** Attribute types: 2 a number, 5 a graph, 8 strings. */
export const numberAttribute = (name: string, number: number) =>
  concat([textField(1, name), numberField(3, number), numberField(20, 2)]);
export const graphAttribute = (name: string, graph: Uint8Array) =>
  concat([textField(1, name), bytesField(6, graph), numberField(20, 5)]);
/** Numbers: -1 takes the ten bytes that a protobuf writer gives it. */
export const numbersAttribute = (name: string, numbers: number[]) =>
  concat([
    textField(1, name),
    ...numbers.map((number) =>
      number < 0
        ? Uint8Array.of(8 * 8, 0x80 - -number, ...Array<number>(8).fill(0xff), 1).map((byte, i) =>
            i === 1 ? byte | 0x80 : byte,
          )
        : numberField(8, number),
    ),
    numberField(20, 7),
  ]);
export const stringsAttribute = (name: string, texts: string[]) =>
  concat([textField(1, name), ...texts.map((text) => textField(9, text)), numberField(20, 8)]);

/** A weight of float32, 0-filled, or one that lies in another file. */
export const weight = (name: string, count: number, location?: string) =>
  concat([
    numberField(1, count),
    numberField(2, FLOAT),
    textField(8, name),
    ...(location === undefined
      ? [bytesField(9, new Uint8Array(count * 4))]
      : [bytesField(13, concat([textField(1, 'location'), textField(2, location)])), numberField(14, 1)]),
  ]);

export interface GraphParts {
  nodes?: Uint8Array[];
  weights?: Uint8Array[];
  inputs?: Uint8Array[];
  outputs?: Uint8Array[];
}

export const graph = ({ nodes = [], weights = [], inputs = [], outputs = [] }: GraphParts) =>
  concat([
    ...nodes.map((part) => bytesField(1, part)),
    textField(2, 'graph'),
    ...weights.map((part) => bytesField(5, part)),
    ...inputs.map((part) => bytesField(11, part)),
    ...outputs.map((part) => bytesField(12, part)),
  ]);

export const model = (
  content: Uint8Array,
  { ir = 8, opsets = { '': 13 } as Record<string, number> } = {},
): Uint8Array =>
  concat([
    numberField(1, ir),
    bytesField(7, content),
    ...Object.entries(opsets).map(([domain, version]) =>
      bytesField(8, concat([textField(1, domain), numberField(2, version)])),
    ),
  ]);

/** y = x, of any shape. */
export const identity = (elem = FLOAT, parts: GraphParts = {}) =>
  graph({
    nodes: [node({ operator: 'Identity', inputs: ['x'], outputs: ['y'] })],
    inputs: [value('x', tensorType(elem, [null, 2]))],
    outputs: [value('y', tensorType(elem, [null, 2]))],
    ...parts,
  });

/** Counts to `trips` in the runtime, which takes it about 0.1 µs each: a batch that takes as long as one likes. */
export const counting = () =>
  graph({
    nodes: [
      node({
        operator: 'Loop',
        inputs: ['trips', 'go', 'x'],
        outputs: ['y'],
        attributes: [
          graphAttribute(
            'body',
            graph({
              nodes: [
                node({ operator: 'Identity', inputs: ['on'], outputs: ['still'] }),
                node({ operator: 'Sqrt', inputs: ['a'], outputs: ['b'] }),
              ],
              inputs: [
                value('i', tensorType(INT64, [])),
                value('on', tensorType(BOOL, [])),
                value('a', tensorType(FLOAT, [1])),
              ],
              outputs: [value('still', tensorType(BOOL, [])), value('b', tensorType(FLOAT, [1]))],
            }),
          ),
        ],
      }),
    ],
    inputs: [
      value('trips', tensorType(INT64, [])),
      value('go', tensorType(BOOL, [])),
      value('x', tensorType(FLOAT, [1])),
    ],
    outputs: [value('y', tensorType(FLOAT, [1]))],
  });
