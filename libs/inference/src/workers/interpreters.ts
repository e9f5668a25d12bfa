/**
 * The interpreters of this machine: which command runs a language, and what version it says it is.
 *
 * Guarantee: what is given was asked and answered within seconds; what the operator names goes before what is on
 * PATH, and is never replaced by something else. Nothing is installed here.
 */
import { execFile } from 'node:child_process';
import type { RuntimeLanguage } from '@millrace/schemas';
import { toolEnvironment } from '../runtimes/tool.js';

export type Language = RuntimeLanguage | 'python2';

export interface Interpreter {
  command: string;
  /** As it says itself: `3.11.7`. */
  version: string;
}

export interface Wanted {
  /** A command or a path, of a flow's settings or of the operator. */
  named?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Names of the variables by which an operator says which one to take. */
export const interpreterVariables = {
  python: 'MILLRACE_PYTHON',
  python2: 'MILLRACE_PYTHON2',
  javascript: 'MILLRACE_NODE',
  r: 'MILLRACE_RSCRIPT',
  java: 'MILLRACE_JAVA',
  julia: 'MILLRACE_JULIA',
} as const satisfies Record<Language, string>;

const PYTHON = ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'];
const ways: Record<Language, { commands: string[]; ask: string[]; version: RegExp }> = {
  python: { commands: ['python3', 'python'], ask: PYTHON, version: /^(3\.[\d.]+)/m },
  python2: { commands: ['python2.7', 'python2', 'python'], ask: PYTHON, version: /^(2\.[\d.]+)/m },
  javascript: { commands: [process.execPath], ask: ['--version'], version: /^v([\d.]+)/m },
  r: { commands: ['Rscript'], ask: ['--version'], version: /version ([\d.]+)/ },
  java: { commands: ['java'], ask: ['-version'], version: /version "([\d.]+)/ },
  julia: { commands: ['julia'], ask: ['--version'], version: /version ([\d.]+)/ },
};

export async function findInterpreter(
  language: Language,
  { named, environment = process.env }: Wanted = {},
): Promise<Interpreter | undefined> {
  const { commands, ask, version } = ways[language];
  const chosen = named || environment[interpreterVariables[language]];
  for (const command of chosen ? [chosen] : commands) {
    const found = version.exec(await answer(command, ask, environment))?.[1];
    if (found !== undefined) return { command, version: found };
  }
  return undefined;
}

/** By language, those that are here. */
export async function interpreters(
  environment?: NodeJS.ProcessEnv,
): Promise<Partial<Record<Language, string>>> {
  const languages = Object.keys(ways) as Language[];
  const found = await Promise.all(languages.map((language) => findInterpreter(language, { environment })));
  return Object.fromEntries(
    languages.flatMap((language, i) => (found[i] === undefined ? [] : [[language, found[i].version]])),
  );
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
