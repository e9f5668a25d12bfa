/**
 * The process of one test run: builds the flow, looks at it four times a second, tells what it sees.
 *
 * Guarantee: `ended` is the last word and there is exactly one, unless the process is killed; a frame is told
 * only when the one before has left, so a slow reader makes longer intervals and no queue. It touches nothing
 * but its own folder.
 */
import {
  FlowRun,
  FlowSampler,
  type Behaviours,
  type DirectorMessage,
  type Host,
  type ResourceFile,
} from '@millrace/engine';
import { isReference, parseReference, type Catalogue } from '@millrace/flow';
import { Failure, Severity, type ProblemPlace, type TapFrame, type TestRunEvent } from '@millrace/schemas';
import { GRACE_MS, LOADING_MS, type FromTest, type TestOrder, type ToTest } from './ipc.js';
import { behavioursOf, noFile } from './replaced.js';
import { tableOf, type Table } from './table.js';
import { startWatchdog } from './watchdog.js';

const FRAME_MS = 250;
const SAMPLES_A_PORT = 200;
/** Samples of a frame above this are thinned out; readers of event streams have a limit of a few times this. */
const FRAME_CHARACTERS = 1_000_000;
/** Characters of a number with all its digits. */
const NUMBER = 18;
const ALERTS_TOLD = 1_000;
const LOGS_TOLD = 200;

export interface TestHostOptions {
  kinds: Catalogue;
  behaviours: Behaviours;
}

/** Runs the one flow that the parent of this process orders. */
export function hostTestRun(options: TestHostOptions): void {
  process.on('disconnect', () => process.exit(1));
  // The director alone ends a run; Ctrl-C reaches it too.
  process.on('SIGINT', () => undefined);
  process.on('message', (message: ToTest) => {
    if ('order' in message) void testRun(message.order, options);
  });
}

async function testRun(order: TestOrder, { kinds, behaviours }: TestHostOptions): Promise<void> {
  const watchdog = startWatchdog(order.memoryMb);
  watchdog.until(LOADING_MS);
  const alerts = new Told('alert', ALERTS_TOLD);
  const logs = new Told('message', LOGS_TOLD);
  const tell = (event: TestRunEvent): Promise<void> => send(event, order.folder);
  let run: FlowRun;
  let table: Table | undefined;
  let sampler: FlowSampler;
  try {
    table = order.table && tableOf(order.table);
    run = new FlowRun({
      document: order.document,
      kinds,
      behaviours: behavioursOf(order, kinds, behaviours, table?.instead),
      log: (level, module, message) => {
        if (logs.take()) void tell({ event: 'log', level, module, message });
      },
      host: hostOf(order, (message) => {
        if (message.channel === 'alert' && alerts.take()) void tell(alertOf(message));
      }),
    });
    table?.listen(run);
    await run.prepare();
    sampler = new FlowSampler(run, { perPort: SAMPLES_A_PORT, since: Date.now() });
  } catch (error) {
    return leave(failed(error));
  }
  const frames = new Frames(sampler, tell);
  watchdog.until(order.seconds * 1_000 + GRACE_MS);
  const { memoryMb, seconds } = order;
  void tell({ event: 'started', limits: { seconds, memoryMb } });
  // Who waits for a table looks at nothing before.
  if (table === undefined) frames.start();
  const over = new Promise<TestRunEvent>((resolve) =>
    setTimeout(
      () => resolve(ended('time', `The run was ended after ${seconds} s, as asked.`)),
      seconds * 1_000,
    ),
  );
  const done = run
    .start()
    .then(() => run.finished)
    .then(async () => ended('finished', (await table?.write()) ?? 'Every source came to its end.'))
    .catch(failed);
  const end = await Promise.race([done, over]);
  if (table === undefined) await frames.last();
  for (const one of [alerts, logs]) {
    const message = one.rest();
    if (message !== undefined) await tell({ event: 'log', level: 'warn', module: '', message });
  }
  return leave(end);

  async function leave(event: TestRunEvent): Promise<never> {
    // What waits for a director that does not read is not waited for.
    setTimeout(() => process.exit(1), GRACE_MS);
    await tell(event);
    process.exit(0);
  }
}

/** Frames at their pace, one on its way at a time. */
class Frames {
  private timer: NodeJS.Timeout | undefined;
  private way: Promise<void> = Promise.resolve();

  constructor(
    private readonly sampler: FlowSampler,
    private readonly tell: (event: TestRunEvent) => Promise<void>,
  ) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.way = this.next();
      void this.way.then(() => this.timer && this.start());
    }, FRAME_MS);
  }

  /** What left since; waits for what is on its way, but not for ever. */
  async last(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.way;
    await Promise.race([this.next(), new Promise((resolve) => setTimeout(resolve, GRACE_MS / 2))]);
    this.sampler.stop();
  }

  private async next(): Promise<void> {
    const written = new Promise<void>((resolve) => {
      const hear = (message: ToTest) => {
        if (!('written' in message)) return;
        process.off('message', hear);
        resolve();
      };
      process.on('message', hear);
    });
    await this.tell({ event: 'frame', frame: fitting(this.sampler.frame(Date.now())) });
    await written;
  }
}

/** Of wide records fewer are shown; counts stay. */
function fitting(frame: TapFrame): TapFrame {
  const ports = Object.values(frame.modules).flatMap((module) => Object.values(module.ports));
  const samples = ports.flatMap(({ sampled }) => sampled);
  const characters = samples.reduce((sum, sample) => sum + lengthOf(sample), 0);
  const every = Math.ceil(characters / FRAME_CHARACTERS);
  if (every > 1) for (const port of ports) port.sampled = port.sampled.filter((_, i) => i % every === 0);
  return frame;
}

/** About as long as its JSON, for a hundredth of the work. */
function lengthOf(sample: TapFrame['modules'][string]['ports'][string]['sampled'][number]): number {
  let length = 2;
  for (const name in sample) {
    const value = sample[name];
    length += name.length + 4;
    if (typeof value === 'string') length += value.length;
    else length += NUMBER * (Array.isArray(value) ? value.length : 1);
  }
  return length;
}

/** The first of many, and how many more there were. */
class Told {
  private count = 0;

  constructor(
    private readonly what: string,
    private readonly most: number,
  ) {}

  take(): boolean {
    return ++this.count <= this.most;
  }

  rest(): string | undefined {
    if (this.count <= this.most) return undefined;
    return `The first ${this.most} ${this.what}s are shown; there were ${this.count}.`;
  }
}

function hostOf(order: TestOrder, hear: (message: DirectorMessage) => void): Host {
  const resource = (text: string): ResourceFile => {
    const reference = parseReference(text);
    const path = reference?.digest === undefined ? undefined : order.blobs[reference.digest];
    if (reference === undefined || path === undefined)
      throw new Failure('flows.resource', `The flow names ${text}, which its lock does not have.`);
    const { name, selector, digest = null } = reference;
    return { path, name, version: Number(selector), digest };
  };
  return {
    resource,
    path(file) {
      if (isReference(file)) return resource(file).path;
      throw noFile(file);
    },
    workFolder: order.folder,
    flow: { name: order.flow, version: null },
    toDirector: async (message) => hear(message),
  };
}

function alertOf(message: Extract<DirectorMessage, { channel: 'alert' }>): TestRunEvent {
  const { module, t, change, message: said, key } = message;
  const severity = Severity.safeParse(message.severity).data ?? 'medium';
  const values = Object.fromEntries(
    Object.entries(message.values).filter(([, value]) => typeof value !== 'object' || Array.isArray(value)),
  ) as Extract<TestRunEvent, { event: 'alert' }>['values'];
  const which = key === null || key instanceof Float64Array ? {} : { key };
  return { event: 'alert', module, ...which, t, change, severity, message: said, values };
}

const ended = (
  reason: Extract<TestRunEvent, { event: 'ended' }>['reason'],
  detail: string,
  problems?: ProblemPlace[],
): TestRunEvent => ({ event: 'ended', reason, detail, ...(problems && { problems }) });

function failed(error: unknown): TestRunEvent {
  const detail = error instanceof Error ? error.message : String(error);
  const { code, errors } = error instanceof Failure ? error : { code: 'engine.module-failed', errors: [] };
  const module = (error as { module?: unknown } | null)?.module;
  const place = { code, detail, ...(typeof module === 'string' && { module }) };
  return ended('failed', detail, errors.length > 0 ? errors : [place]);
}

/** Resolves when the director has it. Paths of this machine are nobody's business. */
function send(event: TestRunEvent, folder: string): Promise<void> {
  const text = JSON.stringify(event).replaceAll(`${folder}/`, '');
  const message: FromTest = { event: event.event, text };
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
