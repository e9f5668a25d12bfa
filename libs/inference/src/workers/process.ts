/**
 * One process of a worker: spawned in a group of its own, its frames read, its log bounded, its tree watched, ended.
 *
 * Guarantee: `died` is called at most once, with the reason a person needs, when it ended, wrote rubbish or passed a cap;
 * after `end` none of its processes runs and nothing more is heard of it. What to do about it is the session's business.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { FrameReader, frameHead, Kind, NoFrame, type Frame } from './frames.js';
import { findProgram } from './interpreters.js';
import { readLog } from './log.js';
import { insideSandbox, SANDBOX_PROCESSES } from './sandbox.js';
import { endTree, MARK, treeUse } from './tree.js';
import type { Launch } from './launch.js';

export interface Caps {
  /** Resident memory of the whole tree. */
  memoryMb?: number;
  processes?: number;
}

export interface ProcessOptions {
  launch: Launch;
  caps: Caps;
  /** Inside bubblewrap; `reads` of the script are shown there. */
  sandbox: boolean;
  reads: readonly string[];
  cwd: string;
}

export interface ProcessEvents {
  frame(frame: Frame): void;
  died(reason: string): void;
  log(line: string): void;
  /** Lines of the log that were too many. */
  lost(lines: number): void;
}

export interface WorkerProcess {
  readonly pid: number;
  /** The last that it wrote on standard error. */
  readonly lastWords: string;
  send(kind: number, id: number, header: object | null, body?: Uint8Array): void;
  /** A frame that is laid out already; it must stay as it is until it is answered. */
  write(frame: Uint8Array): void;
  /** Says bye and waits for `patienceMs` before the tree is ended. */
  end(patienceMs: number): Promise<void>;
}

/** Twice as often as a script that takes a gigabyte a second needs to pass a cap of half of one. */
const WATCH_MS = 250;
/** Last words and the end come by two ways; they are given this long to meet. */
const LAST_WORDS_MS = 200;
/** bubblewrap tells of what was ended by a signal: its number, and this. */
const SIGNALLED = 128;

export function startWorker(options: ProcessOptions, events: ProcessEvents): WorkerProcess {
  const { launch, caps, cwd } = options;
  const mark = randomBytes(12).toString('hex');
  const [program, ...args] = commandOf(options);
  const child = spawn(program!, args, {
    cwd: options.sandbox ? '/' : cwd,
    env: { ...launch.env, [MARK]: mark },
    stdio: 'pipe',
    // A group of its own: Ctrl-C is for the flow, and the group can be ended as a whole.
    detached: process.platform !== 'win32',
  });
  const pid = child.pid ?? 0;
  let over = false;
  let hasEnded = false;
  let gone!: () => void;
  const ended = new Promise<void>((resolve) => (gone = resolve));

  const die = (reason: string) => {
    if (over) return;
    over = true;
    clearInterval(watch);
    events.died(reason);
  };
  const log = readLog(child.stderr, events.log, events.lost);
  const reader = new FrameReader((frame) => {
    if (!over) events.frame(frame);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (over) return;
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof NoFrame)) throw error;
      die(error.message);
    }
  });
  // A pipe that is broken is told by the end of the process.
  child.stdin.on('error', () => undefined);
  child.stdout.on('error', () => undefined);
  child.on('error', (error) => {
    gone();
    die(`it could not be started: ${error.message}`);
  });
  child.on('exit', (code, signal) => {
    hasEnded = true;
    gone();
    const by = signal ?? (options.sandbox ? signalOf(code) : undefined);
    const how = by === undefined ? `ended with code ${code}` : `was ended by ${by}`;
    const tell = () => die(`it ${how}${lastLine(log.last)}`);
    child.once('close', tell);
    setTimeout(tell, LAST_WORDS_MS).unref();
  });
  const watch = setInterval(() => {
    const passed = passedCap(pid, caps, options.sandbox ? SANDBOX_PROCESSES : 0);
    if (passed !== undefined) die(passed);
  }, WATCH_MS);
  watch.unref();
  if (caps.memoryMb === undefined && caps.processes === undefined) clearInterval(watch);

  return {
    pid,
    get lastWords() {
      return log.last;
    },
    send(kind, id, header, body) {
      child.stdin.write(frameHead(kind, id, header, body?.byteLength));
      if (body !== undefined && body.byteLength > 0) child.stdin.write(body);
    },
    write: (frame) => void child.stdin.write(frame),
    async end(patienceMs) {
      over = true;
      clearInterval(watch);
      if (patienceMs > 0 && !hasEnded && pid !== 0) {
        child.stdin.end(frameHead(Kind.bye, 0, null));
        await Promise.race([ended, after(patienceMs)]);
      }
      if (pid !== 0) await endTree(pid, mark);
      await Promise.race([ended, after(LAST_WORDS_MS)]);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      log.close();
    },
  };
}

function commandOf({ launch, sandbox, reads }: ProcessOptions): string[] {
  if (sandbox) return insideSandbox(launch.command, [...launch.reads, ...reads]);
  // Whoever started it may be killed at any moment, and then nobody is left to end what hangs.
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  return setpriv === undefined ? launch.command : [setpriv, '--pdeathsig', 'KILL', '--', ...launch.command];
}

/** `ours`: processes of the tree that are not the script's. */
function passedCap(pid: number, { memoryMb, processes }: Caps, ours: number): string | undefined {
  const use = treeUse(pid);
  if (use === undefined) return undefined;
  const megabytes = Math.round(use.bytes / (1 << 20));
  if (memoryMb !== undefined && megabytes > memoryMb)
    return `it uses ${megabytes} MB of memory, and caps.memoryMb is ${memoryMb}`;
  const own = use.processes - ours;
  if (processes !== undefined && own > processes)
    return `it has ${own} processes, and caps.processes is ${processes}`;
  return undefined;
}

function signalOf(code: number | null): string | undefined {
  const number = (code ?? 0) - SIGNALLED;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

const lastLine = (text: string): string => {
  const line = text.split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line.slice(0, 500)}`;
};

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
