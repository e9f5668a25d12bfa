/** Random documents and random edits of them, for property tests. */
import * as fc from 'fast-check';
import type { FlowDocument, FlowModule } from '@millrace/schemas';

/** Plain JSON, with texts that look like something else in YAML; -0 is left out, since JSON has none. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'null',
    'true',
    'yes',
    '12',
    '0x1f',
    '1e3',
    '-',
    '- a',
    '#',
    'a #b',
    'a: b',
    'a:',
    '${x}',
    '{a}',
    '[b',
    '&x',
    '*x',
    '!t',
    '|',
    '>',
    '%',
    '@',
    '`',
    "it's",
    '"',
    'line\nbreak',
    'line\n',
    '\n',
    ' a\nb',
    'a\n\nb\n',
    'tab\t',
    'résumé',
    '温度',
    '---',
    '...',
    '.5',
    './a/b.csv',
    'resource:a@1',
    'a,b',
    '\u2028',
    '\ufeff',
    '\ud800',
    '~',
    '?',
    '? a',
    '<<',
    '=',
    'a\r\nb',
    'score > 0.8',
    '2024-01-01',
    'constructor',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const leaf = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.boolean(),
  fc.constant(null),
);
const name = text.filter((key) => key !== '__proto__');
export const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
})).value;
const settings = fc.dictionary(name, json, { maxKeys: 4, noNullPrototype: true });
export const id = fc.constantFrom('a', 'b', 'c', 'd', 'e1', 'f', 'long_name', 'null', 'g', 'h');

export const flowModule: fc.Arbitrary<FlowModule> = fc.record(
  {
    type: fc.constantFrom('source.list', 'clean.range', 'map.set', 'sink.file'),
    from: fc.array(fc.constantFrom('a', 'b', 'c.late', 'd', 'gone'), { maxLength: 3 }),
    settings,
    onError: fc.constantFrom('stop' as const, 'skip' as const, 'port' as const),
    queue: fc.record({ size: fc.integer({ min: 1, max: 100 }) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['type'], noNullPrototype: true },
);
export const flowDocument: fc.Arbitrary<FlowDocument> = fc
  .record(
    {
      apiVersion: fc.constant('millrace/v1' as const),
      kind: fc.constant('Flow' as const),
      metadata: fc.record(
        { name: fc.constantFrom('pump', 'x1', '12'), description: text },
        { requiredKeys: ['name'], noNullPrototype: true },
      ),
      parameters: fc.dictionary(
        fc.constantFrom('p', 'q', 'r'),
        fc.record({ type: fc.constant('string' as const), default: text }, { requiredKeys: ['type'] }),
      ),
      modules: fc.dictionary(id, flowModule, { maxKeys: 6 }),
      layout: fc.dictionary(id, fc.record({ x: fc.integer(), y: fc.integer() }), { maxKeys: 4 }),
    },
    { requiredKeys: ['apiVersion', 'kind', 'metadata', 'modules'] },
  )
  // Without prototypes that Jest's comparison would see.
  .map((document) => JSON.parse(JSON.stringify(document)) as FlowDocument);

/** One edit as the canvas makes them: `from` a document to another one. */
export const edit: fc.Arbitrary<(document: FlowDocument) => FlowDocument> = fc.oneof(
  fc.tuple(id, flowModule).map(([key, module]) => (document: FlowDocument) => ({
    ...document,
    modules: { ...document.modules, [key]: plain(module) },
  })),
  id.map((key) => (document: FlowDocument) => {
    const { [key]: _gone, ...modules } = document.modules;
    return { ...document, modules };
  }),
  fc.tuple(id, id).map(([from, to]) => (document: FlowDocument) => ({
    ...document,
    modules: Object.fromEntries(
      Object.entries(document.modules).map(([key, module]) => [
        key === from && !(to in document.modules) ? to : key,
        module,
      ]),
    ),
  })),
  fc.tuple(id, name, json).map(([key, setting, value]) => (document: FlowDocument) => {
    const module = document.modules[key];
    if (module === undefined) return document;
    const changed = { ...module, settings: { ...module.settings, [setting]: plain(value) } };
    return { ...document, modules: { ...document.modules, [key]: changed } };
  }),
  fc.tuple(id, fc.nat(5)).map(([key, at]) => (document: FlowDocument) => {
    const module = document.modules[key];
    if (module?.settings === undefined) return document;
    const rest = Object.entries(module.settings).filter((_, index) => index !== at);
    return {
      ...document,
      modules: { ...document.modules, [key]: { ...module, settings: Object.fromEntries(rest) } },
    };
  }),
  fc.tuple(id, fc.nat(4), id).map(([key, at, other]) => (document: FlowDocument) => {
    const module = document.modules[key];
    if (module === undefined) return document;
    const from = [...(module.from ?? [])];
    from.splice(at, at % 2, other);
    return { ...document, modules: { ...document.modules, [key]: { ...module, from } } };
  }),
  fc.tuple(id, fc.integer(), fc.integer()).map(([key, x, y]) => (document: FlowDocument) => ({
    ...document,
    layout: { ...document.layout, [key]: { x, y } },
  })),
  flowDocument.map((other) => () => other),
);

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
