import { judgeProbation, type Probation } from './probation.js';
import { restartAfter, RESTARTS, RESTART_WINDOW_MS } from './restart.js';

const judge = (counts: Partial<NonNullable<Probation['process']>>, changes: Partial<Probation> = {}) =>
  judgeProbation({
    process: {
      phase: 'open',
      openedAt: 1_000,
      measuredAt: 2_000,
      records: 0,
      errors: 0,
      failure: null,
      evidence: {},
      ...counts,
    },
    now: 2_000,
    probationMs: 1_000,
    maxErrorRate: 0.1,
    rateBefore: 0,
    ...changes,
  });

test.each([
  ['exactly at its end', { measuredAt: 2_000 }, 'passed'],
  ['a millisecond before', { measuredAt: 1_999 }, 'proving'],
  ['a rate that is exactly the allowed one', { records: 10, errors: 1 }, 'passed'],
  ['one error more', { records: 10, errors: 2 }, 'failed'],
  [
    'errors only, while there are few records and time is left',
    { records: 10, errors: 10, measuredAt: 1_500 },
    'proving',
  ],
  [
    'errors only, with enough records: no need to wait',
    { records: 100, errors: 100, measuredAt: 1_500 },
    'failed',
  ],
  ['a process that ended', { phase: 'dead' as const }, 'failed'],
  ['a replay that came to its end', { phase: 'finished' as const }, 'passed'],
])('%s', (_title, counts, verdict) => {
  expect(judge(counts).verdict).toBe(verdict);
});

test('no record at all is a failure only where the old version took some', () => {
  expect(judge({}, { rateBefore: 9.9 }).verdict).toBe('passed');
  expect(judge({}, { rateBefore: 10 })).toMatchObject({
    verdict: 'failed',
    reason: { code: 'PROBATION_FAILED' },
  });
  expect(judge({ records: 1 }, { rateBefore: 10 }).verdict).toBe('passed');
});

test('a version that does not answer at its end is given up', () => {
  expect(judge({ measuredAt: 1_500 }, { now: 11_999 }).verdict).toBe('proving');
  expect(judge({ measuredAt: 1_500 }, { now: 12_000 }).verdict).toBe('failed');
});

test('a flow is started again five times in ten minutes, each time a little later', () => {
  let failures: number[] = [];
  const waits: number[] = [];
  for (let n = 1; n <= RESTARTS; n++) {
    const { recent, until, halted } = restartAfter([...failures, n], n, () => 1);
    expect(halted).toBe(false);
    failures = recent;
    waits.push(until - n);
  }
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
  expect(restartAfter([...failures, 6], 6, () => 1).halted).toBe(true);
  const later = RESTART_WINDOW_MS + 1;
  expect(restartAfter([...failures, later], later, () => 1)).toMatchObject({ halted: false });
});
