/**
 * The process of one flow as an agent has it, without the agent: started, killed and started again on what it left.
 *
 * Guarantee: the outbox is the agent's own; every process is ended by its id.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flowDigest } from '@millrace/flow';
import type { FlowDocument, FlowMetrics } from '@millrace/schemas';
import { createLog } from '../../apps/agent/src/log.js';
import { openOutbox, type Outbox } from '../../apps/agent/src/outbox/outbox.js';
import { startProcess, type FlowProcess } from '../../apps/agent/src/flows/process.js';

const HOST = fileURLToPath(new URL('../../apps/agent/dist/flows/host-main.js', import.meta.url));
const ASK_MS = 60_000;

export class LoneFlow {
  readonly work: string;
  readonly logs: string[] = [];
  private process: FlowProcess | undefined;
  private outbox: Outbox<unknown> | undefined;
  private readonly document: FlowDocument;

  constructor(
    readonly folder: string,
    modules: FlowDocument['modules'],
  ) {
    this.work = join(folder, 'work');
    this.document = { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'lone' }, modules };
  }

  /** Starts it on the state that an earlier start left. */
  async start(): Promise<void> {
    await mkdir(this.work, { recursive: true });
    const document = join(this.folder, 'flow.json');
    await writeFile(document, JSON.stringify(this.document));
    this.outbox ??= await openOutbox(join(this.folder, 'outbox'), {
      maxBytes: 1 << 30,
      maxAgeMs: Infinity,
      now: Date.now,
    });
    const process = startProcess({
      key: 'lone',
      entry: HOST,
      label: 'lone',
      log: createLog('silent'),
      now: () => performance.now(),
      onChange: () => undefined,
      onDirector: async (message, place) => {
        if (message.channel !== 'result') throw new Error('only results are wanted here');
        const { records } = message;
        const make = (_: number, known = 0) => records.slice(known);
        await (place
          ? this.outbox!.addOnce({ ...place, count: records.length }, make)
          : this.outbox!.add(make));
      },
      onLog: (level, module, text) => this.logs.push(`${level} ${module}: ${text}`),
      onFrame: () => undefined,
    });
    this.process = process;
    const prepare = {
      name: 'lone',
      version: 1,
      digest: flowDigest(this.document),
      document,
      parameters: {},
      resources: {},
      blobs: {},
      built: {},
      work: this.work,
      roots: [dirname(this.folder)],
    };
    await process.ask({ ask: 'prepare', flow: prepare }, ASK_MS);
    const state = join(this.folder, 'state.bin');
    await process.ask({ ask: 'open', state, saveTo: state }, ASK_MS);
  }

  get metrics(): Omit<FlowMetrics, 'flow' | 'digest'> | undefined {
    return this.process?.metrics;
  }

  /** Over by itself: its files were read to their end. */
  get finished(): boolean {
    const { phase, failure } = this.process!;
    if (failure !== undefined) throw new Error(`the flow failed: ${failure.code}: ${failure.detail}`);
    return phase === 'finished';
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.process!.kill();
  }

  /** Lets it drain and save. */
  async end(): Promise<void> {
    await this.process!.end(20_000);
  }

  /** What the director would get, in order. */
  async results(): Promise<unknown[]> {
    const entries = await this.outbox!.read(0, Infinity);
    return entries.flatMap(({ message }) => message as unknown[]);
  }

  async remove(): Promise<void> {
    await this.process?.kill();
    await this.outbox?.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
