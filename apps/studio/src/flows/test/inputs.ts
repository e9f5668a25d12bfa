/**
 * What a test run reads: the sources of a draft, which of them may run as they are, and whether a file fits.
 *
 * Guarantee: says before the run what the director would say after it; the director has the last word. Pure.
 */
import { isReference } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, FlowModule, TestFile, TestRunRequest } from '@millrace/schemas';
import { bytes, many } from '../../ui/units.js';

export interface TestSource {
  id: string;
  type: string;
  title: string;
  /** What it reads when it runs as it is; undefined: it would reach outside, so it needs a file. */
  asIs: string | undefined;
  /** The column that a file must have for the time of its records. */
  time: string;
  /** What that column holds, in words. */
  timeIs: string;
}

export type ParameterValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface TestChoice {
  /** By source; a source that is not named runs as it is. */
  files: Readonly<Record<string, TestFile>>;
  parameters: ParameterValues;
  /** Times as fast as recorded; undefined: as fast as it goes. */
  speed: number | undefined;
  seconds: number;
}

export function sourcesOf(document: Pick<FlowDocument, 'modules'>): TestSource[] {
  return Object.entries(document.modules).flatMap(([id, module]) => {
    const kind = kinds.get(module.type);
    if (kind?.category !== 'source') return [];
    return [{ id, type: module.type, title: kind.title, asIs: asIs(module), ...timeOf(module) }];
  });
}

/** The director opens nothing outside for a test. */
function asIs({ type, settings }: FlowModule): string | undefined {
  if (type === 'source.simulator') return 'as it is set';
  const file = settings?.file;
  if (type !== 'source.csv' || typeof file !== 'string') return undefined;
  // What a parameter gives is known when it runs.
  return isReference(file) || file.includes('${') ? file : undefined;
}

function timeOf({ type, settings }: FlowModule): Pick<TestSource, 'time' | 'timeIs'> {
  const timestamp = settings?.timestamp;
  if (type === 'source.csv' && typeof timestamp === 'object' && timestamp !== null) {
    const column = (timestamp as { column?: unknown }).column;
    if (typeof column === 'string' && !column.includes('${')) {
      return { time: column, timeIs: 'the time, as the source has it set' };
    }
  }
  return { time: 't', timeIs: 'the time in epoch milliseconds' };
}

/** Why a file should not be sent at all, and the way out; undefined: it may be. */
export function refusedFile(name: string, size: number, most: number): string | undefined {
  if (size === 0) return `${name} is empty. Choose a file with records.`;
  if (size <= most) return undefined;
  return (
    `${name} has ${bytes(size)}, and a test file may have at most ${bytes(most)}. Cut out the minutes that matter: ` +
    'a test needs no more. Or put it into the catalogue and read it with a CSV source as resource:NAME@VERSION.'
  );
}

/** What is wrong with a file for this source, as far as its columns tell. */
export function doubtOf(source: TestSource, { columns }: Pick<TestFile, 'columns'>): string | undefined {
  if (columns.length === 0) return 'Its first line names no columns, so nothing in it can be found.';
  if (columns.includes(source.time)) return undefined;
  return `It has no column "${source.time}", which must hold ${source.timeIs}.`;
}

/** Sources that can neither run as they are nor have a file. */
export const wanting = (sources: readonly TestSource[], files: TestChoice['files']): TestSource[] =>
  sources.filter(({ id, asIs }) => asIs === undefined && files[id] === undefined);

export function requestOf(
  text: string,
  sources: readonly TestSource[],
  { files, parameters, speed, seconds }: TestChoice,
): TestRunRequest {
  const inputs = sources.flatMap(({ id }) => (files[id] ? [[id, { file: files[id].id }] as const] : []));
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== undefined && entry[1] !== '',
  );
  return {
    text,
    seconds,
    ...(inputs.length > 0 && { inputs: Object.fromEntries(inputs) }),
    ...(given.length > 0 && { parameters: Object.fromEntries(given) }),
    ...(speed !== undefined && { speed }),
  };
}

export const fileInWords = ({ size, columns }: TestFile): string =>
  `${bytes(size)}, ${many(columns.length, 'column')}`;
