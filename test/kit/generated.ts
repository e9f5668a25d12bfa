/**
 * Values from a JSON schema and a seed: mostly such as fit, now and then such as do not. The same seed gives the
 * same values on every machine.
 */
export type Schema = Record<string, unknown>;

export interface Generator {
  chance(of: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A text for a path or a query. */
  word(): string;
  value(schema: Schema): unknown;
  /** The same with one place made strange. */
  broken(value: unknown): unknown;
}

const LONG = 'x'.repeat(20_000);
const words = [
  '1',
  '0',
  '-1',
  '2147483648',
  '9007199254740993',
  '1e309',
  'NaN',
  'true',
  'null',
  ' ',
  '%',
  '%00',
  '..',
  '../../etc/passwd',
  "' OR 1=1 --",
  '${7*7}',
  '__proto__',
  'constructor',
  'a:b',
  'a/b',
  'a;b==c',
  '(((',
  '*',
  '\0',
  '🚀 ä́‮',
  '￿',
  'x'.repeat(300),
  'WzEsIngiXQ',
  'WzEsIjEyMzQ1Njc4OTAxMiJd',
];
const strange: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  0x20000000000000,
  '',
  ' ',
  LONG,
  '\0',
  '\ud800',
  '‮',
  [],
  {},
  [[[[]]]],
  { '': null },
  { toString: 1 },
  [null],
  Array.from({ length: 300 }, (_, i) => i),
  '2026-13-45T99:99:99Z',
  'sha256:zz',
  '-0',
  '1e999',
  '{{x}}',
  '\n\r	',
];

export function generatorOf(seed: number, components: Record<string, Schema>): Generator {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const chance = (of: number) => random() < of;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const word = () => pick(words);

  const value = (schema: Schema, depth = 0): unknown => {
    if (chance(0.08)) return pick(strange);
    if (typeof schema.$ref === 'string') {
      return value(components[schema.$ref.replace('#/components/schemas/', '')] ?? {}, depth);
    }
    if ('const' in schema) return schema.const;
    if (Array.isArray(schema.enum)) return pick(schema.enum as unknown[]);
    const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
    if (choices) return value(pick(choices), depth);
    if (Array.isArray(schema.type)) return value({ ...schema, type: pick(schema.type as string[]) }, depth);
    switch (schema.type) {
      case 'object':
        return object(schema, depth);
      case 'array':
        return depth > 6
          ? []
          : Array.from({ length: pick([0, 1, 1, 2]) }, () =>
              value((schema.items ?? {}) as Schema, depth + 1),
            );
      case 'integer':
      case 'number':
        return pick([schema.minimum ?? 0, schema.maximum ?? 1, 1, 2, -1, 2_147_483_648]);
      case 'boolean':
        return chance(0.5);
      case 'string':
        return pick([
          word(),
          'plant-node',
          'fresh',
          '1',
          'x'.repeat(Math.min(Number(schema.maxLength ?? 8), 5_000)),
        ]);
      default:
        return pick(strange);
    }
  };
  const object = (schema: Schema, depth: number): unknown => {
    const {
      properties = {},
      required = [],
      additionalProperties,
    } = schema as {
      properties?: Record<string, Schema>;
      required?: string[];
      additionalProperties?: unknown;
    };
    const names = Object.keys(properties).filter((name) =>
      required.includes(name) ? chance(0.95) : chance(0.5),
    );
    const made = names.map((name) => [name, value(properties[name] ?? {}, depth + 1)]);
    if (additionalProperties && depth < 6)
      made.push([word(), value(Object(additionalProperties) as Schema, depth + 1)]);
    if (chance(0.05)) made.push([word(), pick(strange)]);
    return Object.fromEntries(made.filter(([name]) => name !== '__proto__')) as unknown;
  };
  const broken = (whole: unknown): unknown => {
    if (whole === null || typeof whole !== 'object' || chance(0.2)) return pick(strange);
    if (Array.isArray(whole)) return whole.map((inner) => (chance(0.5) ? broken(inner) : inner));
    const entries = Object.entries(whole);
    const at = Math.floor(random() * (entries.length + 1));
    return Object.fromEntries(
      entries.flatMap(([name, inner], i) =>
        i !== at ? [[name, inner]] : chance(0.2) ? [] : [[name, broken(inner)]],
      ),
    );
  };
  return { chance, pick, word, value: (schema) => value(schema), broken };
}
