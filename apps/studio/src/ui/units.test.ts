import { bytes, duration, many, rate, reduction, short, value } from './units.js';

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 kB'],
    [84_321, '84.3 kB'],
    [999_700, '1 MB'],
    [5e15, '5,000 TB'],
  ])('%d bytes are %s', (given, said) => expect(bytes(given)).toBe(said));

  it.each([
    [0, '0 ms'],
    [41.04, '41 ms'],
    [999.6, '1 s'],
    [59_960, '1 min'],
    [3_600_000, '1 h'],
    [172_800_000, '2 d'],
  ])('%d ms are %s', (given, said) => expect(duration(given)).toBe(said));

  it('does not hide a small value behind zeros', () => {
    expect(value(0.00001234)).toBe('1.23e-5');
    expect(value(12.5)).toBe('12.5');
    expect(value(100)).toBe('100');
    expect(value(null)).toBe('–');
    expect(short(Number.NaN)).toBe('–');
  });

  it('says one and many, and what is not known', () => {
    expect(many(1, 'node')).toBe('1 node');
    expect(many(0, 'node')).toBe('0 nodes');
    expect(rate(null)).toBe('no figure yet');
    expect(reduction(1_200, 10)).toBe('120 times smaller');
    expect(reduction(0, 10)).toBeUndefined();
  });
});
