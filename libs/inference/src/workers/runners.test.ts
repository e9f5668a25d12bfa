/** The conformance kit over every runner whose interpreter this machine has; the others are left out by name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RuntimeLanguage } from '@millrace/schemas';
import { conforms, type Rig } from './conformance.js';
import { findInterpreter, type Interpreter } from './interpreters.js';
import { launchOf } from './launch.js';
import { scripts } from './conformance-scripts.js';

const work = mkdtempSync(path.join(tmpdir(), 'millrace-runners-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rigOf = (language: RuntimeLanguage, interpreter: Interpreter): Rig => ({
  ...scripts[language],
  language,
  launch: () => launchOf({ language, interpreter: interpreter.command, work }),
});

const RUNNERS: [string, RuntimeLanguage, string?][] = [
  ['Python', 'python'],
  ['Python 2.7', 'python', 'python2'],
  ['JavaScript', 'javascript'],
  ['R', 'r'],
  ['Java', 'java'],
  ['Julia', 'julia'],
];
const found = await Promise.all(
  RUNNERS.map(([, language, named]) => findInterpreter(language, named === undefined ? {} : { named })),
);
RUNNERS.forEach(([name, language], i) => {
  const interpreter = found[i];
  if (interpreter !== undefined) conforms(`${name} (${interpreter.version})`, rigOf(language, interpreter));
  else
    describe.skip(`The runner of ${name}: this machine has no interpreter for it.`, () => {
      test('conforms', () => undefined);
    });
});
