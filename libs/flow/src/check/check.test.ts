import { z } from 'zod';
import type { Contract, FlowDocument } from '@millrace/schemas';
import {
  anyColumns,
  catalogueOf,
  checkFlow,
  columnsOf,
  defineKind,
  mergeColumns,
  readFlow,
  unmetContract,
  withColumns,
  type CheckOptions,
} from '../index.js';

const about = { title: 'A title', summary: 'A line.', docs: 'Docs.' };
const source = defineKind({
  ...about,
  type: 'source.list',
  category: 'source',
  sharing: 'shared',
  settings: z.object({
    fields: z.record(z.string(), z.enum(['number', 'string', 'boolean', 'vector'])).optional(),
    periodMs: z.number().min(1).optional(),
    password: z.string().optional(),
    unit: z.string().optional(),
  }),
  inputs: 'none',
  outputs: ['out'],
  example: { settings: {} },
  columns: ({ fields, periodMs, unit }) =>
    fields === undefined
      ? anyColumns
      : columnsOf(
          Object.entries(fields).map(([name, type]) => [name, { type, unit }] as const),
          { periodMs },
        ),
});
const range = defineKind({
  ...about,
  type: 'clean.range',
  category: 'clean',
  settings: z.object({
    field: z.string().min(1),
    min: z.number().optional(),
    max: z.number().optional(),
    action: z.enum(['drop', 'null', 'clamp', 'flag']).default('drop'),
    window: z.strictObject({ size: z.int().min(1) }).optional(),
    loose: z.object({ size: z.number().optional() }).default({}),
    limits: z.array(z.union([z.number(), z.literal('max')])).optional(),
  }),
  inputs: 'many',
  outputs: ['out', 'late'],
  example: { settings: { field: 'x' } },
  reads: ({ field }) => [{ pointer: '/field', field, types: ['number'] }],
  columns: (_, inputs) => mergeColumns(inputs),
  check: ({ min, max }) =>
    min !== undefined && max !== undefined && min > max
      ? [{ pointer: '/min', detail: 'min is above max' }]
      : [],
});
const set = defineKind({
  ...about,
  type: 'map.set',
  category: 'map',
  settings: z.object({ set: z.record(z.string(), z.string()) }),
  inputs: 'one',
  outputs: ['out'],
  example: { settings: { set: { y: 'x' } } },
  expressions: (settings) =>
    Object.entries(settings.set).map(([name, text]) => ({
      pointer: `/set/${name}`,
      source: text,
      gives: name === 'flag' ? 'boolean' : undefined,
    })),
  columns: (settings, [input = anyColumns]) =>
    withColumns(
      input,
      Object.keys(settings.set).map((name) => [name, 'unknown'] as const),
    ),
});
const model = defineKind({
  ...about,
  type: 'model.onnx',
  category: 'model',
  settings: z.object({ model: z.string() }),
  inputs: 'one',
  outputs: ['out'],
  example: { settings: { model: 'resource:m@1' } },
  columns: (_, [input = anyColumns]) => withColumns(input, { score: 'number' }),
  check(settings, [input = anyColumns], contracts) {
    const contract = contracts(settings.model);
    return contract === undefined ? [] : unmetContract(contract, input, '/model', settings.model);
  },
});
const file = defineKind({
  ...about,
  type: 'sink.file',
  category: 'sink',
  settings: z.object({ path: z.string() }),
  inputs: 'many',
  outputs: [],
  example: { settings: { path: 'a.csv' } },
  writesFile: ({ path }) => [path],
});
const catalogue = catalogueOf([source, range, set, model, file]);

function check(modules: string, options?: CheckOptions, parameters = ''): string[] {
  const text = `apiVersion: millrace/v1\nkind: Flow\nmetadata: { name: test }\n${parameters}\nmodules:\n${modules}`;
  const { document, problems } = readFlow(text);
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return checkFlow(document, catalogue, options).map(
    ({ code, module, pointer, detail }) => `${code} ${module ?? '-'} ${pointer} ${detail}`,
  );
}

const good = `
  in: { type: source.list, settings: { fields: { x: number, name: string, v: vector } } }
  low: { type: clean.range, from: [in], settings: { field: x, min: 0, max: 3 } }
  out: { type: sink.file, from: [low], settings: { path: a.csv } }
`;

describe('a flow', () => {
  test('that is right has no problems', () => expect(check(good)).toEqual([]));

  test.each<[string, string, string]>([
    ['no modules', ' {}', 'flows.shape - /modules The flow has no modules'],
    [
      'a type misspelt',
      good.replace('clean.range', 'clean.rnage'),
      'flows.type-unknown low /modules/low/type There is no module type "clean.rnage". Did you mean "clean.range"?',
    ],
    [
      'a type of another category',
      good.replace('clean.range', 'filters.range'),
      'Did you mean "clean.range"?',
    ],
    [
      'an id with a capital',
      good.replace('  low:', '  Low:').replace('[low]', '[Low]'),
      'flows.module-id Low /modules/Low',
    ],
    [
      'an unknown setting',
      good.replace('min: 0', 'mim: 0'),
      'flows.setting-unknown low /modules/low/settings/mim The settings of clean.range know no "mim". Did you mean "min"?',
    ],
    [
      'an unknown inner setting',
      good.replace('min: 0', 'window: { siz: 3, size: 3 }'),
      '/modules/low/settings/window/siz "window" knows no "siz". Did you mean "size"?',
    ],
    [
      'an unknown setting of a plain inner object',
      good.replace('min: 0', 'loose: { sise: 3 }'),
      'flows.setting-unknown low /modules/low/settings/loose/sise "loose" knows no "sise". Did you mean "size"?',
    ],
    [
      'a missing setting',
      good.replace('field: x, ', ''),
      'flows.setting-missing low /modules/low/settings/field "field" is missing; it must be a text.',
    ],
    [
      'a setting of a wrong type',
      good.replace('min: 0', 'min: low'),
      'flows.setting-invalid low /modules/low/settings/min "min" must be a number, and "low" is not.',
    ],
    [
      'a setting that is none of the words',
      good.replace('min: 0', 'action: dorp'),
      '"action" must be one of drop, null, clamp, flag, and "dorp" is not. Did you mean "drop"?',
    ],
    [
      'a setting out of bounds',
      good.replace('min: 0', 'window: { size: 0 }'),
      '"window.size" must be at least 1.',
    ],
    [
      'a setting that is neither of two',
      good.replace('min: 0', 'limits: [1, low]'),
      '/modules/low/settings/limits/1 "limits[1]" must be',
    ],
    [
      'settings at odds',
      good.replace('min: 0', 'min: 5'),
      'flows.setting-invalid low /modules/low/settings/min min is above max',
    ],
    [
      'a module without a wire',
      good.replace('from: [in], ', ''),
      'flows.unwired low /modules/low low has no wire in',
    ],
    [
      'a source that nobody reads',
      good + '  in2: { type: source.list }',
      'flows.unwired in2 /modules/in2 Nothing takes what in2 gives',
    ],
    [
      'a wire from nowhere',
      good.replace('[in]', '[inn]'),
      'flows.wire low /modules/low/from/0 There is no module "inn". Did you mean "in"?',
    ],
    ['a wire from __proto__', good.replace('[in]', '[__proto__]'), 'There is no module "__proto__"'],
    [
      'a port that is none',
      good.replace('[low]', '[low.lat]'),
      'low (clean.range) has no port "lat"; it has out, late. Did you mean "late"?',
    ],
    [
      'a wire into a source',
      good.replace('source.list,', 'source.list, from: [low],'),
      'flows.wire in /modules/in/from in is a source (source.list) and takes no wire',
    ],
    [
      'a wire out of a sink',
      good + '  more: { type: sink.file, from: [out], settings: { path: b } }',
      'flows.wire more /modules/more/from/0 out is a sink (sink.file), and nothing leaves it',
    ],
    ['a wire twice', good.replace('[in]', '[in, in.out]'), 'The wire from in.out is listed twice'],
    [
      'two wires where one goes',
      good + '  s: { type: map.set, from: [in, low], settings: { set: {} } }',
      's (map.set) takes one wire, and 2 lead to it',
    ],
    [
      'an error port that is none',
      good.replace('[low]', '[low, low.error]'),
      'low has a port error only with onError: port',
    ],
    [
      'an error port that nobody takes',
      good.replace('clean.range,', 'clean.range, onError: port,'),
      'flows.unwired low /modules/low/onError Records that fail in low',
    ],
    [
      'a cycle',
      good.replace('[in]', '[in, b]') +
        '  b: { type: clean.range, from: [low.late], settings: { field: x } }',
      'flows.cycle b /modules/b/from The wires form a cycle: b -> low -> b. Remove one of these wires.',
    ],
    [
      'two writers',
      good + '  again: { type: sink.file, from: [low.late], settings: { path: ./b/../a.csv } }',
      'flows.two-writers again /modules/again/settings out and again both write',
    ],
    [
      'a field that is not there',
      good.replace('field: x', 'field: xx'),
      'flows.columns-unmet low /modules/low/settings/field No record that arrives has the field "xx": there is x, name, v. Did you mean "x"?',
    ],
    [
      'a field of another type',
      good.replace('field: x', 'field: name'),
      '"name" is a string where it arrives, and a number is needed',
    ],
    ['a vector for a number', good.replace('field: x', 'field: v'), '"v" is a vector where it arrives'],
    [
      'a broken resource',
      good.replace('path: a.csv', 'path: "resource:model"'),
      'flows.resource out /modules/out/settings/path "resource:model" names no resource',
    ],
  ])('%s', (_, modules, problem) => {
    expect(check(modules).join('\n')).toContain(problem);
  });

  test.each<[string, string]>([
    [
      'x >',
      'flows.expression s /modules/s/settings/set/flag The expression is not valid at character 4: the expression ends, and a value is needed: x >',
    ],
    ['xx > 1', 'No record that arrives has the field "xx"'],
    ['name > 1', 'compares a string with a number'],
    ['x + 1', 'The expression gives a number, and a boolean is needed here: x + 1'],
    ['has(xx) && xx > 1 && t > 0', ''],
  ])('with the expression %s', (expression, problem) => {
    const found = check(
      `${good}  s: { type: map.set, from: [low], settings: { set: { flag: "${expression}" } } }`,
    );
    if (problem === '') expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(problem);
  });

  test('one mistake is told once, and hides no other', () => {
    const found = check(good.replace('clean.range', 'clean.rnage').replace('path: a.csv', 'pat: a.csv'));
    expect(found.map((line) => line.split(' ')[0])).toEqual([
      'flows.type-unknown',
      'flows.setting-missing',
      'flows.setting-unknown',
    ]);
  });

  test('of 2,000 modules is checked, of 2,001 refused', () => {
    const modules = (count: number): FlowDocument['modules'] =>
      Object.fromEntries([
        ['m0', { type: 'source.list' }],
        ...Array.from({ length: count - 1 }, (_, i) => [
          `m${i + 1}`,
          { type: 'clean.range', from: [`m${i}`], settings: { field: 'x' } },
        ]),
      ]);
    const flow = (count: number): FlowDocument => ({
      apiVersion: 'millrace/v1',
      kind: 'Flow',
      metadata: { name: 'long' },
      modules: modules(count),
    });
    expect(checkFlow(flow(2_000), catalogue)).toEqual([]);
    expect(checkFlow(flow(2_001), catalogue)[0]?.code).toBe('flows.too-large');
  });
});

describe('a contract', () => {
  const contract: Contract = {
    columns: [
      { name: 'x', dtype: 'float32', unit: 'bar' },
      { name: 'name', dtype: 'string' },
    ],
    periodMs: 100,
    outputs: [],
    golden: [],
    runtime: 'onnx',
  };
  const withModel = (settings: string): string[] =>
    check(
      `
  in: { type: source.list, settings: ${settings} }
  score: { type: model.onnx, from: [in], settings: { model: "resource:m@1" } }`,
      { contracts: (reference) => (reference === 'resource:m@1' ? contract : undefined) },
    );

  test.each<[string, string, string]>([
    ['met', '{ fields: { x: number, name: string }, periodMs: 100 }', ''],
    ['not known', '{}', ''],
    [
      'short of a column',
      '{ fields: { x: number } }',
      'expects the column "name", and no record that arrives has it: what arrives has x.',
    ],
    [
      'with a wrong type',
      '{ fields: { x: string, name: string } }',
      'expects "x" to be a number, and a string arrives',
    ],
    [
      'with a wrong unit',
      '{ unit: psi, fields: { x: number, name: string } }',
      'expects "x" in bar, and psi arrives',
    ],
    [
      'with a wrong period',
      '{ fields: { x: number, name: string }, periodMs: 200 }',
      'expects a row every 100 ms, and one arrives every 200 ms',
    ],
  ])('%s', (_, settings, problem) => {
    const found = withModel(settings);
    if (problem === '') expect(found).toEqual([]);
    else
      expect(found.join('\n')).toContain(
        `flows.contract-unmet score /modules/score/settings/model resource:m@1 ${problem}`,
      );
  });
});

describe('parameters', () => {
  const modules = `
  in: { type: source.list, settings: { periodMs: "\${period}", password: "\${key}", unit: "\${unit}" } }
  out: { type: sink.file, from: [in], settings: { path: "\${unit}/a.csv" } }`;
  const declared =
    'parameters: { period: { type: number }, key: { type: secret }, unit: { type: string, default: bar } }';
  const layer = (values: Record<string, string | number>): CheckOptions => ({
    layers: [{ from: 'the deployment', values }],
  });

  test('without values are held to their types', () => {
    expect(check(modules, {}, declared)).toEqual([]);
    expect(check(modules, {}, declared.replace('number', 'string')).join()).toContain(
      '/modules/in/settings/periodMs "periodMs" must be a number, and "${period}" is not.',
    );
  });

  test('with values are held to them', () => {
    expect(check(modules, layer({ period: 5, key: 'k' }), declared)).toEqual([]);
    expect(check(modules, layer({ period: 0, key: 'k' }), declared).join()).toContain(
      '"periodMs" must be at least 1.',
    );
    expect(check(modules, layer({ period: 5 }), declared).join()).toContain(
      'The parameter "key" has no value',
    );
  });

  test('that are not declared, and declarations that are wrong', () => {
    expect(check(modules, {}, declared.replace('period:', 'perod:')).join()).toContain(
      'flows.parameter in /modules/in/settings/periodMs The flow has no parameter "period". Did you mean "perod"?',
    );
    expect(check(modules, {}, declared.replace('secret', 'secret, default: s3cret')).join()).toContain(
      'has a default',
    );
  });

  test('a secret is never shown', () => {
    const wrong = modules.replace('periodMs: "${period}"', 'periodMs: "${key}"');
    for (const options of [
      layer({ period: 1, key: 's3cret' }),
      layer({ period: 1, key: 's3cret', unit: 1 }),
    ]) {
      const found = check(wrong, options, declared).join();
      expect(found).toContain('"periodMs" must be a number');
      expect(found).not.toContain('s3cret');
    }
  });
});

describe('a kind', () => {
  test('that contradicts itself is refused', () => {
    expect(() => defineKind({ ...range, type: 'map.range' })).toThrow('category');
    expect(() => defineKind({ ...range, inputs: 'none' })).toThrow('sources');
    expect(() => defineKind({ ...range, outputs: ['error'] })).toThrow('onError');
    expect(() => catalogueOf([range, range])).toThrow('twice');
  });
});
