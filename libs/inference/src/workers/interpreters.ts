/**
 * Which interpreter of a language this machine has: the one that the operator named, else one on the path.
 *
 * Guarantee: what is given back has said its own version within DEADLINE_MS. A name from a flow never is a path: it
 * means what the operator set for it, or a program on the path that speaks the language.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { RuntimeLanguage } from '@millrace/schemas';

export interface Interpreter {
  /** Absolute path. */
  command: string;
  /** As it says of itself, such as 3.11.7. */
  version: string;
}

interface Way {
  /** Variable by which the operator names it. */
  variable: string;
  /** Programs to look for. */
  programs: readonly string[];
  /** How it is asked, and where its answer has the version, and the program. */
  ask: readonly string[];
  answer: RegExp;
}

const WAYS: Record<RuntimeLanguage, Way> = {
  python: {
    variable: 'MILLRACE_PYTHON',
    programs: ['python3', 'python'],
    // The program itself, where what is on the path only leads to it, by way of a shell.
    ask: ['-c', 'import platform, sys; print("python %s %s" % (platform.python_version(), sys.executable))'],
    answer: /^python (\d[\w.+-]*) ?(.*)/m,
  },
  javascript: {
    variable: 'MILLRACE_NODE',
    programs: [process.execPath],
    ask: ['-p', '"node " + process.versions.node'],
    answer: /^node (\d[\w.+-]*)/m,
  },
  r: {
    variable: 'MILLRACE_RSCRIPT',
    programs: ['Rscript'],
    ask: ['--version'],
    answer: /\bR\)? (?:scripting front-end )?version (\d[\w.]*)/,
  },
  java: {
    variable: 'MILLRACE_JAVA',
    programs: ['java'],
    ask: ['-version'],
    answer: /version "(\d[\w.+-]*)"/,
  },
  julia: {
    variable: 'MILLRACE_JULIA',
    programs: ['julia'],
    ask: ['--version'],
    answer: /^julia version (\d[\w.+-]*)/m,
  },
};
/** A virtual machine on a busy node takes seconds to say its version. */
const DEADLINE_MS = 30_000;

/**
 * The language's interpreter, or undefined when this machine has none. `named` is a name from a flow, such as `python2`:
 * the program that MILLRACE_PYTHON2 says, else the program of that name on the path.
 */
export async function findInterpreter(
  language: RuntimeLanguage,
  { named, environment = process.env }: { named?: string; environment?: NodeJS.ProcessEnv } = {},
): Promise<Interpreter | undefined> {
  const { variable, programs } = WAYS[language];
  const [set, names] =
    named === undefined ? [environment[variable], programs] : [environment[variableOf(named)], [named]];
  for (const name of set === undefined || set === '' ? names : [set]) {
    const command = findProgram(name, environment);
    const found = command === undefined ? undefined : await askInterpreter(language, command);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What an interpreter says of itself; undefined when it does not speak the language. */
export function askInterpreter(language: RuntimeLanguage, command: string): Promise<Interpreter | undefined> {
  const { ask, answer } = WAYS[language];
  return new Promise((resolve) => {
    execFile(command, [...ask], { timeout: DEADLINE_MS }, (_, stdout, stderr) => {
      const [, version, program] = answer.exec(`${stdout}\n${stderr}`) ?? [];
      resolve(version === undefined ? undefined : { command: program?.trim() || command, version });
    });
  });
}

/** The variable of a node's configuration that says which program a name means. */
export const variableOf = (named: string): string =>
  `MILLRACE_${named.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;

/** Absolute path of a program; undefined when there is none, or it may not be run. */
export function findProgram(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  const folders = /[/\\]/.test(name) ? [''] : (environment.PATH ?? '').split(delimiter);
  return folders
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending)))
    .find((path) => mayRun(path));
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
