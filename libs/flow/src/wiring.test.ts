import * as fc from 'fast-check';
import { z } from 'zod';
import type { FlowDocument } from '@millrace/schemas';
import {
  anyColumns,
  catalogueOf,
  checkFlow,
  columnsOf,
  connect,
  defineKind,
  flowColumns,
  mayConnect,
  mergeColumns,
  portsOf,
  readFlow,
  targetsFrom,
  withColumns,
} from './index.js';

const about = { title: 'A title', summary: 'A line.', docs: 'Docs.' };
const kinds = catalogueOf([
  defineKind({
    ...about,
    type: 'source.list',
    category: 'source',
    sharing: 'shared',
    settings: z.object({ fields: z.record(z.string(), z.enum(['number', 'string', 'vector'])).optional() }),
    inputs: 'none',
    outputs: ['out'],
    example: { settings: {} },
    columns: ({ fields }) => (fields === undefined ? anyColumns : columnsOf(fields)),
  }),
  defineKind({
    ...about,
    type: 'clean.range',
    category: 'clean',
    settings: z.object({ field: z.string(), min: z.number().optional() }),
    inputs: 'many',
    outputs: ['out', 'late'],
    example: { settings: { field: 'x' } },
    reads: ({ field }) => [{ pointer: '/field', field, types: ['number'] }],
    columns: (_, inputs) => ({
      ports: {
        out: withColumns(mergeColumns(inputs), { ok: 'boolean' }),
        late: columnsOf({ late: 'number' }),
      },
    }),
  }),
  defineKind({
    ...about,
    type: 'map.one',
    category: 'map',
    settings: z.object({}),
    inputs: 'one',
    outputs: ['out'],
    example: { settings: {} },
  }),
  defineKind({
    ...about,
    type: 'sink.file',
    category: 'sink',
    settings: z.object({}),
    inputs: 'many',
    outputs: [],
    example: { settings: {} },
  }),
]);

function flow(modules: string): FlowDocument {
  const { document, problems } = readFlow(
    `apiVersion: millrace/v1\nkind: Flow\nmetadata: { name: a }\nparameters: { least: { type: number } }\nmodules:\n${modules}`,
  );
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return document;
}

const document = flow(`
  in: { type: source.list, settings: { fields: { x: number, name: string } } }
  text: { type: source.list, settings: { fields: { x: string } } }
  other: { type: source.list, settings: { fields: { z: number } } }
  any: { type: source.list }
  low: { type: clean.range, from: [in], settings: { field: x, min: "\${least}" } }
  new: { type: clean.range }
  free: { type: clean.range, settings: { field: x } }
  one: { type: map.one, from: [low] }
  end: { type: sink.file, from: [low.late] }
  strange: { type: not.known }
`);

const answer = (from: string, to: string): string => {
  const [module = '', port = 'out'] = from.split('.');
  const fit = mayConnect(document, kinds, { module, port }, { module: to });
  return fit.ok ? (fit.warning ?? 'yes') : `no: ${fit.why}`;
};

describe('a wire', () => {
  test.each<[string, string, string]>([
    ['in', 'free', 'yes'],
    ['in', 'new', 'yes'],
    ['in', 'end', 'yes'],
    ['any', 'free', 'yes'],
    ['in', 'strange', 'yes'],
    ['strange', 'free', 'yes'],
    ['low.late', 'one', 'no: one (map.one) takes one wire, and has one.'],
    ['in', 'low', 'no: in.out already leads to low.'],
    ['low', 'text', 'no: text is a source (source.list) and takes no wire.'],
    ['low', 'low', 'no: low cannot feed itself.'],
    ['one', 'low', 'no: low comes before one: the wires would form a cycle.'],
    ['end', 'free', 'no: end is a sink (sink.file), and nothing leaves it.'],
    ['low.oops', 'free', 'no: low (clean.range) has no port "oops"; it has out, late.'],
    ['low.error', 'free', 'no: low has a port error only with onError: port.'],
    ['gone', 'free', 'no: There is no module "gone".'],
    ['in', 'gone', 'no: There is no module "gone".'],
    ['text', 'free', 'no: "x" is a string where it arrives, and a number is needed.'],
    ['other', 'free', 'No record that arrives has the field "x": there is z.'],
    ['other', 'low', 'yes'],
  ])('from %s to %s', (from, to, expected) => expect(answer(from, to)).toContain(expected));

  test('is answered for all modules at once as for each', () => {
    for (const module of Object.keys(document.modules)) {
      const all = targetsFrom(document, kinds, { module, port: 'out' });
      expect([...all.keys()]).toEqual(Object.keys(document.modules));
      for (const [to, fit] of all)
        expect(mayConnect(document, kinds, { module, port: 'out' }, { module: to })).toEqual(fit);
    }
  });

  test('that may be never makes a problem of wires, and one that may not always makes one', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const types = fc.constantFrom('source.list', 'clean.range', 'map.one', 'sink.file');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(types, fc.subarray(['a', 'b', 'b.late', 'c', 'd'])), {
          minLength: 5,
          maxLength: 5,
        }),
        fc.constantFrom(...ids),
        fc.constantFrom('out', 'late', 'error'),
        (modules, module, port) => {
          const start: FlowDocument = {
            ...document,
            modules: Object.fromEntries(
              modules.map(([type, from], index) => [ids[index] as string, { type, from }]),
            ),
          };
          const problems = (of: FlowDocument): string[] =>
            checkFlow(of, kinds)
              .filter(
                ({ code, pointer }) => code === 'flows.cycle' || (code === 'flows.wire' && pointer !== ''),
              )
              .map(({ detail }) => detail);
          // Flows that are sound so far: in others every wire is at least as bad.
          if (problems(start).length > 0) return;
          for (const [to, fit] of targetsFrom(start, kinds, { module, port })) {
            const double = start.modules[to]?.from?.includes(port === 'out' ? module : `${module}.${port}`);
            if (double === true) expect(fit.ok).toBe(false);
            else
              expect([to, problems(connect(start, { module, port }, { module: to })).length === 0]).toEqual([
                to,
                fit.ok,
              ]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('the columns that are known leave by each port', () => {
  const { leaving, arriving } = flowColumns(document, kinds);
  const names = (columns: { fields: ReadonlyMap<string, unknown> } | undefined): string[] => [
    ...(columns?.fields.keys() ?? []),
  ];
  expect(names(leaving.get('in')?.get('out'))).toEqual(['x', 'name']);
  expect(leaving.get('in')?.get('out')?.fields.get('x')).toEqual({ type: 'number' });
  expect(names(leaving.get('low')?.get('out'))).toEqual(['x', 'name', 'ok']);
  expect(names(leaving.get('low')?.get('late'))).toEqual(['late']);
  expect(names(arriving.get('one'))).toEqual(['x', 'name', 'ok']);
  expect(arriving.get('free')).toEqual(anyColumns);
  // Also at a module whose settings are not whole yet.
  const wired = connect(document, { module: 'in', port: 'out' }, { module: 'new' });
  expect(names(flowColumns(wired, kinds).arriving.get('new'))).toEqual(['x', 'name']);
});

test('a module has the ports of its kind, and error where it asks for it', () => {
  expect(portsOf(document, kinds, 'low')).toEqual(['out', 'late']);
  expect(portsOf(document, kinds, 'end')).toEqual([]);
  const asked = { ...document, modules: { low: { type: 'clean.range', onError: 'port' as const } } };
  expect(portsOf(asked, kinds, 'low')).toEqual(['out', 'late', 'error']);
});
