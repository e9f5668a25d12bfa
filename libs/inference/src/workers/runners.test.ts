/** The conformance kit over every runner whose interpreter this machine has; the others are left out by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RuntimeLanguage } from '@millrace/schemas';
import { findPython2 } from '../../../../test/kit/interpreters.js';
import { conforms, type Rig } from './conformance.js';
import { scripts } from './conformance-scripts.js';
import { findInterpreter, findProgram, type Interpreter } from './interpreters.js';
import { helloOf } from './hello.js';
import { launchOf } from './launch.js';
import { sandboxKind } from './sandbox.js';
import { WorkerSession } from './session.js';

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
/** What it makes of three rows. */
async function answersOf(rig: Rig, sandbox: boolean): Promise<number[]> {
  const folder = mkdtempSync(path.join(work, 'in-a-sandbox-'));
  const file = path.join(folder, rig.file);
  writeFileSync(file, rig.script);
  const session = await WorkerSession.open({
    name: 'm',
    launch: await rig.launch(),
    hello: helloOf({
      columns: ['a', 'b'].map((name) => ({ name, dtype: 'float64' })),
      dtype: 'float64',
      outputs: ['result'],
      entry: rig.build?.(file) ?? file,
      class: rig.class,
      files: { model: file },
      settings: { do: 'settings', factor: 3 },
      caps: {},
    }),
    cwd: folder,
    sandbox,
    reads: [folder],
    log: () => undefined,
  });
  try {
    const batch = session.borrow()!;
    batch.numbers(6).set([1.5, 0, -2, 0, 1e9, 0]);
    await batch.run();
    return [...batch.result.numbers.subarray(0, batch.result.rows)];
  } finally {
    await session.close();
  }
}

const hasSandbox = (await sandboxKind()) !== 'none';

for (const [name, language, finding] of RUNNERS) {
  const interpreter = await finding;
  if (interpreter !== undefined) {
    const rig = rigOf(language, interpreter);
    conforms(`${name} (${interpreter.version})`, rig);
    describe(`${name} (${interpreter.version})`, () => {
      (hasSandbox ? test : test.skip)(
        'gives the same in a sandbox',
        async () => {
          expect(await answersOf(rig, true)).toEqual([4.5, -6, 3e9]);
          expect(await answersOf(rig, false)).toEqual([4.5, -6, 3e9]);
        },
        60_000,
      );
    });
  } else
    describe.skip(`The runner of ${name}: this machine has no interpreter for it.`, () => {
      test('conforms', () => undefined);
    });
}
