/**
 * The process of one flow: builds the engine's run, opens and closes its sources when the agent says so, keeps
 * its state on disk.
 *
 * Guarantee: nothing of the flow runs before `open`; the state on disk is whole, at most about a second old, and
 * never ahead of what the flow's sinks have on disk; when the parent is lost or hangs, the flow drains, saves and
 * the process ends. What a flow may touch
 * is said by host-files.ts. It talks to nobody but its parent.
 */
import { readFile } from 'node:fs/promises';
import { checkFlow, flowDigest, parameterValues, substitute, type Catalogue } from '@millrace/flow';
import {
  FlowRun,
  type Behaviours,
  type DirectorMessage,
  type SeriesPlace,
  type Snapshot,
} from '@millrace/engine';
import { Failure, FlowDocument } from '@millrace/schemas';
import { hostFiles } from './host-files.js';
import {
  DRAIN_MS,
  PATIENCE_MS,
  type Answers,
  type Asked,
  type FromHost,
  type HostError,
  type PrepareFlow,
  type Request,
  type ToHost,
} from './ipc.js';
import { flowLooks } from './looks.js';
import { metricsOf } from './metrics.js';
import { loadState, saveState, stateBytes } from './state.js';

/** Counters are sent this often, so that a bad version is seen soon. */
const BEAT_MS = 250;
/** The state is saved at most this often, and only when records came: each time costs an fsync. */
const SAVE_MS = 1_000;

interface Modules {
  kinds: Catalogue;
  behaviours: Behaviours;
}

interface Prepared extends Modules {
  flow: PrepareFlow;
  document: FlowDocument;
}

export interface HostOptions {
  /** Of the types that a flow names; all that there are, when it names one that is not there. */
  modulesOf(types: string[]): Modules | Promise<Modules>;
}

/** Serves the parent of this process until it says stop or is gone. */
export function hostFlow({ modulesOf }: HostOptions): void {
  let prepared: Prepared | undefined;
  let run: FlowRun | undefined;
  let open = false;
  let saveTo = '';
  let openedAt = Date.now();
  let firstAt: number | null = null;
  let heard = performance.now();
  /** Records at the last save, and when that was. */
  let saved = { records: -1, at: 0 };
  let messages = 0;
  const kept = new Map<number, { resolve(): void; reject(error: Error): void }>();

  const tell = (message: FromHost, sent: () => void = () => undefined) => {
    if (process.connected) process.send?.(message, undefined, undefined, sent);
    else sent();
  };

  const looks = flowLooks({
    running: () => (open ? run : undefined),
    tell: (look, frame, missed, sent) => tell({ look, frame, missed }, sent),
  });

  /** Requests are done one after the other, in the order in which they came. */
  let before: Promise<void> = Promise.resolve();
  const then = (task: () => Promise<void>) => void (before = before.then(task));

  function build({ flow, document, kinds, behaviours }: Prepared): FlowRun {
    const files = hostFiles(flow);
    return new FlowRun({
      document,
      kinds,
      behaviours,
      log: (log, module, message) => tell({ log, module, message }),
      host: {
        ...files,
        workFolder: flow.work,
        flow: { name: flow.name, version: flow.version },
        toDirector,
      },
    });
  }

  function toDirector(message: DirectorMessage, place?: SeriesPlace): Promise<void> {
    const number = ++messages;
    return new Promise((resolve, reject) => {
      kept.set(number, { resolve, reject });
      tell({ director: number, message, place });
    });
  }

  const does: { [A in Asked]: (request: Extract<Request, { ask: A }>) => Promise<Answers[A]> } = {
    async prepare({ flow }) {
      const { document, digest } = await readDocument(flow);
      const modules = await modulesOf(Object.values(document.modules).map(({ type }) => type));
      const { kinds } = modules;
      const layers = [{ from: 'the deployment', values: flow.parameters, serves: 'many' as const }];
      const problems = checkFlow(document, kinds, { layers });
      if (problems.length > 0) {
        const said = problems
          .slice(0, 3)
          .map(({ module, detail }) => (module ? `${module}: ${detail}` : detail));
        throw new Failure('flows.invalid', `This node cannot run the flow. ${said.join(' ')}`, {
          errors: problems,
        });
      }
      const { values } = parameterValues(document, layers);
      prepared = { flow, ...modules, document: substitute(document, values).document };
      run = build(prepared);
      await run.prepare();
      const shared = Object.values(document.modules).every(
        ({ type }) => kinds.get(type)?.sharing !== 'exclusive',
      );
      return { digest, shared };
    },

    async open({ state, saveTo: to }) {
      if (run === undefined || prepared === undefined)
        throw new Failure('platform.bug', 'open came before prepare');
      const snapshot = state === null ? undefined : await loadState(state);
      if (snapshot === null)
        tell({ log: 'warn', module: '', message: `the state in ${state} cannot be read; starting afresh` });
      saveTo = to;
      openedAt = Date.now();
      saved = { records: -1, at: performance.now() };
      const opening = run;
      open = true;
      firstAt = null;
      const sources = opening.units.filter(({ behaviour }) => behaviour.process === undefined);
      const seen = () => {
        firstAt = Date.now();
        for (const end of looking) end();
      };
      const looking = sources.map(({ id }) => opening.tap(id, seen));
      watch(opening);
      try {
        await opening.start(snapshot ?? undefined, () => checkpoint(opening));
      } catch (error) {
        open = false;
        throw error;
      }
      return { live: opening.live };
    },

    async pause() {
      const { left, state } = await close();
      if (state !== null) then(() => saveState(saveTo, state).catch(logged));
      // Warm again, so that going back takes no longer than opening the sources; `open` waits for what loads.
      if (prepared !== undefined) run = build(prepared);
      run?.prepare().catch(() => undefined);
      return { left, state };
    },

    async stop() {
      const { left, state } = await close();
      if (state !== null) await saveState(saveTo, state);
      return { left, state: null };
    },
  };

  async function close(): Promise<Answers['pause']> {
    if (run === undefined || !open) return { left: 0, state: null };
    open = false;
    const state = await run.stop();
    const left = Object.values(run.counters()).reduce((sum, { queued }) => sum + queued, 0);
    sendMetrics();
    return { left, state: state === null ? null : stateBytes(state) };
  }

  /** A flow that is over by itself says so; one that was told to stop does not. */
  function watch(watched: FlowRun): void {
    watched.finished.then(
      async () => {
        if (watched !== run || !open) return;
        sendMetrics();
        await save(await watched.stop()).catch(logged);
        tell({ ended: true });
      },
      (error: unknown) => {
        if (watched !== run) return;
        sendMetrics();
        tell({ ended: true, error: errorOf(error) });
      },
    );
  }

  const save = async (state: Snapshot | null) => {
    if (state !== null) await saveState(saveTo, stateBytes(state));
  };
  const checkpoint = (of: FlowRun) => of.checkpoint((state) => saveState(saveTo, stateBytes(state)));
  const logged = (error: unknown) =>
    tell({ log: 'warn', module: '', message: `could not save the state: ${String(error)}` });

  function sendMetrics(): number {
    const metrics = metricsOf(run!, openedAt);
    tell({ metrics, firstAt });
    return metrics.records;
  }

  async function beat(): Promise<void> {
    // Also a parent that was gone before anybody listened.
    if (!process.connected) return leave('its parent is gone');
    if (performance.now() - heard > PATIENCE_MS) return leave('its parent hangs');
    if (run === undefined || !open) return;
    const records = sendMetrics();
    if (records === saved.records || performance.now() - saved.at < SAVE_MS) return;
    saved = { records, at: performance.now() };
    await checkpoint(run);
  }

  /** The next beat begins when the last save is on the disk: a slow disk makes fewer, not a queue. */
  function beats(): void {
    setTimeout(() => void beat().catch(logged).finally(beats), BEAT_MS);
  }

  async function leave(why: string): Promise<void> {
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    process.stderr.write(`the flow drains and ends: ${why}\n`);
    await does.stop({ ask: 'stop' }).catch(() => undefined);
    process.exit(0);
  }

  process.on('message', (message: ToHost) => {
    heard = performance.now();
    if ('ack' in message) {
      const waiting = kept.get(message.ack);
      kept.delete(message.ack);
      if (message.error === undefined) waiting?.resolve();
      else waiting?.reject(new Failure('platform.unavailable', message.error));
    } else if ('looks' in message) {
      looks.set(message.looks);
    } else if ('request' in message) {
      const { id, request } = message;
      then(() =>
        (does[request.ask] as (request: Request) => Promise<Answers[Asked]>)(request).then(
          (result) =>
            tell({ answer: id, result }, request.ask === 'stop' ? () => process.exit(0) : undefined),
          (error: unknown) => tell({ answer: id, error: errorOf(error) }),
        ),
      );
    }
  });
  process.on('disconnect', () => void leave('its parent is gone'));
  // The parent alone says when to stop; Ctrl-C reaches the whole group, and the flow must drain first.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  // With the parent its end of the pipe is gone, and a last word must not cost the state.
  process.stderr.on('error', () => undefined);
  beats();
}

async function readDocument(flow: PrepareFlow): Promise<{ document: FlowDocument; digest: string }> {
  const document = FlowDocument.parse(JSON.parse(await readFile(flow.document, 'utf8')));
  const digest = flowDigest(document);
  if (digest !== flow.digest) {
    throw new Failure(
      'catalogue.digest-mismatch',
      `The flow in ${flow.document} is not the one that was signed: expected ${flow.digest}, found ${digest}.`,
    );
  }
  return { document, digest };
}

function errorOf(error: unknown): HostError {
  if (error instanceof Failure) return { code: error.code, detail: error.message };
  return {
    code: 'platform.bug',
    detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  };
}
