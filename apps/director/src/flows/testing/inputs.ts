/**
 * Which sources of a flow a test run may open as they are, and which need a file in their place.
 *
 * Guarantee: a run that has no problem here opens nothing outside: what is not known to be harmless needs a
 * file. Pure.
 */
import { isReference, resourceReferences, type PlacedReference } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, ProblemPlace, TestRunRequest } from '@millrace/schemas';

type Harmless = Readonly<Record<string, (settings: Record<string, unknown>) => boolean>>;

/** Sources that touch nothing but what the director itself gives them, and of them those that come to an end. */
const ending: Harmless = { 'source.csv': ({ file }) => typeof file === 'string' && isReference(file) };
const harmless: Harmless = { 'source.simulator': () => true, ...ending };

type Inputs = NonNullable<TestRunRequest['inputs']>;

/**
 * @param document with its parameters filled in
 * @param toTheEnd whether the run is to come to an end by itself
 */
export function inputProblems(document: FlowDocument, inputs: Inputs, toTheEnd: boolean): ProblemPlace[] {
  const known = toTheEnd ? ending : harmless;
  const sources = Object.entries(document.modules).filter(([, { type }]) => isSource(type));
  const names = sources.map(([id]) => id);
  const strange = Object.keys(inputs)
    .filter((id) => !names.includes(id))
    .map((id) => ({
      pointer: `/inputs/${id.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: `${id} is no source of the flow. Its sources are ${names.slice(0, 10).join(', ')}.`,
    }));
  const wanting = sources
    .filter(([id, { type, settings }]) => !Object.hasOwn(inputs, id) && !known[type]?.(settings ?? {}))
    .map(([module, { type }]) => ({
      module,
      pointer: `/modules/${module}`,
      detail: harmless[type]?.({})
        ? `${module} is a ${type}, which has no end. Give it a file.`
        : `${module} is a ${type} and would reach outside, which a test run never does. Give it a file.`,
    }));
  return [...strange, ...wanting].map((problem) => ({ code: 'flows.test-input', ...problem }));
}

/** Resources of the modules that are made; neither a source with a file nor a sink is. */
export function neededResources(document: FlowDocument, inputs: Inputs): PlacedReference[] {
  return resourceReferences(document).filter(
    ({ module }) => !Object.hasOwn(inputs, module) && !isOutward(document.modules[module]!.type),
  );
}

/** What acts on the world outside. */
export function isOutward(type: string): boolean {
  const category = kinds.get(type)?.category;
  return category === 'sink' || category === 'act';
}

const isSource = (type: string): boolean => kinds.get(type)?.category === 'source';
