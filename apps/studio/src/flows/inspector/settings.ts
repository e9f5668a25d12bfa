/** Edits of a module's settings as a form makes them, on values that may be wrong. Pure. */
import {
  accepts,
  optionFor,
  valueAt,
  withValueAt,
  type FieldOf,
  type FormField,
  type Scalar,
} from '@millrace/flow';
import { duration } from '../../ui/units.js';

export type Path = readonly (string | number)[];
export type Settings = Readonly<Record<string, unknown>>;

/** One edit; undefined takes away what is there. */
export interface Change {
  path: Path;
  value: unknown;
  /** Depth of the entry of a list or record that it is in: the entry itself stays, also when it is empty then. */
  floor?: number;
}

/** The changes in their order, over settings that somebody else may have changed too. */
export const changed = (settings: Settings, changes: readonly Change[]): Settings =>
  changes.reduce<Settings>(
    (now, { path, value, floor = 0 }) =>
      value === undefined ? without(now, path, floor) : (withValueAt(now, path, value) as Settings),
    settings,
  );

/** What is typed on in one field is one change. */
export const joined = (changes: readonly Change[], change: Change): Change[] => [
  ...changes.filter(({ path, value }) => value === undefined || path.join('\n') !== change.path.join('\n')),
  change,
];

/** Takes away a value, and the objects around it that are empty then. */
function without(settings: Settings, path: Path, floor: number): Settings {
  if (valueAt(settings, path) === undefined) return settings;
  const next = withValueAt(settings, path, undefined) as Settings;
  const around = path.slice(0, -1);
  const holder = valueAt(next, around);
  const empty = typeof holder === 'object' && holder !== null && Object.keys(holder).length === 0;
  return around.length > floor && empty ? without(next, around, floor) : next;
}

/** What a new entry of a list or record begins with: what is there can be shown, what is missing is told. */
export function beginningOf(field: FormField): unknown {
  if (field.default !== undefined) return field.default;
  switch (field.kind) {
    case 'text':
    case 'field':
    case 'expression':
    case 'resource':
      return '';
    case 'number':
    case 'integer':
    case 'duration':
      return Math.max(0, field.min ?? 0, field.above === undefined ? 0 : Math.floor(field.above) + 1);
    case 'boolean':
      return false;
    case 'choice':
      return field.choices[0];
    case 'list':
      return Array.from({ length: field.minItems ?? 0 }, () => beginningOf(field.item));
    case 'tuple':
      return field.items.map(beginningOf);
    case 'union':
      return beginningOf(field.options[0]!);
    case 'object':
      return Object.fromEntries(
        field.fields
          .filter(({ kind, required }) => required && (kind === 'choice' || kind === 'text'))
          .map((one) => [one.key, beginningOf(one)]),
      );
    case 'record':
      return {};
    case 'free':
      return null;
  }
}

export function moved<T>(list: readonly T[], index: number, by: -1 | 1): T[] {
  const next = [...list];
  const [item] = next.splice(index, 1);
  next.splice(index + by, 0, item as T);
  return next;
}

/** In its place; the same record when the name is taken. */
export function renamedKey(
  record: Readonly<Record<string, unknown>>,
  from: string,
  to: string,
): Readonly<Record<string, unknown>> {
  if (from === to || Object.hasOwn(record, to)) return record;
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name === from ? to : name, value]),
  );
}

/** The way of a union that a value has, or, when it is wrong, the one that it is most like. */
export function wayOf(field: FieldOf<'union'>, value: unknown): number {
  if (value === undefined) return field.default === undefined ? -1 : optionFor(field, field.default);
  const exact = optionFor(field, value);
  if (exact >= 0) return exact;
  const likeness = field.options.map((option) => like(option, value));
  const best = Math.max(...likeness);
  return best > 0 ? likeness.indexOf(best) : 0;
}

function like(option: FormField, value: unknown): number {
  if (Array.isArray(value)) return option.kind === 'list' || option.kind === 'tuple' ? 2 : 0;
  if (isRecord(value)) {
    if (option.kind === 'record') return 1;
    if (option.kind !== 'object') return 0;
    const fields = option.fields;
    const known = Object.keys(value).filter((key) => fields.some((field) => field.key === key)).length;
    return 1 + known * 2 - (Object.keys(value).length - known);
  }
  if (typeof value === 'number') return ['number', 'integer', 'duration'].includes(option.kind) ? 2 : 0;
  if (typeof value === 'boolean') return option.kind === 'boolean' ? 2 : 0;
  return ['text', 'field', 'expression', 'resource'].includes(option.kind) ? 2 : 0;
}

/** The value in another way: what both ways have stays, the rest begins anew. */
export function carried(to: FormField, value: unknown): unknown {
  if (value !== undefined && to.kind !== 'choice' && accepts(to, value)) return value;
  switch (to.kind) {
    case 'object': {
      const before = isRecord(value) ? value : {};
      const kept = to.fields.filter(({ key }) => Object.hasOwn(before, key));
      const begun = beginningOf(to) as Record<string, unknown>;
      return { ...begun, ...Object.fromEntries(kept.map(({ key }) => [key, before[key]])) };
    }
    case 'record':
      return Array.isArray(value)
        ? Object.fromEntries(value.filter((one) => typeof one === 'string').map((one) => [one, one]))
        : beginningOf(to);
    case 'list':
      return isRecord(value) ? Object.keys(value) : beginningOf(to);
    case 'number':
    case 'integer':
    case 'duration': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
      return Number.isFinite(number) ? number : Math.max(1, beginningOf(to) as number);
    }
    case 'text':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : beginningOf(to);
    default:
      return beginningOf(to);
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text that waits for a value of a parameter. */
export const usesParameter = (value: unknown): value is string =>
  typeof value === 'string' && /\$\{[^{}]*\}/.test(value);

/** An entry in short: `TS1 · mean · 5 s`. Empty when nothing is set. */
export function summaryOf(field: FormField, value: unknown): string {
  if (value === undefined) return '';
  switch (field.kind) {
    case 'object': {
      if (!isRecord(value)) return said(value);
      const parts = field.fields.flatMap((one) => {
        const part = summaryOf(one, value[one.key]);
        if (part === '') return [];
        return [one.kind === 'boolean' ? (value[one.key] === true ? one.label.toLowerCase() : '') : part];
      });
      return parts.filter(Boolean).slice(0, PARTS).join(' · ');
    }
    case 'list':
      return Array.isArray(value) ? some(value.map((item) => summaryOf(field.item, item))) : said(value);
    case 'record':
      return isRecord(value) ? some(Object.keys(value)) : said(value);
    case 'duration':
      return typeof value === 'number' ? duration(value) : said(value);
    case 'union':
      return summaryOf(field.options[Math.max(0, wayOf(field, value))]!, value);
    default:
      return said(value);
  }
}

const PARTS = 4;
const NAMES = 3;

const some = (names: readonly string[]): string =>
  names.slice(0, NAMES).join(', ') + (names.length > NAMES ? ` +${names.length - NAMES}` : '');

const said = (value: unknown): string =>
  typeof value === 'string' ? value : value === null ? 'null' : JSON.stringify(value);

/** `default 1000`, `default 30 s`: what holds when nothing is set. */
export function defaultOf(field: FormField): string | undefined {
  if (field.default === undefined) return undefined;
  if (Array.isArray(field.default) && field.default.length === 0) return 'default none';
  return `default ${field.kind === 'boolean' ? (field.default ? 'on' : 'off') : summaryOf(field, field.default)}`;
}

/** As one sees it in a list of choices. */
export const choiceWord = (choice: Scalar): string => (choice === null ? 'null' : String(choice));

/** The key says more than the label where the label is not just the key in words. */
export const showsKey = (field: FormField): boolean =>
  field.key !== '' && field.label.toLowerCase() !== field.key.toLowerCase();

/** What is shown at once: what is required or set, and the rest when it is at most a few. */
export function mainAndMore(
  fields: readonly FormField[],
  value: Settings,
  few: number,
): { main: readonly FormField[]; more: readonly FormField[] } {
  const more = fields.filter(({ key, required }) => !required && value[key] === undefined);
  if (more.length <= few) return { main: fields, more: [] };
  return { main: fields.filter((field) => !more.includes(field)), more };
}
