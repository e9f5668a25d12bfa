/**
 * The interpreters of this machine: which command runs a language, and what version it says it is.
 *
 * Guarantee: what is given was asked and answered within seconds; what the operator names goes before what is on
 * PATH, and is never replaced by something else. Nothing is installed here.
 */
import { execFile } from 'node:child_process';
import type { RuntimeLanguage } from '@millrace/schemas';
import { toolEnvironment } from '../runtimes/tool.js';

export interface Interpreter {
  command: string;
  /** As it says itself: `3.11.7`. */
  version: string;
}

export interface Wanted {
  /** A name such as `python2`: what MILLRACE_PYTHON2 says, else the program of that name. */
  named?: string;
  environment?: NodeJS.ProcessEnv;
}

const PYTHON = ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'];
const ways: Record<
  RuntimeLanguage,
  { variable: string; commands: string[]; ask: string[]; version: RegExp }
> = {
  python: {
    variable: 'MILLRACE_PYTHON',
    commands: ['python3', 'python'],
    ask: PYTHON,
    version: /^([\d.]+)/m,
  },
  javascript: {
    variable: 'MILLRACE_NODE',
    commands: [process.execPath],
    ask: ['--version'],
    version: /^v([\d.]+)/m,
  },
  r: { variable: 'MILLRACE_RSCRIPT', commands: ['Rscript'], ask: ['--version'], version: /version ([\d.]+)/ },
  java: { variable: 'MILLRACE_JAVA', commands: ['java'], ask: ['-version'], version: /version "([\d.]+)/ },
  julia: { variable: 'MILLRACE_JULIA', commands: ['julia'], ask: ['--version'], version: /version ([\d.]+)/ },
};

export async function findInterpreter(
  language: RuntimeLanguage,
  { named, environment = process.env }: Wanted = {},
): Promise<Interpreter | undefined> {
  const { commands, ask, version, variable } = ways[language];
  const set = environment[named === undefined ? variable : variableOf(named)];
  for (const command of set ? [set] : named === undefined ? commands : [named]) {
    const found = version.exec(await answer(command, ask, environment))?.[1];
    if (found !== undefined) return { command, version: found };
  }
  return undefined;
}

/** A cold virtual machine on a small board takes a few seconds to say who it is. */
const ASK_MS = 20_000;

/** What it says, on either stream; nothing when there is no such command. */
function answer(command: string, ask: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: ASK_MS, killSignal: 'SIGKILL', env: toolEnvironment(environment) } as const;
    execFile(command, ask, options, (error, out, said) => resolve(error === null ? `${out}\n${said}` : ''));
  });
}

const variableOf = (named: string): string => `MILLRACE_${named.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
