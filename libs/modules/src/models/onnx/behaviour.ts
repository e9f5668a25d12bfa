/** Behaviour of `model.onnx`: a model in a thread of its own, behind the queue that all models have. */
import type { Create, ModuleContext } from '@millrace/engine';
import { OnnxSession, type OnnxBatch } from '@millrace/inference';
import type { Contract } from '@millrace/schemas';
import { proveGolden } from '../golden.js';
import { ModelQueue, type QueueSettings } from '../queue.js';
import type { Flight, Runtime } from '../runtime.js';
import {
  asTruths,
  elementOf,
  fillInput,
  fixedRows,
  isTruth,
  planInputs,
  readRows,
  type FilledInput,
  type InputSetting,
  type OutputSetting,
} from './tensors.js';

export interface OnnxSettings extends QueueSettings {
  model: string;
  inputs: InputSetting[];
  outputs: OutputSetting[];
  timeoutMs: number;
  threads: number;
}

/** Batches with the thread at a time: one runs, the others lie ready. A power of two. */
const SLOTS = 8;

class OnnxRuntime implements Runtime<OnnxBatch> {
  readonly rows: number | null;
  private readonly plans: FilledInput[];
  private readonly elements: number[];
  private readonly truths: boolean[];

  constructor(
    private readonly session: OnnxSession,
    inputs: readonly InputSetting[],
    private readonly outputs: readonly OutputSetting[],
  ) {
    this.rows = fixedRows(session);
    this.plans = planInputs(session, inputs);
    this.elements = outputs.map((output) => elementOf(session, output));
    this.truths = outputs.map((output) => isTruth(session, output));
  }

  /** Known answers speak of tensors, or of the fields that take them. */
  async prove(name: string, contract: Contract | undefined, inputs: readonly InputSetting[]): Promise<void> {
    if (contract === undefined) return;
    await proveGolden({
      name,
      contract,
      reads: readsOf(inputs),
      gives: this.outputs.map(({ as }) => as),
      wanted: ({ output }, k) => wantedOf(output, this.outputs[k], this.elements[k]),
      runtime: this,
      borrow: () => this.borrow()!,
    });
  }

  poll(): void {
    this.session.poll();
  }

  borrow(): OnnxBatch | undefined {
    return this.session.borrow();
  }

  fill(slot: OnnxBatch, flight: Flight): void {
    const unfit = (row: number, why: string) => {
      flight.failed[row] = 1;
      flight.reason = why;
    };
    this.plans.forEach((plan, position) =>
      fillInput(slot, plan, position, flight.pieces, flight.rows, unfit),
    );
  }

  run(slot: OnnxBatch): Promise<void> {
    return slot.run();
  }

  take(slot: OnnxBatch, flight: Flight): void {
    const { pieces, rows, failed } = flight;
    this.outputs.forEach(({ tensor, as }, k) => {
      const output = slot.output(tensor);
      let at = 0;
      for (const { held, first, last } of pieces) {
        if (!readRows(output, at, rows, this.elements[k], held.results[k], first, last - first, failed))
          flight.reason = `the model gave no number for ${as} (NaN, or no such element)`;
        if (this.truths[k]) asTruths(held.results[k], first, last - first);
        at += last - first;
      }
    });
  }

  release(slot: OnnxBatch): void {
    slot.release();
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

const readsOf = (inputs: readonly InputSetting[]): string[][] =>
  inputs.map(({ columns, window }) => columns ?? [window!]);

function wantedOf(known: Record<string, unknown>, setting: OutputSetting, element: number): unknown {
  const { as, tensor, label } = setting;
  if (known[as] !== undefined) return known[as];
  const whole = known[tensor];
  if (Array.isArray(whole)) return element < 0 ? whole : whole.flat(Infinity)[element];
  // A classifier's probabilities by class.
  if (typeof whole === 'object' && whole !== null)
    return label === undefined ? undefined : (whole as Record<string, unknown>)[String(label)];
  return element > 0 ? undefined : whole;
}

async function open({ settings, host }: ModuleContext<OnnxSettings>): Promise<OnnxRuntime> {
  const { model, inputs, outputs } = settings;
  const resource = model.startsWith('resource:') ? host.resource(model) : undefined;
  const session = await OnnxSession.open({
    path: resource?.path ?? host.path(model),
    name: model,
    threads: settings.threads,
    timeoutMs: settings.timeoutMs,
    slots: SLOTS,
    inputs: inputs.map(({ tensor }) => tensor),
    outputs: [...new Set(outputs.map(({ tensor }) => tensor))],
  });
  try {
    const runtime = new OnnxRuntime(session, inputs, outputs);
    await runtime.prove(model, resource?.contract, inputs);
    return runtime;
  } catch (error) {
    await session.close();
    throw error;
  }
}

export const create: Create<OnnxSettings> = (context) =>
  new ModelQueue(context, {
    reads: readsOf(context.settings.inputs),
    gives: context.settings.outputs.map(({ as }) => as),
    open: () => open(context),
  });
