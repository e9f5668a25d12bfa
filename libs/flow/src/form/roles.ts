/**
 * Which texts of a form are expressions and names of fields: found out by asking the kind, with its example
 * and with settings made up from the form.
 */
import { parseSettings } from '../check/settings.js';
import type { ColumnType } from '../columns.js';
import type { ModuleKind } from '../kind.js';
import { pathOf, valueAt } from '../pointer.js';
import { fieldAt, some, type FormField } from './field.js';
import { samplesOf } from './sample.js';

export interface Roles {
  /** By the pointer of the form; a record whose names are fields has its own pointer here. */
  fields: Map<string, readonly ColumnType[] | undefined>;
  expressions: Map<string, ColumnType | undefined>;
}

export function rolesOf(kind: ModuleKind, form: readonly FormField[]): Roles {
  const roles: Roles = { fields: new Map(), expressions: new Map() };
  for (const sample of [kind.example.settings, ...samplesOf(form)]) {
    const { settings } = parseSettings(kind, sample);
    if (settings === undefined) continue;
    for (const { pointer, source, gives } of kind.expressions?.(settings) ?? []) {
      const field = fieldAt(form, pathOf(pointer));
      if (field !== undefined && valueAt(settings, pathOf(pointer)) === source)
        roles.expressions.set(field.pointer, gives);
    }
    for (const { pointer, field: name, types } of kind.reads?.(settings) ?? []) {
      const path = pathOf(pointer);
      // What names itself, and not what it stands at, is a name of a record.
      const named = valueAt(settings, path) === name ? fieldAt(form, path) : nameOf(form, path, name);
      if (named === undefined) continue;
      const known = roles.fields.get(named.pointer);
      const first = !roles.fields.has(named.pointer);
      roles.fields.set(
        named.pointer,
        first
          ? types
          : known === undefined || types === undefined
            ? undefined
            : [...new Set([...known, ...types])],
      );
    }
  }
  return roles;
}

function nameOf(form: readonly FormField[], path: readonly string[], name: string): FormField | undefined {
  const record = path.at(-1) === name ? fieldAt(form, path.slice(0, -1)) : undefined;
  return record?.kind === 'record' ? record : undefined;
}

export function withRoles(field: FormField, roles: Roles): FormField {
  const below = (one: FormField): FormField => withRoles(one, roles);
  switch (field.kind) {
    case 'text': {
      const { key, pointer, label, docs, required } = field;
      const base = {
        key,
        pointer,
        label,
        docs,
        required,
        ...('default' in field ? { default: field.default } : {}),
      };
      if (roles.expressions.has(pointer))
        return { ...base, kind: 'expression', ...some({ gives: roles.expressions.get(pointer) }) };
      // Every module with state has this setting, and some take what arrives as it is.
      if (roles.fields.has(pointer) || key === 'keyBy')
        return { ...base, kind: 'field', ...some({ types: roles.fields.get(pointer) }) };
      return field;
    }
    case 'list':
      return { ...field, item: below(field.item) };
    case 'tuple':
      return { ...field, items: field.items.map(below) };
    case 'object':
      return { ...field, fields: field.fields.map(below) };
    case 'record': {
      const { name } = field;
      const { key, pointer, label, docs, required } = name;
      return {
        ...field,
        name: roles.fields.has(field.pointer)
          ? {
              key,
              pointer,
              label,
              docs,
              required,
              kind: 'field',
              ...some({ types: roles.fields.get(field.pointer) }),
            }
          : name,
        value: below(field.value),
      };
    }
    case 'union':
      return { ...field, options: field.options.map(below) };
    default:
      return field;
  }
}
