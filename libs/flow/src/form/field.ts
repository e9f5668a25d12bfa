/**
 * A form as data: what a person may enter for each setting of a module, and whether a value is of that kind.
 *
 * A setting may always be the text `${name}` instead, a parameter of the flow: every field accepts it. The
 * form says which editor fits; what is allowed in the end is said by checkFlow.
 */
import type { ColumnType } from '../columns.js';
import { isRecord, own } from '../same.js';

interface FieldBase {
  /** Its name in the settings; empty for an entry of a list, a value of a record and a way of a union. */
  key: string;
  /** JSON pointer into the settings, with `*` for any entry of a list or name of a record: `/columns/*`. */
  pointer: string;
  label: string;
  /** What its declaration says about it, markdown on a line; empty when nothing. */
  docs: string;
  required: boolean;
  /** What holds when it is left out; absent when nothing does. */
  default?: unknown;
}

export interface NumberLimits {
  min?: number;
  max?: number;
  /** Limits that are not allowed themselves. */
  above?: number;
  below?: number;
}

export type Scalar = string | number | boolean | null;

export type FormShape =
  /** `secret` is for a parameter of that type: a value written here is seen by every reader of the flow. */
  | { kind: 'text'; minLength?: number; maxLength?: number; pattern?: string; secret?: true }
  /** The name of a field of what arrives; `types` are those that it may have, any when absent. */
  | { kind: 'field'; types?: readonly ColumnType[] }
  /** An expression over what arrives; `gives` is the type that it must give. */
  | { kind: 'expression'; gives?: ColumnType }
  /** `resource:name@version`; `orPath` when a path may stand here too. */
  | { kind: 'resource'; orPath: boolean }
  | ({ kind: 'number' | 'integer'; unit?: 'bytes' } & NumberLimits)
  /** A number of milliseconds; `whole` when it has no fraction. */
  | ({ kind: 'duration'; unit: 'ms'; whole: boolean } & NumberLimits)
  | { kind: 'boolean' }
  | { kind: 'choice'; choices: readonly Scalar[] }
  | { kind: 'list'; item: FormField; minItems?: number; maxItems?: number }
  /** A list of which each place has a meaning of its own. */
  | { kind: 'tuple'; items: readonly FormField[] }
  | { kind: 'object'; fields: readonly FormField[] }
  /** Any names, each with a value of one kind. */
  | { kind: 'record'; name: FormField; value: FormField }
  /** One of several ways, of which `optionFor` tells the one that a value has. */
  | { kind: 'union'; options: readonly FormField[] }
  /** Any value: only here an editor has to show JSON. */
  | { kind: 'free' };

export type FormField = FieldBase & FormShape;
export type FieldOf<K extends FormShape['kind']> = FieldBase & Extract<FormShape, { kind: K }>;

/** Whether a value is of the field's kind, in all its parts; a parameter always is. */
export function accepts(field: FormField, value: unknown): boolean {
  if (typeof value === 'string' && /\$\{[^{}]*\}/.test(value)) return true;
  switch (field.kind) {
    case 'free':
      return true;
    case 'text':
    case 'field':
    case 'expression':
      return typeof value === 'string';
    case 'resource':
      return typeof value === 'string' && (field.orPath || value.startsWith('resource:'));
    case 'number':
      return within(field, value);
    case 'integer':
      return within(field, value) && Number.isInteger(value);
    case 'duration':
      return within(field, value) && (!field.whole || Number.isInteger(value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return field.choices.some((choice) => choice === value);
    case 'list':
      return Array.isArray(value) && value.every((item) => accepts(field.item, item));
    case 'tuple':
      return (
        Array.isArray(value) &&
        value.length === field.items.length &&
        field.items.every((item, index) => accepts(item, value[index]))
      );
    case 'object':
      return isRecord(value) && acceptsAll(field.fields, value);
    case 'record':
      return (
        isRecord(value) &&
        Object.entries(value).every(([name, item]) => accepts(field.name, name) && accepts(field.value, item))
      );
    case 'union':
      return optionFor(field, value) >= 0;
  }
}

/** Whether settings have what is required, nothing unknown, and values of the right kinds. */
export function acceptsAll(
  fields: readonly FormField[],
  settings: Readonly<Record<string, unknown>>,
): boolean {
  return (
    Object.keys(settings).every((key) => fields.some((field) => field.key === key)) &&
    fields.every((field) => {
      const value = own(settings, field.key);
      return value === undefined ? !field.required : accepts(field, value);
    })
  );
}

/** The place of the way that a value has; -1 when it has none. */
export function optionFor(field: FieldOf<'union'>, value: unknown): number {
  return field.options.findIndex((option) => accepts(option, value));
}

/** The field at a JSON pointer into the settings, by the first way that leads there. */
export function fieldAt(
  fields: readonly FormField[],
  path: readonly (string | number)[],
): FormField | undefined {
  const [key, ...below] = path;
  const field = fields.find((one) => one.key === key);
  return field && below.length > 0 ? inside(field, below) : field;
}

function inside(field: FormField, path: readonly (string | number)[]): FormField | undefined {
  const [part, ...below] = path;
  if (part === undefined) return field;
  switch (field.kind) {
    case 'list':
      return inside(field.item, below);
    case 'record':
      return inside(field.value, below);
    case 'tuple': {
      const item = field.items[Number(part)];
      return item && inside(item, below);
    }
    case 'object': {
      const one = field.fields.find(({ key }) => key === String(part));
      return one && inside(one, below);
    }
    case 'union':
      for (const option of field.options) {
        const found = inside(option, path);
        if (found !== undefined) return found;
      }
      return undefined;
    default:
      return undefined;
  }
}

function within(
  { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity }: NumberLimits,
  value: unknown,
): boolean {
  return typeof value === 'number' && value >= min && value <= max && value > above && value < below;
}

/** Without what is undefined. */
export function some<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
