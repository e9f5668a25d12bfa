import { aligned, allSilent, BoundedSeries, silences, spread, usualDistance } from './series.js';

function seriesOf(points: readonly (readonly [number, number | null])[], most = 2_000): BoundedSeries {
  const series = new BoundedSeries();
  for (const [t, v] of points) series.add(t, v, t, most);
  return series;
}
const every = (ms: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => [from + index * ms, index] as const);

describe('a bounded series', () => {
  it('never has more than it may, evenly spaced from beginning to end', () => {
    const series = seriesOf(every(10, 0, 100_000), 2_000);
    expect(series.t.length).toBeLessThanOrEqual(2_000);
    expect(series.t.length).toBeGreaterThan(1_000);
    const distances = new Set(series.t.slice(1).map((t, index) => t - series.t[index]!));
    expect(distances.size).toBe(1);
    expect(series.t.at(-1)).toBeGreaterThan(990_000);
  });

  it('is in the order of time, with one value a time, whatever the order in which they come', () => {
    const series = seriesOf([[3, 3], [1, 1], [2, 2], [3, 30], [4, 4]]); // prettier-ignore
    expect(series.t).toEqual([1, 2, 3, 4]);
    expect(series.v).toEqual([1, 2, 30, 4]);
  });

  it('loses what came long ago, and becomes dense again', () => {
    const series = seriesOf(every(10, 0, 4_000), 1_000);
    series.leave(39_000, 1_000);
    expect(series.t[0]).toBeGreaterThanOrEqual(39_000);
    for (let more = 0; more < 4; more++) series.leave(39_000, 1_000);
    const before = series.t.length;
    for (const [t, v] of every(10, 40_000, 50)) series.add(t, v, t, 1_000);
    expect(series.t.length - before).toBeGreaterThanOrEqual(47);
  });

  it('is copied whole', () => {
    const series = seriesOf(every(10, 0, 5));
    const copy = series.copy();
    series.add(100, 1, 100, 2_000);
    expect(copy.t).toHaveLength(5);
    copy.leave(1_000, 2_000);
    expect([copy.t.length, series.t.length]).toEqual([0, 6]);
  });
});

describe('silence', () => {
  it('is more than five seconds, or twice the usual distance', () => {
    const fast = seriesOf([...every(1_000, 0, 10), ...every(1_000, 14_100, 10), ...every(1_000, 28_000, 5)]);
    expect(silences(fast)).toEqual([{ from: 9_000, to: 14_100 }]);
    const slow = seriesOf([...every(60_000, 0, 10), [719_000, 1], [780_000, 1]]);
    expect(usualDistance(slow)).toBe(60_000);
    expect(silences(slow)).toEqual([{ from: 540_000, to: 719_000 }]);
  });

  it('goes on until now', () => {
    const series = seriesOf(every(1_000, 0, 10));
    expect(silences(series, 5_000)).toEqual([]);
    expect(silences(series, 8_000)).toEqual([{ from: 9_000, to: 17_000 }]);
  });

  it('of all is where each is silent', () => {
    const common = allSilent([
      [{ from: 0, to: 10 }, { from: 20, to: 40 }],
      [{ from: 5, to: 25 }, { from: 30, to: 31 }],
    ]); // prettier-ignore
    expect(common).toEqual([{ from: 5, to: 10 }, { from: 20, to: 25 }, { from: 30, to: 31 }]); // prettier-ignore
    expect(allSilent([])).toEqual([]);
  });
});

describe('on one axis', () => {
  it('a series says nothing where only another has a point, and its gaps are gaps', () => {
    const one = seriesOf([[0, 1], [1_000, 2], [2_000, null], [10_000, 3]]); // prettier-ignore
    const other = seriesOf([[500, 5]]);
    expect(aligned([one, other])).toEqual({
      t: [0, 500, 1_000, 2_000, 6_000, 10_000],
      values: [
        [1, undefined, 2, null, null, 3],
        [undefined, 5, undefined, undefined, undefined, undefined],
      ],
    });
  });

  it('the axis is the span, and holds only what lies in it', () => {
    const { t, values } = aligned([seriesOf(every(1_000, 0, 5))], { from: 1_500, to: 5_500 });
    expect(t).toEqual([1_500, 2_000, 3_000, 4_000, 5_500]);
    expect(values).toEqual([[undefined, 2, 3, 4, undefined]]);
  });
});

it('spreads evenly, with both ends', () => {
  const items = Array.from({ length: 101 }, (_, index) => index);
  expect(spread(items, 5)).toEqual([0, 25, 50, 75, 100]);
  expect(spread(items.slice(0, 3), 5)).toEqual([0, 1, 2]);
});
