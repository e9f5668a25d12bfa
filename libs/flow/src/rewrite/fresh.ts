/**
 * Values as clean text: YAML as the examples are written, or JSON.
 *
 * Guarantee: what is written reads back as the same value, for every plain JSON value and every name. Short
 * collections stand in a line, long ones open up; a text is only quoted where it must be.
 */
import type { FlowDocument } from '@millrace/schemas';
import { runOrder, findCycle } from '../graph.js';
import { isRecord, namesOf } from '../same.js';

/** The width that the examples keep. */
const WIDTH = 110;

/** A whole flow from nothing. */
export function freshFlow(document: FlowDocument): string {
  const { apiVersion, kind, metadata, parameters, modules, layout } = document;
  const order = findCycle(document) === undefined ? runOrder(document) : Object.keys(modules);
  const sections: [string, unknown][] = [
    ['parameters', parameters],
    ['modules', Object.fromEntries(order.map((id) => [id, orderedModule(modules[id] as object)]))],
    ['layout', layout],
  ];
  return [
    pairText('apiVersion', apiVersion, 0),
    pairText('kind', kind, 0),
    pairText('metadata', metadata, 0, openOf(['metadata'])),
    ...sections.flatMap(([name, value]) =>
      value === undefined ? [] : ['', pairText(name, value, 0, openOf([name]))],
    ),
    '',
  ].join('\n');
}

/** How many levels below a place of a flow get a line a name, however short they are. */
export function openOf([section, ...below]: readonly string[]): number {
  const levels = { metadata: 1, parameters: 2, modules: 2, layout: 1 }[section ?? ''] ?? 0;
  return Math.max(0, levels - below.length);
}

const MODULE_NAMES = ['type', 'from', 'settings', 'onError', 'queue'];

function orderedModule(module: object): Record<string, unknown> {
  const names = namesOf(module);
  const known = MODULE_NAMES.filter((name) => names.includes(name));
  const others = names.filter((name) => !known.includes(name));
  return Object.fromEntries(
    [...known, ...others].map((name) => [name, (module as Record<string, unknown>)[name]]),
  );
}

/**
 * `name: value` in a block, its first line without indentation and the others below `column`. The outermost
 * `open` levels of the value always get a line a name.
 */
export function pairText(name: string, value: unknown, column: number, open = 0): string {
  const head = `${scalarText(name, true)}:`;
  return head + valueText(value, column, column + head.length, open);
}

/** What stands behind `name:`, with the space or the line break before it. `used` is the width taken. */
export function valueText(value: unknown, column: number, used: number, open = 0): string {
  const pad = `\n${' '.repeat(column + 2)}`;
  const literal = typeof value === 'string' ? literalText(value, column + 2) : undefined;
  if (literal !== undefined) return ` ${literal}`;
  const line = inlineText(value, false);
  if (isEmpty(value) || (open === 0 && used + 1 + line.length <= WIDTH)) return ` ${line}`;
  if (Array.isArray(value)) return value.map((item) => `${pad}- ${itemText(item, column + 4)}`).join('');
  if (isRecord(value))
    return entriesOf(value)
      .map(([name, item]) => pad + pairText(name, item, column + 2, Math.max(0, open - 1)))
      .join('');
  return ` ${line}`;
}

/** An entry of a list that has a line each, behind its dash at `column - 2`. */
export function itemText(value: unknown, column: number): string {
  const line = inlineText(value, false);
  if (!isRecord(value) || isEmpty(value) || column + line.length <= WIDTH) return line;
  return entriesOf(value)
    .map(([name, item]) => pairText(name, item, column))
    .join(`\n${' '.repeat(column)}`);
}

/** On one line; `inside` another collection's brackets, where commas and brackets end a plain text. */
export function inlineText(value: unknown, inside: boolean): string {
  if (typeof value === 'string') return scalarText(value, inside);
  if (Array.isArray(value)) return `[${value.map((item) => inlineText(item, true)).join(', ')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  if (isEmpty(value)) return '{}';
  const pairs = entriesOf(value).map(
    ([name, item]) => `${scalarText(name, true)}: ${inlineText(item, true)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

export type Quotes = 'double' | 'single';

/** A text on one line, in quotes of the wished kind, or in none where none are needed. */
export function scalarText(text: string, inside: boolean, wished?: Quotes): string {
  if (wished === undefined && isPlain(text, inside)) return text;
  if (wished !== 'double' && !UNPRINTABLE.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replaceAll(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Control characters, line ends of any kind, byte order marks and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u;
const ESCAPED = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
/** Words that some reader of YAML takes for true, false or null. */
const WORDS = /^(?:true|false|null|yes|no|on|off)$/i;

/** Errs towards quotes. */
function isPlain(text: string, inside: boolean): boolean {
  if (!/^[\p{L}_$./]/u.test(text) || UNPRINTABLE.test(text) || WORDS.test(text)) return false;
  // What begins with a dot may be a number or an end of the text, unless it is a path.
  if (/: | #|[: ]$/.test(text) || (text.startsWith('.') && !/^\.{1,2}\/\w/.test(text))) return false;
  return !inside || !/[[\]{},:]/.test(text.replaceAll(/:(?=[\p{L}\p{N}/])/gu, ''));
}

/** Lines as they are, behind `|`; undefined where that would not give the same text back. */
function literalText(text: string, column: number): string | undefined {
  if (!/^[^\s][^\n]*\n/.test(text) || text.endsWith('\n\n')) return undefined;
  if (text.split('\n').some((line) => UNPRINTABLE.test(line))) return undefined;
  const ends = text.endsWith('\n');
  const lines = (ends ? text.slice(0, -1) : text).split('\n');
  if (/^\s*$/.test(lines.at(-1) as string)) return undefined;
  const pad = ' '.repeat(column);
  return [ends ? '|' : '|-', ...lines.map((line) => (line === '' ? '' : pad + line))].join('\n');
}

/** JSON over several lines with this unit of indentation, or on one where there is none. */
export function jsonText(value: unknown, unit: string, indentation: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `\n${indentation}`);
}

function entriesOf(record: object): [string, unknown][] {
  return namesOf(record).map((name) => [name, (record as Record<string, unknown>)[name]]);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && namesOf(value).length === 0;
}
