/**
 * `millrace test`: flow tests from files.
 *
 * Guarantee: every file is read and held to its flow before the first case runs; cases run one after the other
 * and each on a flow of its own, so none sees what another left.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkFlowTest, readFlowTest, withLines, type LineOf } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument, type FlowTest } from '@millrace/schemas';
import { unreadable } from '../output/errors.js';
import { modulesOf } from '../run/behaviours.js';
import { loadFlow } from '../run/load.js';
import { surroundings } from '../run/surroundings.js';
import { toldBy } from '../run/to-the-end.js';
import { runCase, withoutActing, type CaseProblem } from './case.js';

export interface CaseResult {
  file: string;
  name: string;
  line: number | undefined;
  passed: boolean;
  problems: (Omit<CaseProblem, 'pointer'> & { line: number | undefined })[];
}

interface LoadedTest {
  /** As it was typed. */
  file: string;
  folder: string;
  test: FlowTest;
  lineOf: LineOf;
  document: FlowDocument;
  flowFolder: string;
}

export async function loadTests(files: readonly string[]): Promise<LoadedTest[]> {
  const tests: LoadedTest[] = [];
  for (const file of files) tests.push(await loadTest(file));
  return tests;
}

async function loadTest(file: string): Promise<LoadedTest> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('flows.unreadable', `${file} cannot be read: ${unreadable(cause)}`, { cause });
  });
  const folder = dirname(resolve(file));
  const { test, problems, lineOf } = readFlowTest(text);
  if (test === undefined) throw invalid(file, problems);
  const sets = new Map(Object.entries(test.set ?? {}).map(([name, value]) => [name, String(value)]));
  const flow = await loadFlow(resolve(folder, test.flow), sets);
  const document = withoutActing(flow.document);
  const unmet = checkFlowTest(test, document, kinds);
  if (unmet.length > 0) throw invalid(file, withLines(unmet, lineOf));
  return { file, folder, test, lineOf, document, flowFolder: flow.folder };
}

const invalid = (file: string, errors: Failure['errors']): Failure =>
  new Failure('flows.test-invalid', `${file} is no test that can be run. Nothing was run.`, { errors });

/** @param resources of the command line, before what the test says */
export async function* runTests(
  tests: readonly LoadedTest[],
  resources: string | undefined,
): AsyncGenerator<CaseResult> {
  for (const loaded of tests) {
    const { file, folder, test, lineOf, document, flowFolder } = loaded;
    const own = test.resources === undefined ? undefined : resolve(folder, test.resources);
    const host = await surroundings(
      { document, folder: flowFolder },
      {
        resources: resources ?? own,
        without: new Set(modulesOf(document, 'source', 'sink', 'act')),
      },
    );
    try {
      for (const [at, { name }] of test.cases.entries()) {
        const problems = await runCase(test, at, {
          document: host.document,
          host,
          path: (path) => resolve(folder, path),
          log: (level, module, message) => {
            if (level !== 'info') toldBy(level, module, message);
          },
        });
        yield {
          file,
          name,
          line: lineOf(`/cases/${at}`),
          passed: problems.length === 0,
          problems: problems.map(({ pointer, ...problem }) => ({ ...problem, line: lineOf(pointer) })),
        };
      }
    } finally {
      await host.close();
    }
  }
}
