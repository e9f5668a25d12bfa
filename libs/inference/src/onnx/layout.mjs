/**
 * Where things lie in the memory that a session and its thread share: counters, a queue of slots, and for
 * each slot the shapes of its tensors. Plain JavaScript, since the thread is started from source and from a
 * build alike.
 *
 * Counters run over at 32 bits on purpose and are only compared for equality; slots are a power of two, so
 * that the queue goes on in step.
 */

/** 1 while the thread looks at the queue by itself: no message is needed to make it look. */
export const AWAKE = 0;
/** 1 while a message to the session is on its way. */
export const NOTIFIED = 1;
/** How many slots were ever handed over, and how many are done, in the same order. */
export const SUBMITTED = 2;
export const COMPLETED = 3;
/** 1 when the session has given the thread up: it ends as soon as the runtime lets it. */
export const ABANDONED = 4;
/** The slots handed over, a ring. */
const QUEUE = 5;

/** Words of a slot. */
export const STATUS = 0;
/** Messages that the thread must have taken in before it runs the slot, counted from its start. */
export const MAILS = 1;
/** Messages that the session must have taken in before it believes the result. */
export const REPLIES = 2;
const TENSORS = 3;

/** Words of a tensor: how many elements, how many axes, then their lengths. */
export const COUNT = 0;
export const AXES = 1;
export const DIMS = 2;
export const MAX_AXES = 8;
const TENSOR = DIMS + MAX_AXES;

export const OK = 0;
export const FAILED = 1;

/**
 * @param {number} slots a power of two
 * @param {number} inputs
 * @param {number} outputs
 */
export function layout(slots, inputs, outputs) {
  const slotWords = TENSORS + (inputs + outputs) * TENSOR;
  const first = QUEUE + slots;
  return {
    bytes: (first + slots * slotWords) * 4,
    /** @param {number} counter */
    queue: (counter) => QUEUE + (counter & (slots - 1)),
    /** @param {number} slot */
    slot: (slot) => first + slot * slotWords,
    /** @param {number} slot @param {number} index */
    input: (slot, index) => first + slot * slotWords + TENSORS + index * TENSOR,
    /** @param {number} slot @param {number} index */
    output: (slot, index) => first + slot * slotWords + TENSORS + (inputs + index) * TENSOR,
  };
}

/**
 * The array that holds a tensor's elements in shared memory. float16 is shared as float32: the thread
 * converts, since only the newest Node.js has an array for it. Strings travel in messages.
 */
export const arrays = {
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/**
 * The elements of a tensor in shared memory.
 * @typedef {Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array
 *   | Uint16Array | Uint32Array | BigUint64Array} TensorArray
 * @typedef {new (buffer: SharedArrayBuffer, offset: number, length: number) => TensorArray} SharedArray
 * @param {keyof typeof arrays} dtype
 * @param {SharedArrayBuffer} buffer
 * @param {number} count
 * @returns {TensorArray}
 */
export function view(dtype, buffer, count) {
  const Shared = /** @type {SharedArray} */ (/** @type {unknown} */ (arrays[dtype]));
  return new Shared(buffer, 0, count);
}
