import * as fc from 'fast-check';
import { z } from 'zod';
import type { FlowDocument } from '@millrace/schemas';
import { edit, flowDocument, id } from '../../../test/kit/documents.js';
import {
  addModule,
  catalogueOf,
  connect,
  copyModules,
  defineKind,
  disconnect,
  graphOf,
  pasteModules,
  readFlowValue,
  removeModules,
  renameModule,
  setModule,
  setPosition,
  setSetting,
  setSettings,
  wireFrom,
} from './index.js';

const kinds = catalogueOf([
  defineKind({
    type: 'clean.range',
    category: 'clean',
    title: 'A title',
    summary: 'A line.',
    docs: 'Docs.',
    settings: z.object({ field: z.string() }),
    inputs: 'many',
    outputs: ['out', 'late'],
    example: { settings: { field: 'x' } },
  }),
]);
const flow: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  modules: {
    imu: { type: 'source.csv' },
    clean: { type: 'clean.range', from: ['imu'], settings: { field: 'x' } },
    rows: {
      type: 'align.rows',
      from: ['clean', 'clean.late', 'imu'],
      settings: {
        columns: [
          { name: 'imu.x', from: 'imu.x' },
          { name: 'b', from: 'imu' },
        ],
        note: 'imu.x',
      },
    },
  },
  layout: { imu: { x: 0, y: 0 }, clean: { x: 1, y: 2 } },
};

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
freeze(flow);

describe('edits', () => {
  test('a new module has a free id after its type', () => {
    const once = addModule(flow, 'clean.range', { x: 5, y: 6 }, kinds);
    expect(once.id).toBe('range');
    expect(once.document.modules['range']).toEqual({ type: 'clean.range' });
    expect(once.document.layout?.['range']).toEqual({ x: 5, y: 6 });
    expect(once.document.modules['rows']).toBe(flow.modules['rows']);
    expect(addModule(once.document, 'clean.range', { x: 0, y: 0 }, kinds).id).toBe('range2');
    expect(() => addModule(flow, 'clean.rnge', { x: 0, y: 0 }, kinds)).toThrow(
      'There is no module type "clean.rnge". Did you mean "clean.range"?',
    );
  });

  test('a removed module takes its wires and its position along', () => {
    const document = removeModules(flow, ['imu', 'gone']);
    expect(Object.keys(document.modules)).toEqual(['clean', 'rows']);
    expect(document.modules['clean']).toEqual({ type: 'clean.range', settings: { field: 'x' } });
    expect(document.modules['rows']?.from).toEqual(['clean', 'clean.late']);
    expect(document.layout).toEqual({ clean: { x: 1, y: 2 } });
    expect(removeModules(flow, ['gone'])).toBe(flow);
  });

  test('a renamed module keeps its place, wires and position, also in settings that name it', () => {
    const document = renameModule(flow, 'imu', 'motion');
    expect(Object.keys(document.modules)).toEqual(['motion', 'clean', 'rows']);
    expect(document.modules['clean']?.from).toEqual(['motion']);
    expect(document.modules['rows']).toEqual({
      type: 'align.rows',
      from: ['clean', 'clean.late', 'motion'],
      settings: {
        columns: [
          { name: 'imu.x', from: 'motion.x' },
          { name: 'b', from: 'imu' },
        ],
        note: 'imu.x',
      },
    });
    expect(document.layout).toEqual({ motion: { x: 0, y: 0 }, clean: { x: 1, y: 2 } });
    expect(renameModule(flow, 'clean', 'c').modules['rows']?.from).toEqual(['c', 'c.late', 'imu']);
    expect(() => renameModule(flow, 'imu', 'clean')).toThrow('There is a module "clean" already.');
    expect(() => renameModule(flow, 'imu', 'Motor 1')).toThrow('"Motor 1" is no id of a module');
    expect(renameModule(flow, 'gone', 'x')).toBe(flow);
  });

  test('wires come and go', () => {
    const wired = connect(flow, { module: 'clean', port: 'late' }, { module: 'clean' });
    expect(wired.modules['clean']?.from).toEqual(['imu', 'clean.late']);
    expect(connect(flow, { module: 'imu', port: 'out' }, { module: 'rows' })).toBe(flow);
    expect(connect(flow, { module: 'imu', port: 'out' }, { module: 'imu' }).modules['imu']?.from).toEqual([
      'imu',
    ]);
    expect(disconnect(wired, { module: 'clean', port: 'late' }, { module: 'clean' })).toEqual(flow);
    expect(disconnect(flow, { module: 'imu', port: 'out' }, { module: 'clean' }).modules['clean']).toEqual({
      type: 'clean.range',
      settings: { field: 'x' },
    });
    expect(disconnect(flow, { module: 'imu', port: 'late' }, { module: 'clean' })).toBe(flow);
  });

  test('settings, at once and one by one', () => {
    expect(setSettings(flow, 'clean', { field: 'y' }).modules['clean']?.settings).toEqual({ field: 'y' });
    expect(setSettings(flow, 'clean', {}).modules['clean']).toEqual({ type: 'clean.range', from: ['imu'] });
    expect(setSettings(flow, 'clean', { field: 'x' })).toBe(flow);
    const columns = (document: FlowDocument): unknown => document.modules['rows']?.settings?.['columns'];
    expect(columns(setSetting(flow, 'rows', '/columns/1/name', 'c'))).toEqual([
      { name: 'imu.x', from: 'imu.x' },
      { name: 'c', from: 'imu' },
    ]);
    expect(columns(setSetting(flow, 'rows', '/columns/0', undefined))).toEqual([{ name: 'b', from: 'imu' }]);
    expect(setSetting(flow, 'imu', '/a/b', 1).modules['imu']?.settings).toEqual({ a: { b: 1 } });
    expect(setSetting(flow, 'clean', '/field', undefined).modules['clean']?.settings).toBeUndefined();
    expect(setModule(flow, 'clean', { onError: 'port' }).modules['clean']?.onError).toBe('port');
    expect(setModule(flow, 'clean', { onError: undefined })).toBe(flow);
    expect(setPosition(flow, 'clean', { x: 1, y: 2 })).toBe(flow);
    expect(setPosition(flow, 'gone', { x: 1, y: 2 })).toBe(flow);
    expect(setPosition(flow, 'rows', { x: 1, y: 2 }).layout?.['rows']).toEqual({ x: 1, y: 2 });
  });
});

describe('copy and paste', () => {
  test('gives new ids, keeps the wires inside and drops those from outside', () => {
    const { document, ids } = pasteModules(flow, copyModules(flow, ['clean', 'rows']), { x: 10, y: 10 });
    expect(ids).toEqual(['clean2', 'rows2']);
    expect(document.modules['clean2']).toEqual({ type: 'clean.range', settings: { field: 'x' } });
    expect(document.modules['rows2']?.from).toEqual(['clean2', 'clean2.late']);
    expect(document.layout?.['clean2']).toEqual({ x: 11, y: 12 });
    expect(document.modules['clean']).toBe(flow.modules['clean']);
  });

  test.each<[string, string, string]>([
    ['another text', 'hello', 'What was pasted is no part of a flow.'],
    ['other JSON', '{"modules": {}}', 'What was pasted is no part of a flow.'],
    ['a list', '[1]', 'What was pasted is no part of a flow.'],
    ['a later edition', '{"millrace/flow-fragment": 2}', 'comes from another edition'],
    ['no modules', '{"millrace/flow-fragment": 1}', '"modules" is missing'],
    [
      'a broken module',
      '{"millrace/flow-fragment": 1, "modules": {"a": {"type": 3}}}',
      '"modules.a.type" must be a text, and 3 is not.',
    ],
    [
      'a name of the language',
      '{"millrace/flow-fragment": 1, "modules": {"__proto__": {"type": "a"}}}',
      'The name "__proto__" is not allowed.',
    ],
    ['too much', ' '.repeat(5_000_000), 'larger than a flow may be'],
  ])('refuses %s', (_, text, sentence) => {
    expect(() => pasteModules(flow, text, { x: 0, y: 0 })).toThrow(sentence);
  });

  test('an id that none may have becomes one', () => {
    const text = '{"millrace/flow-fragment": 1, "modules": {"Motor 1": {"type": "a"}, "9": {"type": "b"}}}';
    expect(pasteModules(flow, text, { x: 0, y: 0 }).ids.toSorted()).toEqual(['module', 'module2']);
  });
});

describe('any flow', () => {
  test('stays as it was, and gives a flow', () => {
    fc.assert(
      fc.property(flowDocument, edit, id, id, (document, change, one, other) => {
        const before = JSON.stringify(freeze(document));
        const results = [
          removeModules(document, [one]),
          Object.hasOwn(document.modules, other) ? document : renameModule(document, one, other),
          connect(document, { module: one, port: 'out' }, { module: other }),
          disconnect(document, { module: one, port: 'out' }, { module: other }),
          setSettings(document, one, { a: 1 }),
          pasteModules(document, copyModules(change(document), [one, other]), { x: 1, y: 1 }).document,
        ];
        expect(JSON.stringify(document)).toBe(before);
        for (const result of results) expect(readFlowValue(result).problems).toEqual([]);
        const [without, renamed] = results as [FlowDocument, FlowDocument];
        if (Object.hasOwn(document.modules, one))
          expect(graphOf(without).wires.filter((wire) => wire.from === one || wire.to === one)).toEqual([]);
        if (renamed !== document)
          expect(graphOf(renamed).wires.map((wire) => [wire.from, wire.to])).toEqual(
            graphOf(document).wires.map((wire) =>
              [wire.from, wire.to].map((name) => (name === one ? other : name)),
            ),
          );
      }),
      { numRuns: 200 },
    );
  });

  test('pasted whole is a second one beside it', () => {
    fc.assert(
      fc.property(flowDocument, (document) => {
        const all = Object.keys(document.modules);
        const pasted = pasteModules(document, copyModules(document, all), { x: 0, y: 0 });
        const names = new Map(all.map((name, index) => [name, pasted.ids[index] as string]));
        const inside = graphOf(document).wires.filter((wire) => names.has(wire.from));
        const copies = graphOf(pasted.document).wires.filter((wire) => pasted.ids.includes(wire.to));
        expect(copies.map(({ from, port, to }) => [from, port, to])).toEqual(
          inside.map(({ from, port, to }) => [names.get(from), port, names.get(to)]),
        );
        expect(new Set(pasted.ids).size).toBe(all.length);
        expect(copies.every(({ from }) => wireFrom(from).from === from)).toBe(true);
      }),
    );
  });
});
