import { inTurn, orThrow } from './in-turn.js';

test('a few at a time, all of them, and failures are told', async () => {
  let [now, most] = [0, 0];
  const seen: number[] = [];
  const result = await inTurn(
    Array.from({ length: 40 }, (_, index) => index),
    async (item) => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      if (item % 10 === 3) throw new Error('gone');
    },
    (done) => seen.push(done),
  );
  expect(most).toBeLessThanOrEqual(6);
  expect(result.done).toBe(36);
  expect(seen.at(-1)).toBe(40);
  expect(() => orThrow(result, (item) => `node-${item}`)).toThrow('36 done. node-3: gone 3 more failed too.');
});

test('nothing to do is done', async () => {
  const result = await inTurn([], () => Promise.reject(new Error('never')));
  expect(() => orThrow(result, String)).not.toThrow();
});
