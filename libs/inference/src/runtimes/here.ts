/** What this machine can run: the languages whose interpreter is here, and how an operator names one. */
import type { RuntimeLanguage } from '@millrace/schemas';
import { findInterpreter } from '../workers/interpreters.js';

/** By the name that facts of a node have. Python 2 is a language of its own here: nothing runs in both. */
const asked: Record<string, { language: RuntimeLanguage; named?: string }> = {
  python: { language: 'python' },
  python2: { language: 'python', named: 'python2' },
  r: { language: 'r' },
  java: { language: 'java' },
  julia: { language: 'julia' },
};

/** Variables that name an interpreter: a flow's process and its workers may know them. */
export const interpreterVariables: readonly string[] = [
  'MILLRACE_PYTHON',
  'MILLRACE_PYTHON2',
  'MILLRACE_NODE',
  'MILLRACE_RSCRIPT',
  'MILLRACE_JAVA',
  'MILLRACE_JULIA',
];

/** The version of each that is here. */
export async function interpreters(environment?: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(asked).map(async ([name, { language, named }]) => {
      const interpreter = await findInterpreter(language, { named, environment });
      return interpreter === undefined ? [] : [[name, interpreter.version] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}
