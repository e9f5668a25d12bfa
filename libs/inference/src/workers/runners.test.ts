/** The conformance kit over every runner whose interpreter this machine has; the others are left out by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RuntimeLanguage } from '@millrace/schemas';
import { findPython2 } from '../../../../test/kit/interpreters.js';
import { conforms, type Rig } from './conformance.js';
import { scripts } from './conformance-scripts.js';
import { findInterpreter, findProgram, type Interpreter } from './interpreters.js';
import { launchOf } from './launch.js';

const work = mkdtempSync(path.join(tmpdir(), 'millrace-runners-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The class, compiled; the runner compiles sources too, which the scripts for arrays are. */
function compiled(file: string): string {
  const javac = findProgram('javac');
  if (javac === undefined) return file;
  const folder = path.join(path.dirname(file), 'classes');
  execFileSync(javac, ['-d', folder, file]);
  return folder;
}

/** An array of Python's is one of numpy. */
function hasArrays(language: RuntimeLanguage, { command }: Interpreter): boolean {
  return language !== 'python' || spawnSync(command, ['-c', 'import numpy']).status === 0;
}

const rigOf = (language: RuntimeLanguage, interpreter: Interpreter): Rig => ({
  ...scripts[language],
  ...(hasArrays(language, interpreter) ? {} : { array: undefined }),
  language,
  build: language === 'java' ? compiled : undefined,
  launch: () => launchOf({ language, interpreter: interpreter.command, work }),
});

const RUNNERS: [string, RuntimeLanguage, Promise<Interpreter | undefined>][] = [
  ['Python', 'python', findInterpreter('python')],
  ['Python 2.7', 'python', findPython2()],
  ['JavaScript', 'javascript', findInterpreter('javascript')],
  ['R', 'r', findInterpreter('r')],
  ['Java', 'java', findInterpreter('java')],
  ['Julia', 'julia', findInterpreter('julia')],
];
for (const [name, language, finding] of RUNNERS) {
  const interpreter = await finding;
  if (interpreter !== undefined) conforms(`${name} (${interpreter.version})`, rigOf(language, interpreter));
  else
    describe.skip(`The runner of ${name}: this machine has no interpreter for it.`, () => {
      test('conforms', () => undefined);
    });
}
