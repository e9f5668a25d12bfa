/**
 * A slot: room in shared memory for one batch, in and out, used again and again. The caller fills the
 * inputs in place and reads the outputs in place, so that a batch costs no allocation and no copy here.
 *
 * Guarantee: what is handed over fits what the model declares. A slot knows nothing of time or threads.
 */
import { Failure } from '@millrace/schemas';
import { arrays, AXES, COUNT, DIMS, view, type layout } from './layout.mjs';
import { countOf, type OnnxTensor, type TensorArray, type TensorPort } from './tensors.js';

/** What all slots of a session have in common. */
export interface SlotContext {
  model: string;
  inputs: readonly TensorPort[];
  outputs: readonly TensorPort[];
  at: ReturnType<typeof layout>;
  /** The thread must know of a larger buffer, or of strings, before it runs the slot. */
  mail(mail: object): void;
  words(): Int32Array;
}

export interface Settling {
  resolve(): void;
  reject(failure: Failure): void;
}

/** 4 KiB hold a batch of 32 rows of 32 columns; what needs more grows once, by doubling. */
const FIRST_BYTES = 4096;

export class Slot {
  readonly inputBuffers: SharedArrayBuffer[];
  outputBuffers: SharedArrayBuffer[] = [];
  readonly inputStrings: (readonly string[] | undefined)[];
  readonly outputStrings: (readonly string[] | undefined)[];
  /** Somebody has borrowed it. */
  held = false;
  /** Set while it is with the thread. */
  settling?: Settling;
  failure?: Failure;
  private readonly views: (TensorArray | undefined)[];
  private readonly shapes: (readonly number[] | undefined)[];
  private readonly counts: number[];

  constructor(
    readonly index: number,
    private readonly context: SlotContext,
  ) {
    this.inputBuffers = context.inputs.map(() => new SharedArrayBuffer(FIRST_BYTES));
    this.inputStrings = context.inputs.map(() => undefined);
    this.outputStrings = context.outputs.map(() => undefined);
    this.views = context.inputs.map(() => undefined);
    this.shapes = context.inputs.map(() => undefined);
    this.counts = context.inputs.map(() => 0);
    this.renewOutputs();
  }

  /** Fresh memory for results: an abandoned thread can then not reach into the next one's. */
  renewOutputs(): void {
    this.outputBuffers = this.context.outputs.map(() => new SharedArrayBuffer(FIRST_BYTES));
  }

  input(name: string, dims: readonly number[]): TensorArray {
    const index = this.indexOf(name);
    const port = this.context.inputs[index]!;
    if (port.dtype === 'string')
      throw this.wrong(`its input "${name}" wants strings, which are given as a list`);
    const count = countOf(this.context.model, port, dims);
    const bytes = count * arrays[port.dtype].BYTES_PER_ELEMENT;
    let room = this.views[index];
    if (bytes > this.inputBuffers[index]!.byteLength) {
      const buffer = new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
      this.inputBuffers[index] = buffer;
      this.context.mail({ kind: 'buffer', slot: this.index, index, buffer });
      room = undefined;
    }
    if (room?.length !== count) room = view(port.dtype, this.inputBuffers[index]!, count);
    this.views[index] = room;
    this.shapes[index] = dims;
    this.counts[index] = count;
    return room;
  }

  strings(name: string, dims: readonly number[], values: readonly string[]): void {
    const index = this.indexOf(name);
    const port = this.context.inputs[index]!;
    if (port.dtype !== 'string') throw this.wrong(`its input "${name}" wants ${port.dtype}, not strings`);
    const count = countOf(this.context.model, port, dims);
    if (values.length !== count)
      throw this.wrong(`its input "${name}" was given ${values.length} strings for ${count} places`);
    this.shapes[index] = dims;
    this.counts[index] = count;
    this.inputStrings[index] = values;
    this.context.mail({ kind: 'strings', slot: this.index, index, values: [...values] });
  }

  /** Writes the shapes for the thread. Throws when an input has not been given since the last run. */
  describe(): void {
    const words = this.context.words();
    for (let index = 0; index < this.shapes.length; index++) {
      const dims = this.shapes[index];
      if (!dims) throw this.wrong(`its input "${this.context.inputs[index]!.name}" is missing`);
      const word = this.context.at.input(this.index, index);
      words[word + COUNT] = this.counts[index]!;
      words[word + AXES] = dims.length;
      for (let i = 0; i < dims.length; i++) words[word + DIMS + i] = dims[i]!;
    }
  }

  /** An output of the last run. */
  output(name: string): OnnxTensor {
    const index = this.context.outputs.findIndex((port) => port.name === name);
    const port = this.context.outputs[index];
    if (!port) throw this.wrong(`it has no output "${name}", or it was not asked for`);
    const words = this.context.words();
    const word = this.context.at.output(this.index, index);
    const dims = Array.from(words.subarray(word + DIMS, word + DIMS + words[word + AXES]!));
    if (port.dtype === 'string') return { dims, data: this.outputStrings[index] ?? [] };
    return { dims, data: view(port.dtype, this.outputBuffers[index]!, words[word + COUNT]!) };
  }

  /** Forgets the shapes, so that the next caller cannot run with this one's rows. */
  clear(): void {
    this.shapes.fill(undefined);
    this.inputStrings.fill(undefined);
    this.outputStrings.fill(undefined);
    this.failure = undefined;
  }

  private indexOf(name: string): number {
    const index = this.context.inputs.findIndex((port) => port.name === name);
    if (index < 0) throw this.wrong(`it has no input "${name}"`);
    return index;
  }

  private wrong(what: string): Failure {
    const inputs = this.context.inputs.map((port) => `"${port.name}" ${port.dtype}`).join(', ');
    return new Failure(
      'engine.model-input',
      `Model ${this.context.model}: ${what}. Its inputs are ${inputs}.`,
    );
  }
}
