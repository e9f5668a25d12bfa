/** Behaviour of the models in other languages: a script in a worker process, behind the queue that all models have. */
import type { Create, ModuleContext } from '@millrace/engine';
import { helloOf, launchOf, sandboxKind, WorkerSession, type WorkerBatch } from '@millrace/inference';
import { Failure, type Contract, type ContractDtype, type RuntimeLanguage } from '@millrace/schemas';
import { proveGolden } from '../golden.js';
import { ModelQueue, type QueueSettings } from '../queue.js';
import type { Flight, Runtime } from '../runtime.js';
import { WorkerRows, type OutputSetting } from './rows.js';
import { fileOf, scriptOf } from './script.js';

export interface WorkerSettings extends QueueSettings {
  model?: string;
  files?: Record<string, string>;
  script?: string;
  code?: string;
  entry?: string;
  class?: string;
  runtime?: string;
  requirements?: string[];
  interpreter?: string;
  columns: string[];
  dtype: 'float32' | 'float64';
  window?: string;
  outputs: OutputSetting[];
  settings?: Record<string, unknown>;
  inFlight: number;
  timeoutMs: number;
  startMs: number;
  caps: { memoryMb?: number; processes?: number };
  sandbox: 'auto' | 'required' | 'off';
}

class WorkerRuntime implements Runtime<WorkerBatch> {
  readonly rows = null;
  private session: WorkerSession | undefined;
  private readonly between: WorkerRows;

  constructor(
    private readonly context: ModuleContext<WorkerSettings>,
    private readonly contract: Contract | undefined,
  ) {
    const { columns, window, outputs } = context.settings;
    this.between = new WorkerRows(columns, window, outputs, this.dtypes());
  }

  /** Texts are said by the contract; that something is a number needs not be said. */
  private dtypes(): Map<string, ContractDtype> {
    const columns = this.contract?.columns ?? [];
    const hasTexts = columns.some(({ dtype }) => dtype === 'string');
    return new Map(hasTexts ? columns.map(({ name, dtype }) => [name, dtype]) : []);
  }

  async open(language: RuntimeLanguage, changed: () => void): Promise<void> {
    const { context, contract } = this;
    const { settings, host, id } = context;
    const sandbox = await sandboxOf(settings.sandbox);
    const { entry, files, interpreter, runtime, reads } = await scriptOf(language, settings, host);
    const name = settings.model ?? settings.script ?? id;
    this.session = await WorkerSession.open({
      name,
      launch: await launchOf({
        language,
        interpreter,
        runtime,
        memoryMb: settings.caps.memoryMb,
        work: host.workFolder,
      }),
      hello: helloOf({
        columns: settings.columns.map((column) => ({
          name: column,
          dtype: contract?.columns.find((one) => one.name === column)?.dtype ?? settings.dtype,
        })),
        dtype: settings.dtype,
        window: settings.window,
        outputs: settings.outputs.map((output) => output.name),
        entry,
        class: settings.class,
        files,
        settings: settings.settings ?? {},
        caps: { memoryMb: settings.caps.memoryMb },
      }),
      cwd: host.workFolder,
      caps: settings.caps,
      sandbox,
      reads,
      inFlight: settings.inFlight,
      timeoutMs: settings.timeoutMs,
      startMs: settings.startMs,
      log: (level, text) => context.log(level, text),
      count: (what, n) => context.count(what, n),
      prove: (borrow) => this.prove(name, borrow),
      changed,
    });
  }

  private async prove(name: string, borrow: () => WorkerBatch): Promise<void> {
    const { columns, window, outputs } = this.context.settings;
    if (this.contract === undefined) return;
    await proveGolden({
      name,
      contract: this.contract,
      reads: [window === undefined ? columns : [window]],
      gives: outputs.map((output) => output.name),
      wanted: ({ output }, k) => output[outputs[k].name],
      runtime: this,
      borrow,
    });
  }

  poll(): void {}

  borrow(): WorkerBatch | undefined {
    return this.session!.borrow();
  }

  fill(batch: WorkerBatch, flight: Flight): void {
    this.between.fill(batch, flight);
  }

  run(batch: WorkerBatch): Promise<void> {
    return batch.run();
  }

  take(batch: WorkerBatch, flight: Flight): void {
    this.between.take(batch, flight);
  }

  release(batch: WorkerBatch): void {
    batch.release();
  }

  async close(): Promise<void> {
    await this.session?.close();
  }
}

async function sandboxOf(wanted: WorkerSettings['sandbox']): Promise<boolean> {
  if (wanted === 'off') return false;
  const kind = await sandboxKind();
  if (kind === 'none' && wanted === 'required')
    throw new Failure(
      'engine.sandbox-missing',
      'sandbox is required, and this machine has none that works. Install bubblewrap, or deploy to nodes that have it.',
    );
  return kind !== 'none';
}

/** Of the model, or where there is none of the script. */
function contractOf({ settings, host }: ModuleContext<WorkerSettings>): Contract | undefined {
  const named = settings.model ?? settings.script;
  return named === undefined ? undefined : fileOf(named, host).contract;
}

export const createWorker =
  (language: RuntimeLanguage): Create<WorkerSettings> =>
  (context) => {
    const { columns, window, outputs } = context.settings;
    return new ModelQueue(context, {
      reads: [window === undefined ? columns : [window]],
      gives: outputs.map(({ name, as }) => as ?? name),
      async open(changed) {
        const runtime = new WorkerRuntime(context, contractOf(context));
        await runtime.open(language, changed);
        return runtime;
      },
    });
  };
