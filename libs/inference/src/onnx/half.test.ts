import { fromHalf, toHalf } from './half.mjs';

test('every float16 comes back as itself', () => {
  for (let half = 0; half < 0x10000; half++) {
    const value = fromHalf(half);
    if (Number.isNaN(value)) expect(toHalf(value) & 0x7c00).toBe(0x7c00);
    else if (toHalf(value) !== half) throw new Error(`${half} became ${toHalf(value)}`);
  }
});

test('what lies between goes to the nearest, ties to even', () => {
  for (let half = 0; half < 0x7bff; half++) {
    const [low, high] = [fromHalf(half), fromHalf(half + 1)];
    const middle = (low + high) / 2;
    const even = half % 2 === 0 ? half : half + 1;
    if (toHalf(middle) !== even) throw new Error(`the middle above ${half} became ${toHalf(middle)}`);
    if (toHalf((low + middle) / 2) !== half) throw new Error(`just above ${half}`);
    if (toHalf(-(high + middle) / 2) !== (0x8000 | (half + 1))) throw new Error(`just below ${half + 1}`);
  }
  expect([65519, 65520, -1e10].map(toHalf)).toEqual([0x7bff, 0x7c00, 0xfc00]);
});
