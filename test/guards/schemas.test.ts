/**
 * What crosses a border has one shape: the same before and after it is read, without defaults, transforms or dates.
 * Only what a URL carries may be coerced from text, and then it stands in no body and no answer.
 */
import * as exported from '@millrace/schemas';
import { z } from 'zod';
import { importsOf, textsOf, type Sources } from '../kit/sources.js';

const schemas = new Map(
  Object.entries(exported).flatMap(([name, value]) =>
    value instanceof z.ZodType ? [[name, value]] : [],
  ) as [string, z.ZodType][],
);

function textFaults(files: Sources): string[] {
  const forbidden =
    /\.(default|prefault|transform|catch|pipe)\(|z\.(date|preprocess|codec)\(|z\.coerce\.(?!number)/g;
  return [...files].flatMap(([path, text]) => [
    ...importsOf(text).flatMap(({ from }) =>
      from === 'zod' || from.startsWith('.') ? [] : [`${path} imports ${from}`],
    ),
    ...[...text.matchAll(forbidden)].map(([call]) => `${path} has ${call}`),
  ]);
}

/** By JSON Schema: what may come in and what goes out. Output closes its objects, which is no difference here. */
function shapeFaults(all: ReadonlyMap<string, z.ZodType>): string[] {
  const shape = (schema: z.ZodType, io: 'input' | 'output') =>
    JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), (key, value: unknown) =>
      key === 'additionalProperties' && value === false ? undefined : value,
    );
  return [...all].flatMap(([name, schema]) =>
    shape(schema, 'input') === shape(schema, 'output') ? [] : [`${name} has two shapes`],
  );
}

/** Coerced schemas in bodies and answers, wherever they lie in them. */
function coercionFaults(names: Iterable<string>, all: ReadonlyMap<string, z.ZodType>): string[] {
  return [...names].filter((name) => {
    let coerced = false;
    z.toJSONSchema(all.get(name) ?? z.any(), {
      unrepresentable: 'any',
      override: ({ zodSchema }) => (coerced ||= (zodSchema._zod.def as { coerce?: boolean }).coerce === true),
    });
    return coerced;
  });
}

/** Names of the schemas that the routes take and answer with. */
function namesOfRoutes(files: Sources): Set<string> {
  const text = [...files.values()].join('\n');
  const found = text.matchAll(/@(?:Answers\(\s*\d+,\s*|Body\(\{\s*schema:\s*)([A-Z]\w*)/g);
  return new Set([...found].map(([, name = '']) => name));
}

function idFaults(names: Iterable<string>, all: ReadonlyMap<string, z.ZodType>): string[] {
  const unnamed = [...names].filter((name) => !all.has(name) || all.get(name)?.meta()?.id === undefined);
  const owners = new Map<string, { name: string; schema: z.ZodType }>();
  const twice = [...all].flatMap(([name, schema]) => {
    const id = schema.meta()?.id;
    if (id === undefined) return [];
    const owner = owners.get(id) ?? { name, schema };
    owners.set(id, owner);
    return owner.schema === schema ? [] : [`${owner.name} and ${name} are both called ${id}`];
  });
  return [...unnamed.map((name) => `${name} crosses the API without an id`), ...twice];
}

const names = namesOfRoutes(textsOf(/^apps\/director\/src\/.*\.controller\.ts$/));

it('libs/schemas knows only zod, and nothing that changes a value', () => {
  expect(textFaults(textsOf(/^libs\/schemas\/src\/.*(?<!\.test)\.ts$/))).toEqual([]);
});

it('every schema is the same before and after', () => {
  expect(shapeFaults(schemas)).toEqual([]);
  expect(schemas.size).toBeGreaterThan(80);
});

it('nothing is coerced in a body or an answer', () => {
  expect(coercionFaults(names, schemas)).toEqual([]);
});

it('every schema of a route has its own id', () => {
  expect(idFaults(names, schemas)).toEqual([]);
  expect(names.size).toBeGreaterThan(30);
});

it('a foreign import, a default, a date, a missing and a doubled id are found', () => {
  const text =
    "import { x } from '@millrace/flow';\nexport const A = z.string().default('a');\nz.date(); z.coerce.date();\n";
  expect(textFaults(new Map([['a.ts', text]]))).toEqual([
    'a.ts imports @millrace/flow',
    'a.ts has .default(',
    'a.ts has z.date(',
    'a.ts has z.coerce.',
  ]);
  const limit = z.coerce.number().optional();
  const wrong = new Map<string, z.ZodType>([
    ['Defaulted', z.object({ a: z.string().default('a') })],
    ['Changed', z.string().transform(Number)],
    ['Coerced', z.object({ list: z.array(z.object({ limit })) })],
    ['Fine', z.object({ a: z.string() })],
  ]);
  expect(shapeFaults(wrong)).toEqual(['Defaulted has two shapes', 'Changed has two shapes']);
  expect(coercionFaults(wrong.keys(), wrong)).toEqual(['Coerced']);
  const named = new Map<string, z.ZodType>([
    ['A', z.object({ a: z.string() }).meta({ id: 'GuardA' })],
    ['Same', z.object({})],
  ]);
  expect(idFaults(['A', 'Same', 'Gone'], named)).toEqual([
    'Same crosses the API without an id',
    'Gone crosses the API without an id',
  ]);
  const a = { meta: () => ({ id: 'X' }) } as unknown as z.ZodType;
  const b = { meta: () => ({ id: 'X' }) } as unknown as z.ZodType;
  expect(
    idFaults(
      [],
      new Map([
        ['A', a],
        ['B', b],
        ['Alias', a],
      ]),
    ),
  ).toEqual(['A and B are both called X']);
});
