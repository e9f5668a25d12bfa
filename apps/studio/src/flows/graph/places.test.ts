import type { FlowModule } from '@millrace/schemas';
import { CARD } from './look.js';
import { freeNear, isUnplaced, placesOf, type Places } from './places.js';

const chain = (count: number, wide: number): Record<string, FlowModule> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `m${i}`,
      i < wide ? { type: 'source.csv' } : { type: 'map.set', from: [`m${i - wide}`] },
    ]),
  );

function overlaps(places: Places): string[] {
  const all = [...places];
  return all.flatMap(([a, p], i) =>
    all
      .slice(i + 1)
      .filter(([, q]) => Math.abs(p.x - q.x) < CARD.width && Math.abs(p.y - q.y) < CARD.height)
      .map(([b]) => `${a}/${b}`),
  );
}

describe('places of modules', () => {
  it('are left to right, and never on each other', () => {
    const places = placesOf({ modules: chain(500, 20) });
    expect(places.size).toBe(500);
    expect(overlaps(places)).toEqual([]);
    expect(places.get('m20')!.x).toBeGreaterThan(places.get('m0')!.x);
  });

  it('keep what a person placed, and fill the rest beside it', () => {
    const modules = chain(6, 2);
    const places = placesOf({ modules, layout: { m0: { x: 40, y: 300 }, m2: { x: 296, y: 300 } } });
    expect(places.get('m0')).toEqual({ x: 40, y: 300 });
    expect(places.get('m4')).toEqual({ x: 552, y: 300 });
    expect(overlaps(places)).toEqual([]);
  });

  it('do not need an order: a cycle and a wire from nowhere have places too', () => {
    const modules = {
      a: { type: 'map.set', from: ['b'] },
      b: { type: 'map.set', from: ['a', 'nowhere'] },
    };
    const places = placesOf({ modules });
    expect(places.size).toBe(2);
    expect(overlaps(places)).toEqual([]);
  });

  it('of something new is free', () => {
    const places = placesOf({ modules: chain(40, 8) });
    const place = freeNear(places, places.get('m3')!);
    expect(overlaps(new Map([...places, ['new', place]]))).toEqual([]);
  });

  it('know whether anybody placed anything', () => {
    expect(isUnplaced({ modules: chain(2, 1) })).toBe(true);
    expect(isUnplaced({ modules: chain(2, 1), layout: { m1: { x: 0, y: 0 } } })).toBe(false);
  });
});
