import * as fc from 'fast-check';
import type { FlowDocument } from '@millrace/schemas';
import { edit, flowDocument } from '../../../test/kit/documents.js';
import { mergeFlows, takeMine, valueAt } from './index.js';
import { pathOf } from './pointer.js';
import { isRecord, namesOf, own, same } from './same.js';

const base: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  modules: {
    in: { type: 'source.list', settings: { a: 1, b: { c: 1, d: 2 }, list: [1, 2] } },
    out: { type: 'sink.file', from: ['in'] },
  },
  layout: { in: { x: 0, y: 0 } },
};

type Change = (document: FlowDocument) => unknown;

function changed(change: Change): FlowDocument {
  const document = structuredClone(base);
  change(document);
  return document;
}

/** What the merge makes of two changes, and what it says about them. */
function merge(mine: Change, theirs: Change) {
  const { document, conflicts } = mergeFlows(base, changed(mine), changed(theirs));
  return { document, conflicts };
}

describe('two edits of one flow', () => {
  test('of different settings of one module are both taken', () => {
    const { document, conflicts } = merge(
      ({ modules }) => (modules['in']!.settings!['a'] = 2),
      ({ modules }) => {
        modules['in']!.settings!['list'] = [3];
        modules['in']!.onError = 'skip';
      },
    );
    expect(conflicts).toEqual([]);
    expect(document.modules['in']).toEqual({
      type: 'source.list',
      settings: { a: 2, b: { c: 1, d: 2 }, list: [3] },
      onError: 'skip',
    });
  });

  test.each<[string, Change, Change, unknown]>([
    [
      'one setting',
      ({ modules }) => (modules['in']!.settings!['a'] = 2),
      ({ modules }) => (modules['in']!.settings!['a'] = 3),
      { module: 'in', pointer: '/modules/in/settings/a', base: 1, mine: 2, theirs: 3 },
    ],
    [
      'one object in a setting, since it is one thing',
      ({ modules }) => (modules['in']!.settings!['b'] = { c: 2, d: 2 }),
      ({ modules }) => (modules['in']!.settings!['b'] = { c: 1, d: 3 }),
      {
        module: 'in',
        pointer: '/modules/in/settings/b',
        base: { c: 1, d: 2 },
        mine: { c: 2, d: 2 },
        theirs: { c: 1, d: 3 },
      },
    ],
    [
      'the wires',
      ({ modules }) => (modules['out']!.from = ['in.late']),
      ({ modules }) => (modules['out']!.from = ['in', 'x']),
      { module: 'out', pointer: '/modules/out/from', base: ['in'], mine: ['in.late'], theirs: ['in', 'x'] },
    ],
    [
      'a module that I deleted',
      ({ modules }) => delete modules['out'],
      ({ modules }) => (modules['out']!.from = []),
      {
        module: 'out',
        pointer: '/modules/out',
        base: { type: 'sink.file', from: ['in'] },
        theirs: { type: 'sink.file', from: [] },
      },
    ],
    [
      'a module that they deleted',
      ({ modules }) => (modules['out']!.from = []),
      ({ modules }) => delete modules['out'],
      {
        module: 'out',
        pointer: '/modules/out',
        base: { type: 'sink.file', from: ['in'] },
        mine: { type: 'sink.file', from: [] },
      },
    ],
    [
      'the type, which settings depend on',
      ({ modules }) => (modules['out']!.type = 'sink.mqtt'),
      ({ modules }) => (modules['out']!.settings = { path: 'a' }),
      {
        module: 'out',
        pointer: '/modules/out',
        base: { type: 'sink.file', from: ['in'] },
        mine: { type: 'sink.mqtt', from: ['in'] },
        theirs: { type: 'sink.file', from: ['in'], settings: { path: 'a' } },
      },
    ],
    [
      'a new module of one id',
      ({ modules }) => (modules['new'] = { type: 'debug.tap' }),
      ({ modules }) => (modules['new'] = { type: 'debug.tap', from: ['in'] }),
      {
        module: 'new',
        pointer: '/modules/new',
        mine: { type: 'debug.tap' },
        theirs: { type: 'debug.tap', from: ['in'] },
      },
    ],
    [
      'the description',
      ({ metadata }) => (metadata.description = 'a'),
      ({ metadata }) => (metadata.description = 'b'),
      { pointer: '/metadata/description', mine: 'a', theirs: 'b' },
    ],
    [
      'a parameter',
      (document) => (document.parameters = { p: { type: 'string', default: 'a' } }),
      (document) => (document.parameters = { p: { type: 'number' } }),
      { pointer: '/parameters/p', mine: { type: 'string', default: 'a' }, theirs: { type: 'number' } },
    ],
  ])('of %s conflict, theirs stands, and mine can be taken', (_, mine, theirs, expected) => {
    const { document, conflicts } = merge(mine, theirs);
    expect(conflicts).toEqual([expected]);
    expect(document).toEqual(changed(theirs));
    expect(takeMine(document, conflicts[0]!)).toEqual(changed(mine));
  });

  test('of one position: mine', () => {
    const { document, conflicts } = merge(
      ({ layout }) => (layout!['in'] = { x: 1, y: 0 }),
      ({ layout }) => {
        layout!['in'] = { x: 0, y: 2 };
        layout!['out'] = { x: 5, y: 5 };
      },
    );
    expect(conflicts).toEqual([]);
    expect(document.layout).toEqual({ in: { x: 1, y: 0 }, out: { x: 5, y: 5 } });
  });

  test('a new module stands where its writer put it', () => {
    const { document } = merge(
      (mine) => {
        mine.modules = { in: mine.modules['in']!, mid: { type: 'debug.tap' }, out: mine.modules['out']! };
      },
      ({ modules }) => (modules['last'] = { type: 'debug.tap' }),
    );
    expect(Object.keys(document.modules)).toEqual(['in', 'mid', 'out', 'last']);
  });
});

/** The places below which two edits are merged, each with its value. */
function places(document: FlowDocument): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (value: unknown, pointer: string, depth: number): void => {
    found.set(pointer, value);
    if (depth > 0 && isRecord(value))
      for (const name of namesOf(value))
        visit(value[name], `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth - 1);
  };
  visit(document.metadata, '/metadata', 1);
  if (document.parameters !== undefined) visit(document.parameters, '/parameters', 2);
  visit(document.modules, '/modules', 3);
  return found;
}

describe('any two edits', () => {
  const chain = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) => (document: FlowDocument) => edits.reduce((now, change) => change(now), document));

  test('of which one is none give the other', () => {
    fc.assert(
      fc.property(flowDocument, chain, (start, change) => {
        const now = change(start);
        expect(mergeFlows(start, now, start)).toEqual({ document: now, conflicts: [] });
        expect(mergeFlows(start, start, now)).toEqual({ document: now, conflicts: [] });
        expect(mergeFlows(start, now, now)).toEqual({ document: now, conflicts: [] });
      }),
    );
  });

  test('that do not meet give the same whoever is asked', () => {
    fc.assert(
      fc.property(flowDocument, chain, chain, (start, one, other) => {
        const [a, b] = [one(start), other(start)];
        const ids = (now: FlowDocument): string[] =>
          [...new Set([...Object.keys(start.modules), ...Object.keys(now.modules)])].filter(
            (id) => !same(own(start.modules, id), own(now.modules, id)),
          );
        const touched = new Set(ids(a));
        if (ids(b).some((id) => touched.has(id))) return;
        const only = (now: FlowDocument): FlowDocument => ({ ...start, modules: now.modules });
        const merged = mergeFlows(start, only(a), only(b));
        expect(merged.conflicts).toEqual([]);
        expect(mergeFlows(start, only(b), only(a))).toEqual(merged);
        for (const id of ids(a)) expect(own(merged.document.modules, id)).toEqual(own(a.modules, id));
        for (const id of ids(b)) expect(own(merged.document.modules, id)).toEqual(own(b.modules, id));
      }),
    );
  });

  test('lose nothing that one changed, unless a conflict says so', () => {
    fc.assert(
      fc.property(flowDocument, chain, chain, (start, one, other) => {
        const [mine, theirs] = [one(start), other(start)];
        const { document, conflicts } = mergeFlows(start, mine, theirs);
        const told = (pointer: string): boolean =>
          conflicts.some(
            (conflict) =>
              pointer === conflict.pointer ||
              pointer.startsWith(`${conflict.pointer}/`) ||
              conflict.pointer.startsWith(`${pointer}/`),
          );
        const before = places(start);
        for (const now of [mine, theirs])
          for (const [pointer, value] of places(now)) {
            if (isRecord(value) && Object.keys(value).length > 0) continue;
            if (same(before.get(pointer), value) || told(pointer)) continue;
            const here = valueAt(document, pathOf(pointer));
            // An empty object gives way to one that the other filled.
            if (isRecord(value) && isRecord(here)) continue;
            expect([pointer, here]).toEqual([pointer, value]);
          }
        for (const { pointer, mine: wanted, theirs: held } of conflicts) {
          expect(same(wanted, held)).toBe(false);
          expect(valueAt(document, pathOf(pointer))).toEqual(held);
        }
      }),
      { numRuns: 300 },
    );
  });
});
