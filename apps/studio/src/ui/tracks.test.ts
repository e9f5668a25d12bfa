import { leastWidth } from './tracks.js';

it('a list is as wide as its columns need, with what is between them', () => {
  expect(leastWidth([])).toBe(24);
  expect(leastWidth(['120px'])).toBe(144);
  expect(leastWidth(['minmax(96px, 1.4fr)', '1fr', '32px'])).toBe(24 + 24 + 96 + 32);
});
