/**
 * What a test run reads: the sources of a draft, which of them may run as they are, and whether a file fits.
 *
 * Guarantee: says before the run what the director would say after it; the director has the last word. Pure.
 */
import { isReference } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, FlowModule, TestFile, TestInput, TestRunRequest } from '@millrace/schemas';
import { bytes, many } from '../../ui/units.js';

/** Where a file has the time of its records. */
export type FileTime = NonNullable<TestInput['timestamp']>;

export interface TestInputChoice {
  file: TestFile;
  /** Absent: as the source has it set. */
  time?: FileTime;
}

export interface TestSource {
  id: string;
  type: string;
  title: string;
  /** What it reads when it runs as it is; undefined: it would reach outside, so it needs a file. */
  asIs: string | undefined;
  /** Where it looks for the time of a record; `format` is undefined where it has its own. */
  time: { column: string; format: FileTime['format'] | undefined };
}

export type ParameterValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface TestChoice {
  /** By source; a source that is not named runs as it is. */
  files: Readonly<Record<string, TestInputChoice>>;
  parameters: ParameterValues;
  /** Times as fast as recorded; undefined: as fast as it goes. */
  speed: number | undefined;
  seconds: number;
}

export function sourcesOf(document: Pick<FlowDocument, 'modules'>): TestSource[] {
  return Object.entries(document.modules).flatMap(([id, module]) => {
    const kind = kinds.get(module.type);
    if (kind?.category !== 'source') return [];
    return [{ id, type: module.type, title: kind.title, asIs: asIs(module), time: timeOf(module) }];
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

function timeOf({ type, settings }: FlowModule): TestSource['time'] {
  const timestamp = settings?.timestamp;
  if (type === 'source.csv' && typeof timestamp === 'object' && timestamp !== null) {
    const column = (timestamp as { column?: unknown }).column;
    if (typeof column === 'string' && !column.includes('${')) return { column, format: undefined };
  }
  return { column: 't', format: 'epochMs' };
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

const TIMELY = /^(?:t|ts|time|date|second)$|time|date|stamp/i;

/**
 * Where a file has its time, when not where the source looks for it. A guess from its columns and, where they are
 * known, its first lines; a person may say it better.
 */
export function timeIn(
  source: TestSource,
  { columns }: Pick<TestFile, 'columns'>,
  head = '',
): FileTime | undefined {
  const { column, format } = source.time;
  if (columns.includes(column)) {
    const found = format === undefined ? undefined : formatOf(head, columns, column);
    return found === undefined || found === format ? undefined : { column, format: found };
  }
  const other = columns.find((name) => TIMELY.test(name)) ?? columns[0];
  return other === undefined ? undefined : { column: other, format: formatOf(head, columns, other) ?? 'iso' };
}

/** By the size of the number: seconds of this century have ten digits, milliseconds thirteen. */
function formatOf(head: string, columns: readonly string[], column: string): FileTime['format'] | undefined {
  const [first = '', second = ''] = head.split(/\r\n|\n|\r/);
  const cells = second.split(/[,;\t|]/);
  const text = first.trimStart().startsWith('{')
    ? fieldOf(first, column)
    : cells[columns.indexOf(column)]?.replaceAll('"', '').trim();
  if (text === undefined || text === '') return undefined;
  const size = Math.abs(Number(text));
  if (Number.isNaN(size)) return 'iso';
  if (size < 1e11) return 'epochS';
  return size < 1e14 ? 'epochMs' : size < 1e17 ? 'epochUs' : 'epochNs';
}

function fieldOf(line: string, name: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(line) as Record<string, unknown>)[name];
    return value === undefined ? undefined : String(value);
  } catch {
    return undefined;
  }
}

/** Sources that can neither run as they are nor have a file. */
export const wanting = (sources: readonly TestSource[], files: TestChoice['files']): TestSource[] =>
  sources.filter(({ id, asIs }) => asIs === undefined && files[id] === undefined);

export function requestOf(
  text: string,
  sources: readonly TestSource[],
  { files, parameters, speed, seconds }: TestChoice,
): TestRunRequest {
  const inputs = sources.flatMap(({ id }) => {
    const choice = files[id];
    if (choice === undefined) return [];
    const { file, time } = choice;
    return [[id, { file: file.id, ...(time && { timestamp: time }) }] as const];
  });
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
