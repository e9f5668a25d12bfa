/**
 * How the runner of each language is started: command, arguments, environment. Nothing is started here.
 *
 * The environment is a short list of its own: what the agent was given, such as secrets, does not reach a script.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuntimeLanguage } from '@millrace/schemas';
import { findProgram } from './interpreters.js';
import { treeOf } from './sandbox.js';

export interface Launch {
  command: string[];
  env: Record<string, string>;
  /** What must be readable in a sandbox, beside what the script names. */
  reads: string[];
}

export interface LaunchOptions {
  language: RuntimeLanguage;
  /** Path of the interpreter. */
  interpreter: string;
  /** Where a runtime was built: a virtual environment, a library of R. */
  runtime?: string;
  memoryMb?: number;
  /** Where the compiled runner of Java is kept. */
  work: string;
}

/** Beside `src` and `dist`, so that both find them. */
const RUNNERS = fileURLToPath(new URL('../../runners/', import.meta.url));
/**
 * Moves standard input and output to descriptors 3 and 4 before an interpreter that cannot do so itself begins; what it
 * or its children print from then on is log.
 */
const MOVED = ['/bin/sh', '-c', 'exec "$@" 3<&0 4>&1 </dev/null >&2', 'sh'];
const PASSED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'LD_LIBRARY_PATH',
  'SystemRoot',
  'JAVA_HOME',
  'R_LIBS',
  'R_LIBS_SITE',
  'JULIA_DEPOT_PATH',
  'OMP_NUM_THREADS',
];
const COMPILE_MS = 120_000;

export async function launchOf(options: LaunchOptions): Promise<Launch> {
  const { language, interpreter, runtime, memoryMb } = options;
  const reads = [RUNNERS, ...treeOf(interpreter), ...(runtime === undefined ? [] : [runtime])];
  const base = { env: environment(), reads };
  const add = (env: Record<string, string>) => ({ ...base.env, ...env });
  const runner = (name: string) => join(RUNNERS, name);
  switch (language) {
    case 'python':
      return {
        ...base,
        command: [interpreter, runner('runner.py')],
        env: add({ PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' }),
      };
    case 'javascript': {
      const heap = memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`];
      return { ...base, command: moved([interpreter, ...heap, runner('runner.mjs')]) };
    }
    case 'r':
      return {
        ...base,
        command: moved([interpreter, '--vanilla', runner('runner.R')]),
        env: runtime === undefined ? base.env : add({ R_LIBS: runtime }),
      };
    case 'java': {
      const heap = memoryMb === undefined ? [] : [`-Xmx${memoryMb}m`];
      const opens = ['--add-opens', 'java.base/java.io=ALL-UNNAMED'];
      const compiled = await compiledRunner(interpreter, options.work);
      const what = compiled === undefined ? [runner('Runner.java')] : ['-cp', compiled, 'Runner'];
      return {
        ...base,
        command: moved([interpreter, '-Xshare:auto', ...heap, ...opens, ...what]),
        reads: compiled === undefined ? base.reads : [...base.reads, compiled],
      };
    }
    case 'julia': {
      const heap = memoryMb === undefined ? [] : [`--heap-size-hint=${memoryMb}M`];
      const quiet = ['--startup-file=no', '--history-file=no'];
      return { ...base, command: moved([interpreter, ...quiet, ...heap, runner('runner.jl')]) };
    }
  }
}

/** Of a virtual environment. */
export function pythonOf(runtime: string): string {
  return process.platform === 'win32'
    ? join(runtime, 'Scripts', 'python.exe')
    : join(runtime, 'bin', 'python');
}

/** The jars of a runtime, as a class path. */
export const jarsOf = (runtime: string): string => join(runtime, '*');

export const classPath = (...parts: readonly string[]): string => parts.join(delimiter);

/** On a system without a shell the runner keeps 0 and 1, and sees to printing itself. */
const moved = (command: string[]): string[] =>
  process.platform === 'win32' ? command : [...MOVED, ...command, '3', '4'];

function environment(): Record<string, string> {
  const env: Record<string, string> = { OMP_NUM_THREADS: '1' };
  for (const name of PASSED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/**
 * Java can start a source file, and then compiles it each time, which takes a second. Where there is a compiler it is
 * done once: in a folder of its own, renamed into place. Undefined when it could not be.
 */
async function compiledRunner(java: string, work: string): Promise<string | undefined> {
  const source = join(RUNNERS, 'Runner.java');
  const beside = join(dirname(java), 'javac');
  const javac = existsSync(beside) ? beside : findProgram('javac');
  if (javac === undefined) return undefined;
  const digest = createHash('sha256').update(readFileSync(source)).update(javac).digest('hex').slice(0, 16);
  const folder = join(work, `java-runner-${digest}`);
  if (existsSync(join(folder, 'Runner.class'))) return folder;
  const fresh = `${folder}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  mkdirSync(fresh, { recursive: true });
  const done = await new Promise<boolean>((resolve) => {
    execFile(javac, ['--release', '11', '-d', fresh, source], { timeout: COMPILE_MS }, (error) =>
      resolve(error === null),
    );
  });
  try {
    if (done) renameSync(fresh, folder);
  } catch {
    // Another worker was quicker.
  }
  rmSync(fresh, { recursive: true, force: true });
  return existsSync(join(folder, 'Runner.class')) ? folder : undefined;
}
