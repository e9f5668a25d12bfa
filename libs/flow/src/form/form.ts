/**
 * The settings of a module kind as a form.
 *
 * Guarantee: every setting of the kind is in the form, and with an editor of its own: `free` appears only where
 * the declaration itself allows anything. Which texts are expressions, fields and resources is found out by
 * asking the kind itself, with its example and with settings made up from the form.
 */
import { z } from 'zod';
import type { ModuleKind } from '../kind.js';
import { some, type FormField, type FormShape, type NumberLimits, type Scalar } from './field.js';
import { rolesOf, withRoles } from './roles.js';

/** The form of a kind; the same kind always gives the same form, made once. */
export function formOf(kind: ModuleKind): readonly FormField[] {
  const known = forms.get(kind);
  if (known !== undefined) return known;
  const plain = plainFormOf(kind.settings);
  const roles = rolesOf(kind, plain);
  const form = plain.map((field) => withRoles(field, roles));
  forms.set(kind, form);
  return form;
}

const forms = new WeakMap<ModuleKind, readonly FormField[]>();

/** From the schema alone: without expressions and fields, which only the kind knows. */
export function plainFormOf(settings: z.ZodObject): FormField[] {
  const root = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as Json;
  return propertiesOf(root, '', root);
}

/** As much of JSON Schema as zod writes. */
interface Json {
  $ref?: string;
  $defs?: Record<string, Json>;
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: Scalar;
  enum?: Scalar[];
  anyOf?: Json[];
  oneOf?: Json[];
  allOf?: Json[];
  properties?: Record<string, Json>;
  required?: string[];
  additionalProperties?: Json | boolean;
  propertyNames?: Json;
  items?: Json | boolean;
  prefixItems?: Json[];
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

function propertiesOf(schema: Json, pointer: string, root: Json): FormField[] {
  return Object.entries(schema.properties ?? {}).map(([key, property]) =>
    fieldOf(
      property,
      key,
      `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      schema.required?.includes(key) === true && property.default === undefined,
      root,
    ),
  );
}

function fieldOf(given: Json, key: string, pointer: string, required: boolean, root: Json): FormField {
  const schema = resolved(given, root);
  const docs = schema.description ?? '';
  return {
    key,
    pointer,
    label: labelOf(key),
    docs,
    required,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...shapeOf(schema, key, pointer, docs, root),
  };
}

function shapeOf(schema: Json, key: string, pointer: string, docs: string, root: Json): FormShape {
  const several = Array.isArray(schema.type) ? schema.type.map((type) => ({ type })) : undefined;
  const ways = schema.anyOf ?? schema.oneOf ?? several;
  if (ways?.length === 1) return shapeOf(resolved(ways[0] as Json, root), key, pointer, docs, root);
  if (ways !== undefined) return unionOf(ways, key, pointer, root);
  if (schema.const !== undefined) return { kind: 'choice', choices: [schema.const] };
  if (schema.enum !== undefined) return { kind: 'choice', choices: schema.enum };
  const part = (of: Json | boolean | undefined, name = ''): FormField =>
    fieldOf(typeof of === 'object' ? of : {}, '', `${pointer}/*${name}`, true, root);
  switch (schema.type) {
    case 'string':
      return textOf(schema, key, docs);
    case 'boolean':
      return { kind: 'boolean' };
    case 'null':
      return { kind: 'choice', choices: [null] };
    case 'number':
    case 'integer':
      return numberOf(schema, key, docs);
    case 'array':
      if (schema.prefixItems !== undefined)
        return {
          kind: 'tuple',
          items: schema.prefixItems.map((item, index) =>
            fieldOf(item, '', `${pointer}/${index}`, true, root),
          ),
        };
      return {
        kind: 'list',
        item: part(schema.items),
        ...some({ minItems: schema.minItems, maxItems: schema.maxItems }),
      };
    case 'object':
      if (schema.properties !== undefined && Object.keys(schema.properties).length > 0)
        return { kind: 'object', fields: propertiesOf(schema, pointer, root) };
      return {
        kind: 'record',
        name: { ...part(schema.propertyNames ?? { type: 'string' }), label: 'Name' },
        value: part(schema.additionalProperties),
      };
    default:
      return { kind: 'free' };
  }
}

function textOf(schema: Json, key: string, docs: string): FormShape {
  if (schema.pattern?.startsWith('^resource:') === true) return { kind: 'resource', orPath: false };
  if (docs.includes('`resource:')) return { kind: 'resource', orPath: true };
  const { minLength, maxLength, pattern } = schema;
  const secret = /password|token|secret/i.test(key) ? true : undefined;
  return { kind: 'text', ...some({ minLength, maxLength, pattern, secret }) };
}

function numberOf(schema: Json, key: string, docs: string): FormShape {
  // A whole number has these limits without being told.
  const told = (limit: number | undefined): number | undefined =>
    limit === undefined || Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? undefined : limit;
  const limits: NumberLimits = some({
    min: told(schema.minimum),
    max: told(schema.maximum),
    above: told(schema.exclusiveMinimum),
    below: told(schema.exclusiveMaximum),
  });
  const whole = schema.type === 'integer';
  // A time since 1970 is counted in milliseconds too, and is no duration.
  if (/(?:^ms|Ms)$/.test(key) && !/epoch/i.test(docs))
    return { kind: 'duration', unit: 'ms', whole, ...limits };
  return {
    kind: whole ? 'integer' : 'number',
    ...(/(?:^b|B)ytes$/.test(key) ? { unit: 'bytes' } : {}),
    ...limits,
  };
}

/** Single values among the ways are one choice; where there is nothing else, the whole is one. */
function unionOf(ways: readonly Json[], key: string, pointer: string, root: Json): FormShape {
  const options: FormField[] = [];
  const choices: Scalar[] = [];
  for (const way of ways) {
    const option = fieldOf(way, key, pointer, true, root);
    if (option.kind === 'choice') choices.push(...option.choices);
    else if (option.kind === 'union') options.push(...option.options);
    else options.push({ ...option, label: optionLabel(option) });
  }
  if (options.length === 0) return { kind: 'choice', choices };
  if (choices.length > 0)
    options.unshift({
      key,
      pointer,
      label: choices.map(String).join(', '),
      docs: '',
      required: true,
      kind: 'choice',
      choices,
    });
  return { kind: 'union', options };
}

const KIND_LABELS: Partial<Record<FormField['kind'], string>> = {
  text: 'Text',
  number: 'Number',
  integer: 'Whole number',
  duration: 'Milliseconds',
  boolean: 'True or false',
  list: 'List',
  record: 'Names and values',
};

function optionLabel(option: FormField): string {
  if (option.kind === 'object') return option.fields.map((field) => field.label).join(', ');
  return KIND_LABELS[option.kind] ?? option.label;
}

/** `maxAgeMs` is "Max age"; the unit stands beside the field. */
function labelOf(key: string): string {
  if (key === 'ms') return 'Time';
  const words = key
    .replace(/(?<=.)(?:Ms|Bytes)$/, '')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words === '' ? '' : (words[0] as string).toUpperCase() + words.slice(1);
}

function resolved(schema: Json, root: Json): Json {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  const { $ref: _ref, ...more } = schema;
  return { ...resolved(root.$defs?.[name] ?? {}, root), ...more };
}
