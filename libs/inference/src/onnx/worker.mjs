/**
 * The thread that runs a model: loads it, then works off the slots that its session hands over, in order.
 *
 * Guarantee: a batch that fails is answered and the next one is tried; nothing is written to a slot outside
 * of its turn. It checks nothing: the session has done so. Plain JavaScript, see `layout.mjs`.
 *
 * It calls the runtime's binding itself, as the package's own `InferenceSession` does one promise, one turn of
 * the loop and one check of every tensor later: that costs a third of a small model's time, and this thread
 * has nothing else to do meanwhile. The version is pinned; every test of a model goes through here.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import runtime from 'onnxruntime-node/dist/binding.js';
import { fromHalf, toHalf } from './half.mjs';
import {
  ABANDONED,
  arrays,
  AWAKE,
  AXES,
  COMPLETED,
  COUNT,
  DIMS,
  FAILED,
  layout,
  MAILS,
  MAX_AXES,
  NOTIFIED,
  OK,
  REPLIES,
  STATUS,
  SUBMITTED,
  view,
} from './layout.mjs';

/**
 * @typedef {{ name: string, dtype: keyof typeof arrays | 'string' }} Port
 * @typedef {{ kind: 'buffer', slot: number, index: number, buffer: SharedArrayBuffer }
 *   | { kind: 'strings', slot: number, index: number, values: string[] }} Mail what a session sends and counts
 */

if (!parentPort) throw new Error('This file is the entry of a thread and nothing else.');
const port = parentPort;

/** @type {{ model: string | Uint8Array, folder?: string, threads: number, slots: number, inputs: Port[], outputs: Port[],
 *   control: SharedArrayBuffer, inputBuffers: SharedArrayBuffer[][], outputBuffers: SharedArrayBuffer[][] }} */
const { model, folder, threads, slots, inputs, outputs, control, inputBuffers, outputBuffers } = workerData;
const words = new Int32Array(control);
const at = layout(slots, inputs.length, outputs.length);

/** Strings that came for a slot's inputs. @type {string[][][]} */
const strings = inputBuffers.map(() => []);
/** The runtime takes no shared memory, so each input is copied into an array of our own, kept while its
 * shape stays. @type {(ort.Tensor | undefined)[]} */
const tensors = inputs.map(() => undefined);
/** @type {Record<string, ort.Tensor>} */
const feeds = {};
/** Null: the runtime makes the tensor. */
const fetches = Object.fromEntries(outputs.map((output) => [output.name, null]));

let taken = 0;
let mails = 0;
let replies = 0;
/** When the first batch began whose result the session has not been told of; 0: it knows all. */
let untold = 0;

/** Milliseconds within which results are told of together, while there is more to do. A message costs each
 * side about 5 µs, as much as a small model; a batch that takes longer than this is told of at once. */
const TELL_MS = 0.25;

/** @param {Mail} mail */
function accept(mail) {
  mails = (mails + 1) | 0;
  const ofSlot = mail.kind === 'buffer' ? inputBuffers[mail.slot] : strings[mail.slot];
  if (ofSlot) ofSlot[mail.index] = mail.kind === 'buffer' ? mail.buffer : mail.values;
}

/** @param {object} mail */
function reply(mail) {
  replies = (replies + 1) | 0;
  port.postMessage(mail);
}

/** @param {number} slot @param {number} index @param {Port} input */
function feed(slot, index, { name, dtype }) {
  const word = at.input(slot, index);
  const count = words[word + COUNT] ?? 0;
  const axes = words[word + AXES] ?? 0;
  if (dtype === 'string') {
    const dims = [...words.subarray(word + DIMS, word + DIMS + axes)];
    feeds[name] = new ort.Tensor('string', strings[slot]?.[index] ?? [], dims);
    return;
  }
  let tensor = tensors[index];
  let same = tensor?.dims.length === axes;
  for (let i = 0; same && i < axes; i++) same = tensor?.dims[i] === words[word + DIMS + i];
  if (!tensor || !same) {
    const dims = [...words.subarray(word + DIMS, word + DIMS + axes)];
    // Where Node.js has a Float16Array the runtime insists on it.
    const Half = /** @type {Uint16ArrayConstructor} */ (
      Reflect.get(globalThis, 'Float16Array') ?? Uint16Array
    );
    const Own = /** @type {Float32ArrayConstructor} */ (dtype === 'float16' ? Half : arrays[dtype]);
    tensor = new ort.Tensor(/** @type {'float32'} */ (dtype), new Own(count), dims);
    tensors[index] = tensor;
    feeds[name] = tensor;
  }
  const buffer = /** @type {SharedArrayBuffer} */ (inputBuffers[slot]?.[index]);
  const shared = /** @type {Float32Array} */ (view(dtype, buffer, count));
  const own = /** @type {Float32Array | Uint16Array} */ (tensor.data);
  if (dtype === 'float16' && own instanceof Uint16Array)
    for (let i = 0; i < count; i++) own[i] = toHalf(shared[i] ?? 0);
  else own.set(shared);
}

/** @param {number} slot @param {number} index @param {Port} output @param {ort.Tensor} tensor */
function hand(slot, index, { dtype }, tensor) {
  const word = at.output(slot, index);
  const { data, dims } = tensor;
  if (dims.length > MAX_AXES) throw new Error(`an output of ${dims.length} axes; ${MAX_AXES} are the most`);
  words[word + COUNT] = data.length;
  words[word + AXES] = dims.length;
  for (let i = 0; i < dims.length; i++) words[word + DIMS + i] = dims[i] ?? 0;
  if (dtype === 'string') {
    reply({ kind: 'strings', slot, index, values: [...data] });
    return;
  }
  const buffers = outputBuffers[slot] ?? [];
  const bytes = data.length * arrays[dtype].BYTES_PER_ELEMENT;
  if ((buffers[index]?.byteLength ?? 0) < bytes) {
    const buffer = new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
    buffers[index] = buffer;
    reply({ kind: 'buffer', slot, index, buffer });
  }
  const buffer = /** @type {SharedArrayBuffer} */ (buffers[index]);
  const shared = /** @type {Float32Array} */ (view(dtype, buffer, data.length));
  if (dtype === 'float16' && data instanceof Uint16Array)
    for (let i = 0; i < data.length; i++) shared[i] = fromHalf(data[i] ?? 0);
  else shared.set(/** @type {Float32Array} */ (data));
}

/** @param {unknown} error */
function sentence(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {import('onnxruntime-node/dist/binding.js').Binding.InferenceSession} session @param {number} slot */
function run(session, slot) {
  const head = at.slot(slot);
  while ((((words[head + MAILS] ?? 0) - mails) | 0) > 0) {
    const next = receiveMessageOnPort(port);
    if (!next) throw new Error('a message that was announced did not come');
    // Anything else is a bell that nobody needs any more.
    if (typeof next.message === 'object') accept(next.message);
  }
  try {
    for (let i = 0; i < inputs.length; i++) feed(slot, i, /** @type {Port} */ (inputs[i]));
    const results = session.run(feeds, fetches, {});
    for (let i = 0; i < outputs.length; i++) {
      const output = /** @type {Port} */ (outputs[i]);
      hand(slot, i, output, /** @type {ort.Tensor} */ (results[output.name]));
    }
    words[head + STATUS] = OK;
  } catch (error) {
    words[head + STATUS] = FAILED;
    reply({ kind: 'error', slot, message: sentence(error) });
  }
  words[head + REPLIES] = replies;
}

/** @param {import('onnxruntime-node/dist/binding.js').Binding.InferenceSession} session */
function drain(session) {
  for (;;) {
    if (taken === Atomics.load(words, SUBMITTED)) {
      tell();
      // Said first, looked at again after: whoever hands over in between either sees it or is seen.
      Atomics.store(words, AWAKE, 0);
      if (taken === Atomics.load(words, SUBMITTED)) return;
      Atomics.store(words, AWAKE, 1);
    }
    if (untold === 0) untold = performance.now();
    run(session, Atomics.load(words, at.queue(taken)));
    taken = (taken + 1) | 0;
    Atomics.add(words, COMPLETED, 1);
    if (Atomics.load(words, ABANDONED) === 1) {
      end(session);
      return;
    }
    if (performance.now() - untold >= TELL_MS) tell();
  }
}

/** @param {import('onnxruntime-node/dist/binding.js').Binding.InferenceSession} session */
function end(session) {
  session.dispose();
  port.close();
}

function tell() {
  if (untold !== 0 && Atomics.exchange(words, NOTIFIED, 1) === 0) port.postMessage(0);
  untold = 0;
}

function load() {
  /** @type {ort.InferenceSession.SessionOptions} */
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 4 };
  if (folder !== undefined)
    options.extra = { session: { model_external_initializers_file_folder_path: folder } };
  runtime.initOrt();
  const session = new runtime.binding.InferenceSession();
  if (typeof model === 'string') session.loadModel(model, options);
  else
    session.loadModel(/** @type {ArrayBuffer} */ (model.buffer), model.byteOffset, model.byteLength, options);
  return session;
}

/** Only what loading throws is the model's fault; whatever is thrown later ends the thread, and is seen. */
function start() {
  let session;
  try {
    session = load();
  } catch (error) {
    port.postMessage({ kind: 'failed', message: sentence(error) });
    port.close();
    return;
  }
  const loaded = session;
  port.on('message', (message) => {
    if (message === 'close') end(loaded);
    else if (message) accept(message);
    else drain(loaded);
  });
  port.postMessage({ kind: 'ready' });
  drain(loaded);
}

start();
