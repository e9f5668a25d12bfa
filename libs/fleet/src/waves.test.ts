import * as fc from 'fast-check';
import { nodeSubject } from './selector.js';
import { fullStrategy } from './strategy.js';
import { breachOf, gateOf, planWaves, type Candidate, type WaveTarget } from './waves.js';

const node = (id: string, online = true, labels: Record<string, string> = {}): Candidate => ({
  node: id,
  online,
  ...nodeSubject({ labels, facts: null }),
});
const nodes = (count: number): Candidate[] =>
  Array.from({ length: count }, (_, i) => node(`n${String(i).padStart(3, '0')}`));
const sizes = (waves: (number | string)[], count: number): number[] =>
  planWaves({ waves }, nodes(count)).map((wave) => wave.length);

const target = (change: Partial<WaveTarget> = {}): WaveTarget => ({
  node: 'n',
  wave: 1,
  online: true,
  progress: 'offered',
  outcome: null,
  runningSince: null,
  ...change,
});
const ran = (since: number): WaveTarget =>
  target({ progress: 'running', outcome: 'succeeded', runningSince: since });
const broke = (change: Partial<WaveTarget> = {}): WaveTarget => target({ outcome: 'rolled-back', ...change });
const strategy = (gate: Parameters<typeof fullStrategy>[0]) => fullStrategy(gate);

describe('waves', () => {
  it.each<[(number | string)[], number, number[]]>([
    [[1, '100%'], 3, [1, 2]],
    [[1, '10%', '100%'], 50, [1, 4, 45]],
    [[1, '10%', '100%'], 3, [1, 2]],
    [[1], 1, [1]],
    [[1], 4, [1, 3]],
    [['50%', 1, '100%'], 4, [2, 2]],
    [['33.334%', '66.667%'], 3, [2, 1]],
    [['10%'], 10, [1, 9]],
    [[1, '100%'], 0, []],
    [[500], 3, [3]],
  ])('%j of %i nodes are %j', (waves, count, expected) => {
    expect(sizes(waves, count)).toEqual(expected);
  });

  it('begin with nodes that are online, else by id, and may be chosen by label', () => {
    const all = [node('c', true, { canary: 'yes' }), node('a', false), node('b'), node('d')];
    expect(planWaves({ waves: [1, '100%'] }, all)).toEqual([['b'], ['c', 'd', 'a']]);
    expect(planWaves({ waves: [{ selector: 'canary==yes' }, '50%'] }, all)).toEqual([
      ['c'],
      ['b'],
      ['d', 'a'],
    ]);
  });

  it('hold every node once, whatever the strategy and the order', () => {
    const wave = fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 100 }).map((p) => `${p}%`),
    );
    fc.assert(
      fc.property(fc.array(wave, { minLength: 1 }), fc.nat(30), fc.integer(), (waves, count, seed) => {
        const all = nodes(count);
        const planned = planWaves({ waves }, all);
        expect(planned.flat().sort()).toEqual(all.map((one) => one.node).sort());
        const shuffled = all
          .map((one, i) => ({ one, key: (i * 7919 + seed) % 31 }))
          .sort((a, b) => a.key - b.key);
        expect(
          planWaves(
            { waves },
            shuffled.map(({ one }) => one),
          ),
        ).toEqual(planned);
      }),
    );
  });
});

describe('a gate', () => {
  const after = strategy({ gate: { runningForMs: 1_000 } });

  it('opens at exactly the time that it asks for', () => {
    expect(gateOf(after, [ran(500)], 1, 1_499)).toEqual({
      gate: 'closed',
      says: expect.any(String),
      until: 1_500,
    });
    expect(gateOf(after, [ran(500)], 1, 1_500)).toEqual({ gate: 'open' });
  });

  it('opens at exactly the share that it asks for', () => {
    for (const [share, of, needed] of [
      [0.55, 100, 55],
      [0.1, 30, 3],
      [0.5, 3, 2],
      [1, 7, 7],
      [0, 5, 0],
      [0.07, 100, 7],
    ] as const) {
      const gate = strategy({ gate: { share } });
      const with_ = (n: number) => Array.from({ length: of }, (_, i) => (i < n ? ran(0) : target()));
      expect([share, gateOf(gate, with_(needed), 1, 0).gate]).toEqual([share, 'open']);
      if (needed > 0) expect([share, gateOf(gate, with_(needed - 1), 1, 0).gate]).toEqual([share, 'closed']);
    }
  });

  it('is open for no nodes, and proves nothing with offline ones alone', () => {
    expect(gateOf(after, [], 1, 0).gate).toBe('open');
    expect(gateOf(after, [target({ outcome: 'superseded' })], 1, 0).gate).toBe('open');
    expect(gateOf(after, [target({ online: false })], 1, 0).gate).toBe('unproved');
  });

  it('neither waits for offline nodes nor counts them', () => {
    expect(gateOf(after, [ran(0), target({ online: false })], 1, 1_000).gate).toBe('open');
    expect(gateOf(after, [target(), target({ online: false })], 1, 1_000).gate).toBe('closed');
    // One that proved itself and then lost its line has proved itself.
    expect(gateOf(after, [{ ...ran(0), online: false }], 1, 1_000).gate).toBe('open');
  });

  it('looks at its own wave alone', () => {
    expect(gateOf(after, [ran(0), target({ wave: 2 })], 1, 1_000).gate).toBe('open');
  });
});

describe('a breach', () => {
  it('is one failure more than allowed, by number', () => {
    const two = strategy({ gate: { maxFailures: 2 } });
    expect(breachOf(two, [broke(), broke()])).toBeUndefined();
    expect(breachOf(two, [broke(), broke(), broke()])).toMatch(/3 of 3 nodes failed, 2 may/);
    expect(breachOf(two, [broke(), broke(), broke()], 1)).toBeUndefined();
    expect(breachOf(strategy({}), [])).toBeUndefined();
  });

  it('is one failure more than allowed, by percentage of those that started', () => {
    const ten = strategy({ gate: { maxFailures: '10%' } });
    const of = (count: number) => [broke(), ...Array.from({ length: count - 1 }, () => ran(0))];
    expect(breachOf(ten, of(10))).toBeUndefined();
    expect(breachOf(ten, of(9))).toBeDefined();
    expect(breachOf(ten, [...of(9), target({ progress: 'waiting' })])).toBeDefined();
    expect(breachOf(ten, [...of(9), target({ online: false })])).toBeDefined();
    expect(breachOf(ten, [...of(9), target()])).toBeUndefined();
  });

  it('is no node that slept, stepped aside or was called off', () => {
    const asleep = target({ outcome: 'timed-out', progress: 'waiting', online: false });
    expect(
      breachOf(strategy({}), [asleep, target({ outcome: 'superseded' }), target({ outcome: 'cancelled' })]),
    ).toBeUndefined();
    expect(breachOf(strategy({}), [target({ outcome: 'timed-out' })])).toBeDefined();
  });
});
