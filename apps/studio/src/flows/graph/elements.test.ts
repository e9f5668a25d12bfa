import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import { nodesOf, wiresOf } from './elements.js';
import { placesOf } from './places.js';

const flow: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'a' },
  modules: {
    a: { type: 'source.csv', settings: { file: 'x.csv' } },
    b: { type: 'route.alert', from: ['a', 'nowhere'], settings: { when: 'x > 1' } },
  },
};
const shown = (document: FlowDocument, selected: string[] = []) => ({
  document,
  catalogue: kinds,
  places: placesOf(document),
  selected: new Set(selected),
  overlays: undefined,
});

describe('elements of the canvas', () => {
  it('are the same objects as long as nothing changed', () => {
    const first = nodesOf([], shown(flow));
    expect(nodesOf(first, shown(flow))).toBe(first);
    const edges = wiresOf([], flow, undefined, new Set());
    expect(wiresOf(edges, { ...flow }, undefined, new Set())).toBe(edges);
  });

  it('change alone', () => {
    const first = nodesOf([], shown(flow));
    const b = { ...flow.modules['b']!, settings: { when: 'x > 2' } };
    const next = nodesOf(first, shown({ ...flow, modules: { ...flow.modules, b } }, ['a']));
    expect(next[0]).toMatchObject({ id: 'a', selected: true, data: first[0]!.data });
    expect(next[0]!.data).toBe(first[0]!.data);
    expect(next[1]!.data.line).toBe('x > 2');
  });

  it('leave a card that is dragged where the hand has it', () => {
    const first = nodesOf([], shown(flow)).map((node) => ({
      ...node,
      position: { x: 7, y: 7 },
      dragging: true,
    }));
    expect(nodesOf(first, shown(flow, ['b']))[1]!.position).toEqual({ x: 7, y: 7 });
  });

  it('have no wire without a beginning, and say marks and problems in words', () => {
    const edges = wiresOf(
      [],
      flow,
      new Map([['a.out>b', { label: '12/s', mark: 'added' as const }]]),
      new Set(),
    );
    expect(edges.map(({ id, ariaLabel }) => [id, ariaLabel])).toEqual([
      ['a.out>b', 'Wire from a to b, 12/s'],
    ]);
    const overlays = new Map([['b', { problems: 2, mark: 'changed' as const }]]);
    expect(nodesOf([], { ...shown(flow), overlays })[1]!.ariaLabel).toContain('changed, 2 problems');
  });
});
