import { byMinute, gained, MINUTE_MS } from './minutes.js';
import { gainOf, isFailing, type Counted } from './standing.js';

const counted = (at: number, records: number, startedAt = 0): Counted => ({
  at,
  startedAt,
  records,
  errors: records / 10,
  bytesIn: records * 8,
  bytesOut: records * 2,
});

describe('what came between two looks', () => {
  it('is the difference while the process lives', () => {
    expect(gainOf(counted(1_000, 100), counted(2_000, 160), 9_000)).toEqual({
      records: 60,
      errors: 6,
      bytesIn: 480,
      bytesOut: 120,
      from: 1_000,
    });
  });

  it('counts from the start of a process that began anew', () => {
    const [before, now] = [counted(1_000_000, 100, 5), counted(1_030_000, 20, 7)];
    expect(gainOf(before, now, 10_000)).toMatchObject({ records: 20, from: 1_020_000 });
    // By another clock it began before the last look: what was there then was counted then.
    expect(gainOf(before, now, 90_000)).toMatchObject({ from: 1_000_000 });
  });

  it('is nothing when it is older than what was counted', () => {
    expect(gainOf(counted(1_000, 100), counted(2_000, 90), 0)).toBeNull();
    expect(gainOf(counted(1_000, 100), counted(1_000, 110), 0)).toBeNull();
  });

  it('is everything since the start when nothing was heard before', () => {
    expect(gainOf(null, counted(1_000_000, 50), 10_000)).toMatchObject({ records: 50, from: 990_000 });
  });

  it('lies evenly over its minutes and sums up to itself', () => {
    const gain = { records: 90, errors: 9, bytesIn: 900, bytesOut: 180 };
    const parts = byMinute(MINUTE_MS * 10 + 30_000, MINUTE_MS * 12, gain);
    expect(parts.map(({ minute, records }) => [minute, records])).toEqual([
      [10, 30],
      [11, 60],
      [12, 0],
    ]);
    for (const name of gained)
      expect(parts.reduce((sum, part) => sum + part[name], 0)).toBeCloseTo(gain[name]);
  });

  it('shows no more than an hour of a long time, at the rate of the whole', () => {
    const parts = byMinute(0, MINUTE_MS * 600, { records: 600, errors: 0, bytesIn: 0, bytesOut: 0 });
    expect(parts).toHaveLength(60);
    expect(parts[30]).toMatchObject({ minute: 571, records: 1 });
  });

  it('is told whole when no time has passed, or the clock stepped back', () => {
    const gain = { records: 5, errors: 0, bytesIn: 0, bytesOut: 0 };
    expect(byMinute(MINUTE_MS, MINUTE_MS, gain)).toMatchObject([{ minute: 1, records: 5 }]);
    const parts = byMinute(3 * MINUTE_MS, MINUTE_MS, gain);
    expect(parts.reduce((sum, part) => sum + part.records, 0)).toBe(5);
  });
});

it('a reason that only says wait is no failure', () => {
  const of = (code: 'OFFLINE' | 'CRASHED') => isFailing({ reason: { code, detail: '' } });
  expect([of('OFFLINE'), of('CRASHED'), isFailing({ reason: null })]).toEqual([false, true, false]);
});
