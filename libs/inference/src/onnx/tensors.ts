/**
 * Tensors at the border of a session: what the caller gives and gets, and the check of a shape against what
 * the model declares.
 */
import { Failure, type ContractDtype, type ModelPort, type TensorDim } from '@millrace/schemas';
import { arrays, MAX_AXES, type TensorArray } from './layout.mjs';

export type { TensorArray };

export interface OnnxTensor {
  dims: readonly number[];
  /** Row-major. float16 is a Float32Array, bool a Uint8Array of 0 and 1, int64 a BigInt64Array. */
  data: TensorArray | readonly string[];
}

/** An input or output that can be fed or read. */
export type TensorPort = ModelPort & { dtype: ContractDtype };

/** Bytes of one tensor. Beyond this a batch is a mistake: 256 MiB is 64 million float32. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Elements of a tensor of this shape, when the model takes it. */
export function countOf(model: string, port: TensorPort, dims: readonly number[]): number {
  const want = port.dims;
  let count = 1;
  let fits = dims.length <= MAX_AXES && (!want || want.length === dims.length);
  for (let i = 0; fits && i < dims.length; i++) {
    const length = dims[i]!;
    const wanted = want?.[i];
    fits = Number.isInteger(length) && length >= 0 && (typeof wanted !== 'number' || wanted === length);
    count *= length;
  }
  if (!fits)
    throw new Failure(
      'engine.model-input',
      `Model ${model}: its input "${port.name}" wants ${shapeText(want)} but was given ${shapeText(dims)}. Change the columns or the window that feed it.`,
    );
  const width = port.dtype === 'string' ? 1 : arrays[port.dtype].BYTES_PER_ELEMENT;
  if (count * width > MAX_BYTES)
    throw new Failure(
      'engine.model-input',
      `Model ${model}: its input "${port.name}" was given ${count * width} bytes; ${MAX_BYTES} are the most. Make the batches smaller.`,
    );
  return count;
}

export function shapeText(dims: readonly TensorDim[] | undefined): string {
  return dims ? `[${dims.map((dim) => dim ?? '?').join(', ')}]` : 'any shape';
}
