import { diffFlows, isSame } from '@millrace/flow';
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import { changesOf, laidOver, summaryOf } from './changes.js';

const flow = (modules: Record<string, FlowModule>, more: Partial<FlowDocument> = {}): FlowDocument => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  modules,
  ...more,
});
const model = (version: number) => `resource:wear@${version}#sha256:${String(version).padStart(64, '0')}`;
const before = flow(
  {
    a: { type: 'source.csv' },
    b: { type: 'clean.range', from: ['a'], settings: { min: 0, grid: { periodMs: 10 } } },
    gone: { type: 'clean.invalid', from: ['a'] },
    m: { type: 'model.onnx', from: ['b', 'gone'], settings: { model: model(3) } },
  },
  {
    layout: { a: { x: 1, y: 1 }, gone: { x: 5, y: 5 } },
    parameters: { speed: { type: 'number', default: 1 } },
  },
);
const after = flow(
  {
    a: { type: 'source.csv' },
    b: { type: 'clean.range', from: ['a'], settings: { min: 5, grid: { periodMs: 20 } } },
    fresh: { type: 'clean.invalid', from: ['b'] },
    m: { type: 'model.onnx', from: ['fresh', 'a'], settings: { model: model(4) } },
  },
  {
    layout: { a: { x: 9, y: 9 } },
    parameters: { speed: { type: 'number', default: 2 }, line: { type: 'integer', default: 3 } },
  },
);
const diffOf = (a: FlowDocument, b: FlowDocument) => {
  const diff = diffFlows(a, b);
  return { from: '1', to: '2', same: isSame(diff), ...diff };
};
const diff = diffOf(before, after);

describe('changes of a flow in words', () => {
  const groups = changesOf(diff, before, after);

  it('stand by module, parameters first and what is gone last', () => {
    expect(groups.map(({ id, mark }) => [id, mark])).toEqual([
      ['/parameters', 'changed'],
      ['b', 'changed'],
      ['fresh', 'added'],
      ['m', 'changed'],
      ['gone', 'removed'],
    ]);
    expect(summaryOf(groups)).toBe('1 added, 1 removed, 3 changed');
  });

  it('say both values of a setting, and a model by its versions', () => {
    const lines = (id: string) => groups.find((group) => group.id === id)!.lines;
    expect(lines('/parameters')).toEqual([
      { what: 'speed.default', before: '1', after: '2' },
      { what: 'line', after: 'integer, 3 by default' },
    ]);
    expect(lines('b')).toEqual([
      { what: 'min', before: '0', after: '5' },
      { what: 'grid.periodMs', before: '10', after: '20' },
    ]);
    expect(lines('m')).toEqual([
      { what: 'takes from', before: 'b, gone', after: 'fresh, a' },
      { what: 'model', says: 'wear goes from @3 to @4' },
    ]);
    expect(lines('fresh')).toEqual([{ what: 'added', says: 'takes from b' }]);
  });

  it('know nothing of where cards stand', () => {
    const moved = { ...before, layout: { a: { x: 100, y: 100 } } };
    const same = diffOf(before, moved);
    expect(changesOf(same, before, moved)).toEqual([]);
    expect(laidOver(same, before, moved).modules.size).toBe(0);
    expect(summaryOf([])).toBe('No change');
  });
});

describe('two graphs laid over each other', () => {
  const both = laidOver(diff, before, after);

  it('have all modules and wires of both, each with what became of it', () => {
    expect(Object.keys(both.document.modules)).toEqual(['a', 'b', 'fresh', 'm', 'gone']);
    expect(both.document.modules.m!.from).toEqual(['fresh', 'a', 'b', 'gone']);
    expect(Object.fromEntries(both.wires)).toEqual({
      'b.out>fresh': { mark: 'added' },
      'fresh.out>m': { mark: 'added' },
      'a.out>m': { mark: 'rewired' },
      'b.out>m': { mark: 'removed' },
      'gone.out>m': { mark: 'removed' },
      'a.out>gone': { mark: 'removed' },
    });
    expect(both.modules.get('m')).toEqual({ mark: 'changed', note: 'rewired, 1 setting changed' });
    expect(both.modules.get('gone')).toEqual({ mark: 'removed' });
  });

  it('stand where the newer one stands', () => {
    expect(both.document.layout).toEqual({ a: { x: 9, y: 9 }, gone: { x: 5, y: 5 } });
  });
});
