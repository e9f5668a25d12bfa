/**
 * A flow from its file: read, given its parameters, checked.
 *
 * Guarantee: either a document that can run, or problems with their lines; nothing is opened but the file.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkFlow, fillParameters, readFlow, type ParameterLayer } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument, type ProblemPlace } from '@millrace/schemas';
import { unreadable } from '../output/errors.js';
import { valuesOf } from '../parameters.js';

export interface CheckedFlow {
  /** Absolute. */
  file: string;
  folder: string;
  text: string;
  /** As it is written; absent when it could not be read. */
  document?: FlowDocument;
  /** Where the values of the parameters come from. */
  layers: ParameterLayer[] | undefined;
  problems: ProblemPlace[];
}

/** With `toRun` a parameter without a value is a problem; else its value may come with a deployment. */
export async function readAndCheck(
  path: string,
  sets: ReadonlyMap<string, string>,
  toRun: boolean,
): Promise<CheckedFlow> {
  const file = resolve(path);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('flows.unreadable', `${path} cannot be read: ${unreadable(cause)}`, { cause });
  });
  const base = { file, folder: dirname(file), text };
  const { document, problems, lineOf } = readFlow(text);
  if (document === undefined) return { ...base, layers: undefined, problems };
  const layers =
    toRun || sets.size > 0
      ? [{ from: '--set', values: valuesOf(document, sets) } as ParameterLayer]
      : undefined;
  const found = checkFlow(document, kinds, { layers });
  return {
    ...base,
    document,
    layers,
    problems: found
      .map((problem) => ({ ...problem, line: problem.line ?? lineOf(problem.pointer ?? '') }))
      .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  };
}

/** The document as it runs, or a Failure with every problem. */
export async function loadFlow(
  path: string,
  sets: ReadonlyMap<string, string>,
): Promise<CheckedFlow & { document: FlowDocument }> {
  const checked = await readAndCheck(path, sets, true);
  if (checked.document === undefined || checked.problems.length > 0) {
    throw new Failure('flows.invalid', `${path} cannot be run. Nothing was started.`, {
      errors: checked.problems,
    });
  }
  return { ...checked, document: fillParameters(checked.document, checked.layers) };
}
