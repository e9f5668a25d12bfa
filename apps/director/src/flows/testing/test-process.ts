/**
 * The process of one test run, as the director sees it: started, heard, ended.
 *
 * Guarantee: `hear` gets events in order and `ended` exactly once, as the last; afterwards neither the process
 * nor anything that it started is there. It is given nothing of the director's environment but what a program
 * needs to run at all.
 */
import { fork } from 'node:child_process';
import type { TestRunEvent } from '@millrace/schemas';
import { GRACE_MS, LOADING_MS, TOO_LARGE, type FromTest, type TestOrder, type ToTest } from './ipc.js';

const STDERR_CHARACTERS = 4_096;

export interface TestProgram {
  entry: string;
  /** Arguments of Node itself. */
  execArgv: string[];
}

export interface TestProcess {
  readonly pid: number | undefined;
  /** Resolves when it is gone and `ended` was told. */
  readonly gone: Promise<void>;
  /** Ends it at once. */
  stop(detail: string): void;
}

/** @param hear resolves when the event has left; the next frame waits for that */
export function startTest(
  order: TestOrder,
  heapMb: number,
  program: TestProgram,
  hear: (event: FromTest) => Promise<void>,
): TestProcess {
  const child = fork(program.entry, [], {
    serialization: 'advanced',
    execArgv: [...program.execArgv, `--max-old-space-size=${heapMb}`],
    env: environmentOf(process.env, order.folder),
    cwd: order.folder,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own, so that what a module starts ends with it.
    detached: true,
  });
  let stderr = '';
  let why: TestRunEvent | undefined;
  let told = false;
  const send = (message: ToTest) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      if (process.platform === 'win32') child.kill('SIGKILL');
      else process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  };
  const end = (event: TestRunEvent) => {
    why ??= event;
    kill();
  };
  const late = (ms: number, detail: string) => setTimeout(() => end(ended('time', detail)), ms);
  let timer = late(LOADING_MS + GRACE_MS, `The flow was not loaded within ${LOADING_MS / 1_000} s.`);

  child.on('message', (message) => {
    const event = message as FromTest;
    if (told || why !== undefined) return;
    if (event.event === 'ended') told = true;
    if (event.event === 'started') {
      clearTimeout(timer);
      timer = late(order.seconds * 1_000 + 2 * GRACE_MS, tooLong(order));
    }
    void hear(event).then(() => event.event === 'frame' && send({ written: true }));
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  const began = performance.now();
  const gone = new Promise<void>((resolve) => {
    const over = (event: () => TestRunEvent) => {
      clearTimeout(timer);
      kill();
      if (!told) {
        told = true;
        const last = why ?? event();
        void hear({ event: 'ended', text: JSON.stringify(last) });
      }
      resolve();
    };
    // A failed start has no close event.
    child.on('error', (error) =>
      over(() => ended('failed', `The test could not be started: ${error.message}`)),
    );
    child.on('exit', kill);
    child.on('close', (code, signal) =>
      over(() => {
        if (ranOut(stderr, signal)) return ended('memory', tooLarge(order));
        if (signal === 'SIGKILL' && performance.now() - began >= order.seconds * 1_000)
          return ended('time', tooLong(order));
        const how = signal === null ? `code ${code}` : `signal ${signal}`;
        return ended('failed', `The process of the test ended with ${how}. ${lastLine(stderr)}`.trim());
      }),
    );
  });
  send({ order });
  return { pid: child.pid, gone, stop: (detail) => end(ended('stopped', detail)) };
}

const ended = (reason: 'time' | 'memory' | 'failed' | 'stopped', detail: string): TestRunEvent => ({
  event: 'ended',
  reason,
  detail,
});

const tooLong = ({ seconds }: TestOrder): string =>
  `The flow did not come back: a module was still at work ${seconds} s after the start, and was ended.`;

const tooLarge = ({ memoryMb }: TestOrder): string =>
  `The flow needs more than the ${memoryMb} MiB that a test run may take (MILLRACE_TEST_RUN_MEMORY_MB). ` +
  'Make its windows shorter, or test on less data.';

/** Its own watchdog, or V8 at the end of its heap. */
function ranOut(stderr: string, signal: NodeJS.Signals | null): boolean {
  if (stderr.includes(TOO_LARGE)) return true;
  return signal !== null && /heap out of memory|heap limit|Array buffer allocation failed/.test(stderr);
}

/** The director's secrets are in its environment; a flow has no use for any of it. */
const NEEDED = ['PATH', 'TZ', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'SystemRoot'];

function environmentOf(all: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const kept = NEEDED.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]]));
  return { ...(Object.fromEntries(kept) as NodeJS.ProcessEnv), TMPDIR: folder, TEMP: folder, TMP: folder };
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim();
}
