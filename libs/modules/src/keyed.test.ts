import * as fc from 'fast-check';
import { deserialize, serialize } from 'node:v8';
import { Keyed } from './keyed.js';

const MAX = 4;
const steps = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.record({ get: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.constant({ restart: true }) },
  ),
  { maxLength: 200 },
);

test('the least recently used key goes, over restarts too, as in a plain list', () =>
  fc.assert(
    fc.property(steps, (all) => {
      let evicted = 0;
      const make = () =>
        new Keyed<{ n: number }>({ keyBy: 'id', maxKeys: MAX }, { count: () => void evicted++ }, () => ({
          n: 0,
        }));
      let keyed = make();
      // Oldest use first, and what each key has counted.
      const uses: number[] = [];
      const counts = new Map<number, number>();
      let gone = 0;
      const forget = (key: number) => {
        if (counts.delete(key)) gone++;
        if (uses.includes(key)) uses.splice(uses.indexOf(key), 1);
      };
      for (const step of all) {
        if ('get' in step) {
          if (!counts.has(step.get) && counts.size === MAX) forget(uses[0]);
          if (uses.includes(step.get)) uses.splice(uses.indexOf(step.get), 1);
          uses.push(step.get);
          counts.set(step.get, (counts.get(step.get) ?? 0) + 1);
          expect(++keyed.get(step.get).n).toBe(counts.get(step.get));
        } else if ('forget' in step) {
          keyed.forget(step.forget);
          forget(step.forget);
        } else {
          const saved: unknown = deserialize(serialize(keyed.save(({ n }) => n)));
          keyed = make();
          keyed.load(saved, (n: number) => ({ n }));
        }
        expect([...keyed].map(([key, { n }]) => [key, n])).toEqual([...counts]);
        expect(evicted).toBe(gone);
      }
    }),
  ));
