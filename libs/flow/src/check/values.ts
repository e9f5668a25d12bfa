/**
 * The document with the values of its parameters as far as they are known, for the checks.
 *
 * Guarantee: the value of a secret is never put in, so no problem can show it.
 */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import {
  parameterProblems,
  parameterValues,
  substitute,
  type ParameterLayer,
  type ParameterValue,
} from '../parameters.js';

export interface Substituted {
  document: FlowDocument;
  problems: ProblemPlace[];
  /** Where a value stands that nobody gave. */
  guessed: { pointers: ReadonlySet<string>; modules: ReadonlySet<string> };
}

export function asItIs(document: FlowDocument): Substituted {
  return { document, problems: [], guessed: { pointers: new Set(), modules: new Set() } };
}

/**
 * The document with the values that are known. One that is not is stood in for by a value of its type (a
 * text stays as it is written), and a secret always is, so that no problem can show it.
 */
export function withValues(
  document: FlowDocument,
  layers: readonly ParameterLayer[] | undefined,
): Substituted {
  const declared = document.parameters ?? {};
  const wrong = parameterProblems(document);
  const { values, problems } = parameterValues(document, layers);
  const standIns = new Map<string, ParameterValue>(values);
  const guessedNames = new Set<string>();
  for (const [name, { type }] of Object.entries(declared)) {
    if (type === 'secret') standIns.delete(name);
    if (standIns.has(name)) continue;
    guessedNames.add(name);
    if (type === 'number' || type === 'integer') standIns.set(name, 1);
    if (type === 'boolean') standIns.set(name, true);
  }
  const filled = substitute(document, standIns);
  const guessed = filled.uses.filter(({ name }) => guessedNames.has(name));
  return {
    document: filled.document,
    problems: [
      ...wrong,
      ...(layers === undefined ? [] : problems.filter(({ field }) => !isTold(wrong, field))),
      ...filled.problems,
    ],
    guessed: {
      pointers: new Set(guessed.map(({ pointer }) => pointer)),
      modules: new Set(guessed.map(({ module }) => module)),
    },
  };
}

function isTold(problems: readonly ProblemPlace[], field: string | undefined): boolean {
  return problems.some((problem) => problem.field === field);
}
