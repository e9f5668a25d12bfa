import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { acceptsAll, accepts, fieldAt, formOf, readFlow, type FormField } from '@millrace/flow';
import { z } from 'zod';
import { kinds } from './kinds.js';

/** All fields below some, themselves included. */
function all(fields: readonly FormField[]): FormField[] {
  return fields.flatMap((field) => {
    const below =
      field.kind === 'object'
        ? field.fields
        : field.kind === 'list'
          ? [field.item]
          : field.kind === 'tuple'
            ? field.items
            : field.kind === 'record'
              ? [field.name, field.value]
              : field.kind === 'union'
                ? field.options
                : [];
    return [field, ...all(below)];
  });
}

/** Pointers of everything that a schema declares, `*` for any entry. */
function declared(schema: z.core.$ZodType, at = ''): string[] {
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, item]) => [
      `${at}/${key}`,
      ...declared(item, `${at}/${key}`),
    ]);
  if (schema instanceof z.ZodArray) return [`${at}/*`, ...declared(schema.element, `${at}/*`)];
  if (schema instanceof z.ZodRecord) return [`${at}/*`, ...declared(schema.valueType, `${at}/*`)];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => declared(option, at));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return declared(schema.unwrap(), at);
  return [];
}

const examples = new URL('../../../examples/', import.meta.url).pathname;
const flows = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /(^|\/)[^/]*flow[^/]*\.yaml$/.test(name),
);

describe.each([...kinds.values()].map((kind) => [kind.type, kind] as const))('the form of %s', (_, kind) => {
  const form = formOf(kind);

  test('reaches every setting, with a label and docs', () => {
    const pointers = new Set(all(form).map((field) => field.pointer));
    expect(declared(kind.settings).filter((pointer) => !pointers.has(pointer))).toEqual([]);
    expect(form.filter(({ label, docs }) => label === '' || docs === '').map(({ key }) => key)).toEqual([]);
  });

  test('takes the example, and refuses it with a wrong leaf', () => {
    expect(acceptsAll(form, kind.example.settings)).toBe(true);
    expect(acceptsAll(form, { ...kind.example.settings, unheardOf: 1 })).toBe(false);
    for (const [key, value] of Object.entries(kind.example.settings)) {
      const field = fieldAt(form, [key]);
      expect(field && accepts(field, value)).toBe(true);
      expect(field && accepts(field, () => value)).toBe(false);
    }
  });

  test('agrees with the schema about what is required and what is the default', () => {
    for (const field of form) {
      const schema = kind.settings.shape[field.key] as z.ZodType;
      const without = schema.safeParse(undefined);
      expect([field.key, field.required]).toEqual([field.key, !without.success]);
      if (field.default !== undefined) expect(without.data).toEqual(field.default);
    }
  });

  test('has an editor for every place: nothing is free', () => {
    expect(all(form).filter(({ kind: editor }) => editor === 'free')).toEqual([]);
  });
});

test('every setting of the examples is of its field', () => {
  expect(flows.length).toBeGreaterThan(3);
  for (const name of flows) {
    const { document } = readFlow(readFileSync(path.join(examples, name), 'utf8'));
    for (const [id, module] of Object.entries(document?.modules ?? {})) {
      const kind = kinds.get(module.type);
      if (kind === undefined) continue;
      expect([name, id, acceptsAll(formOf(kind), module.settings ?? {})]).toEqual([name, id, true]);
    }
  }
});

test('expressions, fields and resources are found', () => {
  const at = (type: string, ...pointer: string[]): string | undefined => {
    const kind = kinds.get(type);
    return kind && fieldAt(formOf(kind), pointer)?.kind;
  };
  expect(at('route.alert', 'when')).toBe('expression');
  expect(at('route.alert', 'clearWhen')).toBe('expression');
  expect(at('map.set', 'set', 'any')).toBe('expression');
  expect(at('clean.range', 'field')).toBe('field');
  expect(at('feature.stats', 'columns', '0')).toBe('field');
  expect(at('feature.stats', 'keyBy')).toBe('field');
  expect(at('align.rows', 'keyBy')).toBe('field');
  expect(at('model.onnx', 'inputs', '0', 'window')).toBe('field');
  expect(at('model.onnx', 'model')).toBe('resource');
  expect(at('model.onnx', 'fallback', 'x')).toBe('union');
  expect(at('scale.minmax', 'resource')).toBe('resource');
  expect(at('source.csv', 'file')).toBe('resource');
  expect(at('source.mqtt', 'qos')).toBe('choice');
  expect(at('align.rows', 'grid', 'periodMs')).toBe('duration');
  expect(at('route.alert', 'message')).toBe('text');
});
