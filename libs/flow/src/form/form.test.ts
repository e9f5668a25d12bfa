import { z } from 'zod';
import { accepts, acceptsAll, defineKind, fieldAt, formOf, optionFor } from '../index.js';

const kind = defineKind({
  type: 'map.all',
  category: 'map',
  title: 'A title',
  summary: 'A line.',
  docs: 'Docs.',
  settings: z.object({
    maxAgeMs: z.number().int().min(0).max(9).describe('How old.'),
    originMs: z.number().optional().describe('Epoch milliseconds.'),
    share: z.number().positive().lt(1).default(0.5),
    password: z.string().min(1).optional(),
    mode: z.union([z.literal('a'), z.literal(2)]).optional(),
    size: z.union([z.literal('max'), z.number().min(1), z.strictObject({ rows: z.int() })]).optional(),
    value: z.union([z.number(), z.string(), z.null()]).optional(),
    pair: z.tuple([z.number(), z.string()]).optional(),
    names: z.record(z.string(), z.string()).optional(),
    sums: z.record(z.string(), z.strictObject({ of: z.string(), test: z.string().optional() })).optional(),
    by: z.enum(['row', 'field']).default('row'),
    field: z.string().optional(),
    anything: z.unknown().optional(),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { maxAgeMs: 1 } },
  reads: ({ names = {}, by, field, sums = {} }) => [
    ...Object.keys(names).map((name) => ({ pointer: `/names/${name}`, field: name })),
    // Only in one mode.
    ...(by === 'field' && field !== undefined
      ? [{ pointer: '/field', field, types: ['number' as const] }]
      : []),
    ...Object.entries(sums).map(([name, { of }]) => ({ pointer: `/sums/${name}/of`, field: of })),
  ],
  expressions: ({ sums = {} }) =>
    Object.entries(sums).flatMap(([name, { test }]) =>
      test === undefined ? [] : [{ pointer: `/sums/${name}/test`, source: test, gives: 'boolean' as const }],
    ),
});
const form = formOf(kind);
const at = (...path: string[]) => {
  const field = fieldAt(form, path);
  if (field === undefined) throw new Error(`no field at ${path.join('/')}`);
  return field;
};

test('the schema as fields', () => {
  expect(at('maxAgeMs')).toEqual({
    key: 'maxAgeMs',
    pointer: '/maxAgeMs',
    label: 'Max age',
    docs: 'How old.',
    required: true,
    kind: 'duration',
    unit: 'ms',
    whole: true,
    min: 0,
    max: 9,
  });
  expect(at('originMs')).toMatchObject({ kind: 'number', required: false });
  expect(at('share')).toMatchObject({ kind: 'number', above: 0, below: 1, default: 0.5, required: false });
  expect(at('password')).toMatchObject({ kind: 'text', secret: true, minLength: 1 });
  expect(at('mode')).toMatchObject({ kind: 'choice', choices: ['a', 2] });
  expect(at('anything').kind).toBe('free');
  expect(fieldAt(form, ['gone'])).toBeUndefined();
  expect(fieldAt(form, ['share', 'gone'])).toBeUndefined();
  expect(formOf(kind)).toBe(form);
});

test('fields and expressions, also those of one mode, of names and inside records', () => {
  expect(at('field')).toMatchObject({ kind: 'field', types: ['number'] });
  expect(at('names')).toMatchObject({ name: { kind: 'field' }, value: { kind: 'text' } });
  expect(at('sums', 'x', 'of')).toMatchObject({ kind: 'field', pointer: '/sums/*/of' });
  expect(at('sums', 'x', 'test')).toMatchObject({ kind: 'expression', gives: 'boolean' });
  expect(at('sums')).toMatchObject({ name: { kind: 'text' } });
});

test('the way of a union that a value has', () => {
  const size = at('size');
  if (size.kind !== 'union') throw new Error(size.kind);
  expect(size.options.map(({ kind: way, label }) => [way, label])).toEqual([
    ['choice', 'max'],
    ['number', 'Number'],
    ['object', 'Rows'],
  ]);
  expect(['max', 3, { rows: 1 }, 0, 'min', { rows: 'a' }].map((value) => optionFor(size, value))).toEqual([
    0, 1, 2, -1, -1, -1,
  ]);
});

test.each<[string, unknown, boolean]>([
  ['maxAgeMs', 9, true],
  ['maxAgeMs', 10, false],
  ['maxAgeMs', 1.5, false],
  ['maxAgeMs', '1', false],
  ['maxAgeMs', '${age}', true],
  ['share', 0, false],
  ['share', 0.1, true],
  ['share', 1, false],
  ['value', null, true],
  ['value', true, false],
  ['pair', [1, 'a'], true],
  ['pair', [1], false],
  ['names', { a: 'b' }, true],
  ['names', { a: 1 }, false],
  ['names', ['a'], false],
  ['sums', { a: { of: 'b' } }, true],
  ['sums', { a: {} }, false],
  ['anything', { a: [1] }, true],
])('%s may be %j: %s', (key, value, expected) => expect(accepts(at(key), value)).toBe(expected));

test('what is required must be there', () => {
  expect(acceptsAll(form, {})).toBe(false);
  expect(acceptsAll(form, { maxAgeMs: 1 })).toBe(true);
});
