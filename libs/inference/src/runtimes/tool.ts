/**
 * Runs an installer: a process with a deadline, of which the last words are kept.
 *
 * Guarantee: when this resolves, the process and all that it started are gone; it never throws for what the
 * process does. What is Millrace's own, its token above all, is not in its environment.
 */
import { spawn } from 'node:child_process';
import { Failure } from '@millrace/schemas';

export interface Tool {
  command: string;
  args: string[];
  cwd?: string;
  /** On top of the environment of this process. */
  env?: Record<string, string>;
  deadlineMs: number;
  signal?: AbortSignal;
  /** Number of the process, and of its group; what it gives is called when both are gone. */
  onStart?(pid: number): () => void;
}

export interface ToolEnd {
  /** It ended by itself, and well. */
  ok: boolean;
  /** How it ended, for a sentence: `ended with code 1`. */
  how: string;
  /** The last lines of both streams. */
  said: string;
  /** Of standard output, up to STDOUT_BYTES. */
  stdout: string;
}

const SAID_BYTES = 4_096;
const STDOUT_BYTES = 1024 * 1024;

export function runTool({ command, args, cwd, env, deadlineMs, signal, onStart }: Tool): Promise<ToolEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...toolEnvironment(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that all of it can be ended.
      detached: process.platform !== 'win32',
    });
    let said = '';
    let stdout = '';
    let how: string | undefined;
    let gone = () => undefined as void;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < STDOUT_BYTES) stdout += text;
      said = (said + text).slice(-SAID_BYTES);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_BYTES)));

    const end = (why: string) => {
      how ??= why;
      killGroup(child.pid);
    };
    const late = setTimeout(() => end(`was not done within ${Math.round(deadlineMs / 1000)} s`), deadlineMs);
    const leave = () => end('was interrupted');
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted) leave();
    const done = (ended: string, ok: boolean) => {
      clearTimeout(late);
      signal?.removeEventListener('abort', leave);
      // What it started in the background goes with it.
      killGroup(child.pid);
      gone();
      resolve({ ok: ok && how === undefined, how: how ?? ended, said: said.trim(), stdout });
    };
    child.on('error', (error) => done(`could not be started: ${error.message}`, false));
    child.on('close', (code, by) =>
      done(`ended with ${by === null ? `code ${code}` : `signal ${by}`}`, code === 0),
    );
    if (child.pid !== undefined && onStart !== undefined) gone = onStart(child.pid);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Without what is Millrace's own, and without what would make one interpreter read the files of another. */
export function toolEnvironment(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const without = new Set(['NODE_OPTIONS', 'PYTHONPATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'R_LIBS', 'CLASSPATH']);
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !name.startsWith('MILLRACE_') && !without.has(name)),
  );
}

/** An installer did not do it: what it said last, and whether another try makes sense. */
export function notBuilt(what: string, { how, said }: { how: string; said: string }): Failure {
  const lines = said
    .split('\n')
    .map((line) => line.trimEnd())
    .filter(Boolean)
    .slice(-12);
  const code = UNREACHABLE.test(said) ? 'engine.build-unreachable' : 'engine.build-failed';
  return new Failure(code, `${what} ${how}. Its last lines: ${lines.join('\n').slice(-1500)}`, {
    current: { output: lines },
  });
}

const UNREACHABLE =
  /NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|Max retries exceeded|Temporary failure in name resolution|Connection (refused|reset)|ProxyError/;
