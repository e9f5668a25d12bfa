import type { FlowReport, NodeHistoryEntry } from '@millrace/schemas';
import { happened } from './history.js';

const [one, two] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
const flow: FlowReport = {
  flow: 'cooler',
  runningDigest: one,
  runningVersion: 1,
  desiredDigest: one,
  desiredVersion: 1,
  progress: 'running',
  outcome: 'succeeded',
  reason: null,
  gapMs: null,
  lost: null,
  since: 0,
};
const entry = (flows: FlowReport[], more: Partial<NodeHistoryEntry> = {}): NodeHistoryEntry => ({
  seq: 1,
  at: '2026-01-01T00:00:00Z',
  receivedAt: '2026-01-01T00:00:00Z',
  sequence: 1,
  flows,
  refused: null,
  ...more,
});
const says = (now: NodeHistoryEntry, before?: NodeHistoryEntry) =>
  happened(now, before).map((its) => its.says);

test('the first report tells all, the same again tells nothing', () => {
  expect(says(entry([flow]))).toEqual(['runs version 1']);
  expect(says(entry([flow]), entry([flow]))).toEqual([]);
});

test('a version that runs proves itself', () => {
  expect(says(entry([flow]), entry([{ ...flow, outcome: null, progress: 'probation' }]))).toEqual([
    'version 1 has proved itself',
  ]);
  expect(says(entry([{ ...flow, outcome: null }]), entry([flow]))).toEqual([]);
});

test('a change of version, step by step', () => {
  const next: FlowReport = { ...flow, desiredDigest: two, desiredVersion: 2, outcome: null };
  expect(says(entry([{ ...next, progress: 'fetching' }]), entry([flow]))).toEqual([
    'version 2 is being fetched',
  ]);
  const there: FlowReport = { ...next, runningDigest: two, runningVersion: 2, gapMs: 41, lost: 0 };
  expect(says(entry([there]), entry([next]))).toEqual(['runs version 2, stood still 41 ms, lost 0 records']);
});

test('what was given up says what goes on, with its reason', () => {
  const reason = { code: 'PROBATION_FAILED', detail: 'errors in 3 of 10' } as const;
  const back: FlowReport = { ...flow, desiredDigest: two, desiredVersion: 2, outcome: 'rolled-back', reason };
  expect(happened(entry([back]), entry([flow]))).toEqual([
    {
      is: 'look',
      flow: 'cooler',
      says: 'version 2 rolled-back, version 1 goes on',
      detail: 'PROBATION_FAILED: errors in 3 of 10',
    },
  ]);
});

test('a flow that goes, a state that is refused, a state that changes nothing', () => {
  expect(says(entry([]), entry([flow]))).toEqual(['is removed']);
  const refused = { code: 'EXPIRED', detail: 'an hour old' } as const;
  expect(says(entry([flow], { refused }), entry([flow]))).toEqual(['refused the desired state: EXPIRED']);
  expect(says(entry([flow], { sequence: 2 }), entry([flow]))).toEqual(['accepted the desired state 2']);
});
