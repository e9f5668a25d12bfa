import type { FlowReport } from '@millrace/schemas';
import { flowStandingOf, standingOf, versionsOf } from './standing.js';

const [old, latest] = [`sha256:${'0'.repeat(64)}`, `sha256:${'1'.repeat(64)}`];
const flow: FlowReport = {
  flow: 'cooler',
  runningDigest: old,
  runningVersion: 1,
  desiredDigest: latest,
  desiredVersion: 2,
  progress: 'fetching',
  outcome: null,
  reason: null,
  gapMs: null,
  lost: null,
  since: 0,
};
const online = { status: 'online', asDesired: false, seenAt: '2026-01-01T00:00:00Z', flows: [flow] } as const;

test('a node is as desired, on its way, or needs a look', () => {
  expect(standingOf({ ...online, asDesired: true, flows: [] })).toEqual({ is: 'good', says: 'As desired' });
  expect(standingOf({ ...online, flows: [flow] })).toEqual({ is: 'busy', says: 'On its way' });
  expect(standingOf({ ...online, flows: [{ ...flow, outcome: 'rolled-back' }] }).is).toBe('look');
});

test('what is not there says since when', () => {
  expect(standingOf({ ...online, flows: [], status: 'offline' })).toMatchObject({
    is: 'off',
    since: online.seenAt,
  });
  expect(standingOf({ ...online, flows: [], status: 'offline', seenAt: null }).says).toBe('Never seen');
  expect(standingOf({ ...online, flows: [], status: 'revoked', asDesired: true }).says).toBe('Revoked');
});

test('a flow on a node: running, on its way, given up, being removed', () => {
  expect(flowStandingOf({ ...flow, runningDigest: latest }).is).toBe('good');
  expect(flowStandingOf(flow)).toEqual({ is: 'busy', says: 'fetching' });
  expect(flowStandingOf({ ...flow, outcome: 'failed' }).is).toBe('look');
  expect(flowStandingOf({ ...flow, desiredDigest: null, desiredVersion: null }).says).toBe('being removed');
});

test('versions on one line', () => {
  expect(versionsOf({ ...flow, runningVersion: 2 })).toBe('cooler 2');
  expect(versionsOf(flow)).toBe('cooler 1 → 2');
  expect(versionsOf({ ...flow, runningVersion: null })).toBe('cooler none → 2');
});
