/**
 * Settings made up from a form, in which everything is set: each choice and each way of a union appears in at
 * least one of them, and all optional settings together in all and alone in one.
 */
import type { FormField, NumberLimits } from './field.js';

export function samplesOf(form: readonly FormField[]): Record<string, unknown>[] {
  const rounds = Math.max(1, ...form.map(waysOf));
  const all = Array.from({ length: rounds }, (_, turn) => valuesOf(form, turn));
  const required = form.filter((field) => field.required);
  // Some settings exclude each other, so that all of them together say nothing.
  const single = form.filter((field) => !field.required).map((field) => valuesOf([...required, field], 0));
  return [...all, ...single];
}

function valuesOf(fields: readonly FormField[], turn: number): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.key, valueOf(field, turn)]));
}

function valueOf(field: FormField, turn: number): unknown {
  switch (field.kind) {
    case 'text':
      return typeof field.default === 'string'
        ? field.default
        : 'x'.repeat(Math.max(1, field.minLength ?? 1));
    case 'field':
    case 'expression':
      return 'x';
    case 'resource':
      return 'resource:x@1';
    case 'number':
      return numberIn(field);
    case 'integer':
    case 'duration':
      return Math.ceil(numberIn(field));
    case 'boolean':
      return turn % 2 === 0;
    case 'choice':
      return field.choices[turn % field.choices.length];
    case 'list':
      return Array.from({ length: Math.max(1, field.minItems ?? 1) }, () => valueOf(field.item, turn));
    case 'tuple':
      return field.items.map((item) => valueOf(item, turn));
    case 'object':
      return valuesOf(field.fields, turn);
    case 'record':
      return { name: valueOf(field.value, turn) };
    case 'union':
      return valueOf(field.options[turn % field.options.length] as FormField, turn);
    case 'free':
      return 1;
  }
}

function numberIn({ min, max, above, below }: NumberLimits): number {
  const low =
    min ?? (above === undefined ? undefined : above + Math.min(1, ((below ?? max ?? Infinity) - above) / 2));
  return low ?? max ?? (below === undefined ? 1 : below - 1);
}

function waysOf(field: FormField): number {
  switch (field.kind) {
    case 'choice':
      return field.choices.length;
    case 'boolean':
      return 2;
    case 'list':
      return waysOf(field.item);
    case 'record':
      return waysOf(field.value);
    case 'object':
      return Math.max(1, ...field.fields.map(waysOf));
    case 'union':
      return Math.max(field.options.length, ...field.options.map(waysOf));
    default:
      return 1;
  }
}
