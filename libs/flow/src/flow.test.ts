import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import {
  canonicalize,
  diffFlows,
  digestOf,
  fillParameters,
  findCycle,
  flowDigest,
  isSame,
  lockResources,
  nearest,
  parameterFromText,
  parameterValues,
  parseReference,
  reachable,
  resourceReferences,
  runOrder,
} from './index.js';

function flow(modules: Record<string, Partial<FlowModule>>, more: Partial<FlowDocument> = {}): FlowDocument {
  return {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'test' },
    modules: Object.fromEntries(
      Object.entries(modules).map(([id, module]) => [id, { type: 'map.set', ...module }]),
    ),
    ...more,
  };
}

describe('order', () => {
  test.each<[Record<string, string[]>, string]>([
    [{ b: [], a: [], c: ['a', 'b'] }, 'a b c'],
    [{ c: [], b: ['c'], a: ['c.late'], d: ['a', 'b'] }, 'c a b d'],
    [{ a: ['gone'] }, 'a'],
  ])('%j', (wires, order) => {
    const document = flow(Object.fromEntries(Object.entries(wires).map(([id, from]) => [id, { from }])));
    expect(runOrder(document).join(' ')).toBe(order);
  });

  test('a cycle is named in the direction of its wires, and what is behind it is not', () => {
    const document = flow({
      in: {},
      a: { from: ['in', 'c'] },
      b: { from: ['a'] },
      c: { from: ['b'] },
      d: { from: ['c'] },
    });
    expect(findCycle(document)).toEqual(['a', 'b', 'c']);
    expect(() => runOrder(document)).toThrow('a -> b -> c -> a');
    expect(findCycle(flow({ a: { from: ['a'] } }))).toEqual(['a']);
  });

  test('reaches down and up', () => {
    const document = flow({ a: {}, b: { from: ['a'] }, c: { from: ['b'] }, d: {} });
    expect([...reachable(document, ['b'])]).toEqual(['b', 'c']);
    expect([...reachable(document, ['b'], 'up')]).toEqual(['b', 'a']);
  });

  test('any graph has an order or a cycle, and both hold', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 14 });
    fc.assert(
      fc.property(edges, (list) => {
        const document = flow(
          Object.fromEntries(
            Array.from({ length: 8 }, (_, id) => [
              `m${id}`,
              { from: [...new Set(list.filter(([, to]) => to === id).map(([from]) => `m${from}`))] },
            ]),
          ),
        );
        const cycle = findCycle(document);
        if (cycle === undefined) {
          const order = runOrder(document);
          expect(order.length).toBe(8);
          for (const [from, to] of list)
            expect(order.indexOf(`m${from}`)).toBeLessThan(order.indexOf(`m${to}`));
        } else
          cycle.forEach((id, index) => {
            const next = cycle[(index + 1) % cycle.length] as string;
            expect(document.modules[next]?.from).toContain(id);
          });
      }),
    );
  });
});

describe('parameters', () => {
  const document = flow(
    {
      a: {
        settings: {
          n: '${n}',
          list: [{ text: 'x ${n} ${ s } $${n}' }],
          on: '${on}',
          same: 'plain',
        },
      },
    },
    {
      parameters: {
        n: { type: 'integer', default: 1 },
        s: { type: 'string', default: 'doc' },
        on: { type: 'boolean' },
      },
    },
  );

  test('a later layer wins, and types are kept', () => {
    const layers = [
      { from: 'the group', values: { s: 'group', on: true, other: 1 }, serves: 'many' as const },
      { from: 'the node', values: { s: 'node', n: undefined } },
    ];
    const filled = fillParameters(document, layers);
    expect(filled.modules.a?.settings).toEqual({
      n: 1,
      list: [{ text: 'x 1 node ${n}' }],
      on: true,
      same: 'plain',
    });
    expect(filled.parameters).toBeUndefined();
    expect(document.modules.a?.settings?.n).toBe('${n}');
  });

  test('a value is put in once: one that looks like a parameter stays', () => {
    expect(fillParameters(document, { on: false, s: '${n}' }).modules.a?.settings?.list).toEqual([
      { text: 'x 1 ${n} ${n}' },
    ]);
  });

  test.each<[Record<string, string | number | boolean>, string]>([
    [{}, '"on" has no value'],
    [{ on: 'true' }, '"on" is true or false, and the value from the deployment is none'],
    [{ on: true, n: 1.5 }, '"n" is a whole number'],
    [{ on: true, s: 'resource:m@1' }, '"s" is a text that names no resource'],
    [{ on: true, nn: 3 }, 'The flow has no parameter "nn", which the deployment sets. Did you mean "n"?'],
    [{ on: true, constructor: 3 }, 'The flow has no parameter "constructor"'],
  ])('%j is refused', (values, reason) => {
    expect(() => fillParameters(document, values)).toThrow(reason);
  });

  test('a secret of the wrong type is not shown', () => {
    const secret = flow({}, { parameters: { key: { type: 'secret' } } });
    const { problems } = parameterValues(secret, [{ from: 'the node', values: { key: 12345 } }]);
    expect(problems[0]?.detail).toContain('a secret text');
    expect(JSON.stringify(problems)).not.toContain('12345');
  });

  test('are read from text', () => {
    expect(parameterFromText({ type: 'number' }, '1e3')).toBe(1000);
    expect(parameterFromText({ type: 'integer' }, '1.5')).toBeUndefined();
    expect(parameterFromText({ type: 'number' }, '')).toBeUndefined();
    expect(parameterFromText({ type: 'boolean' }, 'false')).toBe(false);
    expect(parameterFromText({ type: 'boolean' }, 'no')).toBeUndefined();
    expect(parameterFromText({ type: 'secret' }, '7')).toBe('7');
  });
});

describe('resources', () => {
  const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

  test.each<[string, ReturnType<typeof parseReference>]>([
    ['resource:pump-model@production', { name: 'pump-model', selector: 'production' }],
    ['resource:m@7', { name: 'm', selector: 7 }],
    [`resource:m@7#${digest('a')}`, { name: 'm', selector: 7, digest: digest('a') }],
    [`resource:m@production#${digest('a')}`, undefined],
    ['resource:m', undefined],
    ['resource:m@0', undefined],
    ['resource:m@', undefined],
    ['resource:../m@1', undefined],
    ['resource:m@1@2', undefined],
    ['m@1', undefined],
  ])('%s', (text, reference) => expect(parseReference(text)).toEqual(reference));

  const document = flow({
    a: { settings: { model: 'resource:m@production', deep: [{ file: 'resource:d@2' }] } },
    b: { settings: { model: 'resource:m@1', text: 'no resource:m@1 here' } },
  });
  const locks: Record<string, { version: number; digest: string; kind: string }> = {
    'm@production': { version: 3, digest: digest('a'), kind: 'model' },
    'm@3': { version: 3, digest: digest('a'), kind: 'model' },
    'm@1': { version: 1, digest: digest('b'), kind: 'model' },
    'd@2': { version: 2, digest: digest('c'), kind: 'data' },
  };

  test('are found and locked, wherever they lie', () => {
    expect(resourceReferences(document).map(({ pointer, text }) => `${pointer} ${text}`)).toEqual([
      '/modules/a/settings/model resource:m@production',
      '/modules/a/settings/deep/0/file resource:d@2',
      '/modules/b/settings/model resource:m@1',
    ]);
    const locked = lockResources(document, ({ name, selector }) => locks[`${name}@${selector}`]);
    expect(locked.document.modules.a?.settings).toEqual({
      model: `resource:m@3#${digest('a')}`,
      deep: [{ file: `resource:d@2#${digest('c')}` }],
    });
    expect(locked.lock).toEqual({ m: locks['m@3'], d: locks['d@2'], 'm@1': locks['m@1'] });
    const again = lockResources(locked.document, ({ name, selector }) => locks[`${name}@${selector}`]);
    expect(again).toEqual(locked);
  });

  test('that mean nothing, or something else by now, are refused', () => {
    expect(() => lockResources(document, () => undefined)).toThrow('There is no resource m@production');
    const other = flow({ a: { settings: { model: `resource:m@3#${digest('f')}` } } });
    expect(() => lockResources(other, () => locks['m@3'])).toThrow('m@3 is locked to');
    expect(() =>
      lockResources(flow({ a: { settings: { model: 'resource:m' } } }), () => locks['m@3']),
    ).toThrow('names no resource');
  });
});

describe('the digest', () => {
  test('is SHA-256 over the canonical form', () => {
    const value = { b: [1e21, 0.1, -0, 'é"\u20ac'], a: null, '\u20ac': true };
    const text = '{"a":null,"b":[1e+21,0.1,0,"é\\"€"],"€":true}';
    expect(canonicalize(value)).toBe(text);
    expect(digestOf(value)).toBe(`sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`);
    expect(() => canonicalize({ a: NaN })).toThrow();
  });

  test('does not know how a flow was written, where it lies on the canvas, or its description', () => {
    const document = flow({ a: { settings: { x: 1, y: 2 } }, b: { from: ['a'] } });
    const same = {
      layout: { a: { x: 1, y: 1 } },
      modules: { b: { from: ['a'], type: 'map.set' }, a: { settings: { y: 2, x: 1 }, type: 'map.set' } },
      metadata: { description: 'words', name: 'test' },
      kind: 'Flow',
      apiVersion: 'millrace/v1',
    } satisfies FlowDocument;
    expect(flowDigest(same)).toBe(flowDigest(document));
    expect(isSame(diffFlows(document, same))).toBe(true);
    expect(flowDigest(flow({ a: { settings: { x: 1, y: 3 } }, b: { from: ['a'] } }))).not.toBe(
      flowDigest(document),
    );
  });
});

test('a diff names what was added, removed, rewired and changed', () => {
  const before = flow(
    {
      a: {},
      b: { from: ['a'], settings: { list: [1, 2], deep: { x: 1, gone: 2 } } },
      c: { from: ['b.out'] },
    },
    { parameters: { p: { type: 'number', default: 1 }, key: { type: 'secret', default: 's3cret' } } },
  );
  const after = flow(
    {
      a: { onError: 'skip' },
      b: { from: ['a', 'n'], settings: { list: [1, 3], deep: { x: 1, 'new/one': true } } },
      n: {},
      c: { from: ['b'] },
    },
    { parameters: { p: { type: 'number', default: 2 }, key: { type: 'secret', default: 'other' } } },
  );
  delete (after.modules as Record<string, unknown>).x;
  expect(diffFlows(before, after)).toEqual({
    added: ['n'],
    removed: [],
    rewired: [{ module: 'b', before: ['a.out'], after: ['a.out', 'n.out'] }],
    changed: [
      { module: 'a', pointer: '/modules/a/onError', after: 'skip' },
      { module: 'b', pointer: '/modules/b/settings/list/1', before: 2, after: 3 },
      { module: 'b', pointer: '/modules/b/settings/deep/gone', before: 2 },
      { module: 'b', pointer: '/modules/b/settings/deep/new~1one', after: true },
    ],
    parameters: [{ name: 'p', pointer: '/parameters/p/default', before: 1, after: 2 }],
  });
  expect(diffFlows(after, before).removed).toEqual(['n']);
  expect(JSON.stringify(diffFlows(before, after))).not.toContain('s3cret');
});

test.each([
  ['mim', 'min'],
  ['widnow', 'window'],
  ['Field', 'field'],
  ['colour', undefined],
  ['x'.repeat(100_000), undefined],
])('nearest to %.10s is %s', (word, known) => {
  expect(nearest(word, ['min', 'max', 'window', 'field'])).toBe(known);
});
