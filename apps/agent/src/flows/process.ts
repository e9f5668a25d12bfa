/**
 * One process of one flow, as the agent sees it: spawned, asked, watched, ended.
 *
 * Guarantee: every request is answered or fails by its deadline; a process that ended, whyever, fails what was
 * asked and is told to `onChange` once; nothing here decides whether it is started again. Its last words on
 * stderr are kept, at most STDERR_BYTES, as evidence.
 */
import { fork } from 'node:child_process';
import type { DirectorMessage, SeriesPlace } from '@millrace/engine';
import { interpreterVariables } from '@millrace/inference';
import { Failure, type FlowMetrics, type TapFrame } from '@millrace/schemas';
import type { Log } from '../log.js';
import {
  PATIENCE_MS,
  PING_MS,
  type Answers,
  type Asked,
  type FromHost,
  type HostError,
  type Look,
  type Request,
  type ToHost,
} from './ipc.js';

const STDERR_BYTES = 4096;
/** After SIGTERM has not helped for this long, SIGKILL. */
const KILL_MS = 2_000;

export type Phase = 'cold' | 'warm' | 'open' | 'paused' | 'finished' | 'dead';

export interface FlowProcess {
  readonly key: string;
  readonly pid: number;
  readonly phase: Phase;
  /** Monotonic milliseconds at which it opened its sources last. */
  readonly openedAt: number;
  /** Monotonic milliseconds at which `metrics` came. */
  readonly measuredAt: number;
  /** Epoch milliseconds of the first record since the sources were opened. */
  readonly firstAt: number | null;
  readonly metrics: Omit<FlowMetrics, 'flow' | 'digest'> | undefined;
  /** Why it is dead, or `finished` with an error. */
  readonly failure: HostError | undefined;
  readonly exit: { code: number | null; signal: string | null } | undefined;
  readonly stderr: string;
  /** Whether two versions may read the sources at once; known once warm. */
  readonly shared: boolean;
  ask<R extends Request>(request: R, deadlineMs: number, signal?: AbortSignal): Promise<Answers[R['ask']]>;
  /** Everybody who looks at it from now on. */
  look(looks: Look[]): void;
  /** Asks it to stop; kills it when it does not within the deadline. Resolves when it is gone. */
  end(deadlineMs: number): Promise<void>;
  kill(): Promise<void>;
}

export interface ProcessOptions {
  key: string;
  entry: string;
  /** Named in the process list, and how a later agent knows its own children. */
  label: string;
  heapMb?: number;
  log: Log;
  now(): number;
  onChange(): void;
  /** Resolves when the message is kept on disk. */
  onDirector(message: DirectorMessage, place: SeriesPlace | undefined): Promise<void>;
  onLog(level: 'info' | 'warn' | 'error', module: string, message: string): void;
  /** What a look saw; the process left out `missed` frames before it. */
  onFrame(look: string, frame: TapFrame, missed: number): void;
}

interface Waiting {
  resolve(result: Answers[Asked]): void;
  reject(error: unknown): void;
}

const after = { prepare: 'warm', open: 'open', pause: 'paused', stop: 'dead' } as const satisfies Record<
  Asked,
  Phase
>;

export function startProcess(options: ProcessOptions): FlowProcess {
  const { key, log, now } = options;
  const child = fork(options.entry, [options.label], {
    serialization: 'advanced',
    execArgv: options.heapMb === undefined ? [] : [`--max-old-space-size=${options.heapMb}`],
    env: childEnvironment(process.env),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let next = 1;
  let phase: Phase = 'cold';
  let openedAt = 0;
  let measuredAt = 0;
  let firstAt: number | null = null;
  let silent = 0;
  let shared = false;
  let metrics: FlowProcess['metrics'];
  let failure: HostError | undefined;
  let exit: FlowProcess['exit'];
  let stderr = '';
  let ending = false;
  let leave!: () => void;
  const gone = new Promise<void>((resolve) => (leave = resolve));

  const send = (message: ToHost) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const pings = setInterval(() => {
    send({ ping: true });
    // Counted in pings and not in time, which also goes by while the whole machine sleeps.
    silent = phase === 'open' ? silent + 1 : 0;
    if (silent <= PATIENCE_MS / PING_MS) return;
    const detail = `the flow has said nothing for ${PATIENCE_MS / 1000} s: a module does not come back`;
    failure ??= { code: 'fleet.flow-silent', detail };
    child.kill('SIGKILL');
  }, PING_MS);
  pings.unref();

  function move(to: Phase): void {
    if (phase === 'dead') return;
    phase = to;
    options.onChange();
  }

  function lost(error: HostError): void {
    for (const { reject } of waiting.values()) reject(new Failure(error.code, error.detail));
    waiting.clear();
  }

  function hear(message: FromHost): void {
    silent = 0;
    if ('answer' in message) {
      const request = waiting.get(message.answer);
      waiting.delete(message.answer);
      if ('error' in message) request?.reject(new Failure(message.error.code, message.error.detail));
      else request?.resolve(message.result);
    } else if ('metrics' in message) {
      metrics = message.metrics;
      firstAt = message.firstAt;
      measuredAt = now();
    } else if ('director' in message) {
      options.onDirector(message.message, message.place).then(
        () => send({ ack: message.director }),
        (error: unknown) => send({ ack: message.director, error: String(error) }),
      );
    } else if ('log' in message) {
      log[message.log]({ module: message.module }, message.message);
      options.onLog(message.log, message.module, message.message);
    } else if ('look' in message) {
      options.onFrame(message.look, message.frame, message.missed);
    } else {
      failure = message.error;
      move('finished');
    }
  }

  child.on('message', (message) => hear(message as FromHost));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_BYTES);
  });
  // A failed spawn has no exit event.
  child.on('error', (error) => died(null, null, error.message));
  child.on('exit', (code, signal) => died(code, signal));

  function died(code: number | null, signal: string | null, why?: string): void {
    if (exit !== undefined) return;
    clearInterval(pings);
    exit = { code, signal };
    const detail = why ?? `its process ended with ${signal === null ? `code ${code}` : `signal ${signal}`}`;
    if (!ending)
      failure ??= { code: 'fleet.flow-ended', detail: [detail, lastLine(stderr)].filter(Boolean).join(': ') };
    lost(failure ?? { code: 'fleet.flow-ended', detail });
    move('dead');
    leave();
  }

  async function ask<R extends Request>(
    request: R,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<Answers[R['ask']]> {
    if (exit !== undefined) throw new Failure('fleet.flow-ended', failure?.detail ?? 'the process has ended');
    const id = next++;
    let reject!: (error: unknown) => void;
    const answered = new Promise<Answers[Asked]>((resolve, fail) => {
      reject = fail;
      waiting.set(id, { resolve, reject });
    });
    const late = setTimeout(
      () =>
        reject(
          new Failure(
            'fleet.flow-silent',
            `the flow did not answer "${request.ask}" within ${deadlineMs} ms`,
          ),
        ),
      deadlineMs,
    );
    const abandon = () => reject(signal?.reason);
    if (signal?.aborted) abandon();
    signal?.addEventListener('abort', abandon, { once: true });
    send({ id, request });
    try {
      const result = (await answered) as Answers[R['ask']];
      if ('shared' in result) shared = result.shared;
      if (request.ask === 'open') openedAt = now();
      // What has ended by itself in the meantime stays so.
      if (phase !== 'finished' || request.ask === 'pause') move(after[request.ask]);
      return result;
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', abandon);
      waiting.delete(id);
    }
  }

  async function kill(): Promise<void> {
    ending = true;
    if (exit === undefined) child.kill('SIGKILL');
    await gone;
  }

  return {
    key,
    pid: child.pid ?? 0,
    get phase() {
      return phase;
    },
    get openedAt() {
      return openedAt;
    },
    get firstAt() {
      return firstAt;
    },
    get measuredAt() {
      return measuredAt;
    },
    get metrics() {
      return metrics;
    },
    get failure() {
      return failure;
    },
    get exit() {
      return exit;
    },
    get stderr() {
      return stderr;
    },
    get shared() {
      return shared;
    },
    ask,
    look: (looks) => send({ looks }),
    kill,
    async end(deadlineMs) {
      if (exit !== undefined) return;
      ending = true;
      const late = setTimeout(() => child.kill('SIGKILL'), deadlineMs + KILL_MS);
      ask({ ask: 'stop' }, deadlineMs).catch((error: unknown) => {
        if (exit === undefined) log.warn({ key, error: String(error) }, 'the flow does not stop by itself');
        child.kill('SIGKILL');
      });
      await gone;
      clearTimeout(late);
    },
  };
}

const interpreters: ReadonlySet<string> = new Set(interpreterVariables);

/** What is the agent's own, its token above all, is no business of a flow; which Python there is, is. */
function childEnvironment(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name]) => interpreters.has(name) || (!name.startsWith('MILLRACE_') && name !== 'NODE_OPTIONS'),
    ),
  );
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim();
}
