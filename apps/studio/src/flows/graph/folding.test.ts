import { CARD } from './look.js';
import { folded } from './folding.js';

const chain = (length: number) => ({
  modules: Object.fromEntries(
    Array.from({ length }, (_, index) => [
      `m${index}`,
      index === 0 ? { type: 'source.simulator' } : { type: 'clean.range', from: [`m${index - 1}`] },
    ]),
  ),
});
const linesOf = (layout: ReturnType<typeof folded>) => new Set(Object.values(layout).map(({ y }) => y)).size;

it('a short flow is one line, a long one as many as make it largest', () => {
  expect(linesOf(folded(chain(5), { width: 1_300, height: 300 }))).toBe(1);
  expect(linesOf(folded(chain(12), { width: 1_300, height: 500 }))).toBe(3);
  expect(folded({ modules: {} }, { width: 100, height: 100 })).toEqual({});
});

it('no module lies on another one', () => {
  const modules = {
    ...chain(9).modules,
    b: { type: 'source.simulator' },
    c: { type: 'source.simulator' },
    join: { type: 'align.rows', from: ['m0', 'b', 'c'] },
    up: { type: 'sink.file', from: ['join'] },
    also: { type: 'sink.file', from: ['join'] },
  };
  const places = Object.entries(folded({ modules }, { width: 1_000, height: 600 }));
  expect(places).toHaveLength(Object.keys(modules).length);
  for (const [id, one] of places) {
    for (const [other, { x, y }] of places) {
      const apart = Math.abs(one.x - x) >= CARD.width || Math.abs(one.y - y) >= CARD.height + CARD.live;
      if (id < other) expect([id, other, apart]).toEqual([id, other, true]);
    }
  }
});
