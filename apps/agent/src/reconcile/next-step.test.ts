import { nextStep, type Step } from './next-step.js';
import type { DesiredView, FlowView, ProcessView, SetView } from './view.js';

const process = (changes: Partial<ProcessView> = {}): ProcessView => ({
  phase: 'open',
  openedAt: 1_000,
  measuredAt: 1_000,
  records: 0,
  errors: 0,
  failure: null,
  evidence: {},
  ...changes,
});
const set = (key: string, changes: Partial<SetView> = {}): SetView => ({
  key,
  version: Number(key.slice(1)),
  digest: `sha256:${key}`,
  staged: true,
  missing: [],
  unbuilt: [],
  verified: true,
  process: null,
  ...changes,
});
const wanted = (key: string, changes: Partial<DesiredView> = {}): DesiredView => ({
  ...set(key),
  installable: true,
  probationMs: 1_000,
  maxErrorRate: 0.1,
  deadline: 100_000,
  ...changes,
});
const view = (changes: Partial<FlowView> = {}): FlowView => ({
  flow: 'pump',
  now: 5_000,
  desired: wanted('v1', { process: process() }),
  good: set('v1', { process: process() }),
  trying: null,
  verdict: null,
  retry: null,
  restart: null,
  strays: [],
  rateBefore: 0,
  ...changes,
});
const old = set('v1', { process: process() });
const reason = { code: 'DOWNLOAD_FAILED', detail: 'cut' } as const;
const crashed = { code: 'fleet.flow-ended', detail: 'code 7' };

const cases: [string, Partial<FlowView>, Partial<Step>][] = [
  ['all is as desired: it waits for nothing', {}, { do: 'wait', until: null, reason: null }],
  [
    'nothing is known of the director: what is good is started',
    { desired: undefined, good: set('v1') },
    { do: 'warm', key: 'v1' },
  ],
  ['a new version is staged first', { desired: wanted('v2', { staged: false }) }, { do: 'stage', key: 'v2' }],
  [
    'then fetched, one resource at a time',
    {
      desired: wanted('v2', {
        missing: [
          { digest: 'sha256:a', size: 3 },
          { digest: 'sha256:b', size: 4 },
        ],
      }),
    },
    { do: 'fetch', key: 'v2', digest: 'sha256:a', size: 3 },
  ],
  [
    'then unpacked or built',
    { desired: wanted('v2', { verified: false, unbuilt: [{ kind: 'script', digest: 'sha256:b' }] }) },
    { do: 'build', key: 'v2', kind: 'script', digest: 'sha256:b' },
  ],
  ['then read again', { desired: wanted('v2', { verified: false }) }, { do: 'verify', key: 'v2' }],
  ['then started beside the old one', { good: old, desired: wanted('v2') }, { do: 'warm', key: 'v2' }],
  [
    'then swapped, once it is warm',
    { good: old, desired: wanted('v2', { process: process({ phase: 'warm' }) }) },
    { do: 'swap', from: 'v1', key: 'v2' },
  ],
  [
    'the first version of all has nothing to pause',
    { good: null, desired: wanted('v2', { process: process({ phase: 'warm' }) }) },
    { do: 'swap', from: null, key: 'v2' },
  ],
  [
    'while it proves itself it is looked at again before its time is over',
    {
      trying: set('v2', { process: process({ openedAt: 4_800, measuredAt: 4_900 }) }),
      desired: wanted('v2'),
    },
    { do: 'wait', until: 5_500, reason: null },
  ],
  [
    'proved',
    {
      trying: set('v2', { process: process({ openedAt: 4_000, measuredAt: 5_000 }) }),
      desired: wanted('v2'),
    },
    { do: 'settle', key: 'v2' },
  ],
  [
    'a crash in probation goes back',
    { trying: set('v2', { process: process({ phase: 'dead', failure: crashed }) }), desired: wanted('v2') },
    { do: 'roll-back', key: 'v2', outcome: 'rolled-back' },
  ],
  [
    'without an earlier version it has failed',
    {
      good: null,
      trying: set('v2', { process: process({ phase: 'dead', failure: crashed }) }),
      desired: wanted('v2'),
    },
    { do: 'roll-back', key: 'v2', outcome: 'failed' },
  ],
  [
    'something newer ends a probation',
    { trying: set('v2', { process: process() }), desired: wanted('v3') },
    { do: 'roll-back', key: 'v2', outcome: 'superseded' },
  ],
  [
    'after a rollback the paused one is opened again',
    { good: set('v1', { process: process({ phase: 'paused' }) }), desired: wanted('v2') },
    { do: 'open', key: 'v1' },
  ],
  [
    'what failed is not tried again, and says why',
    {
      good: old,
      desired: wanted('v2'),
      verdict: { ...set('v2'), outcome: 'rolled-back', progress: 'probation', reason },
    },
    { do: 'wait', until: null, reason },
  ],
  [
    'a dead good version is cleared away',
    { good: set('v1', { process: process({ phase: 'dead', failure: crashed }) }) },
    { do: 'discard', key: 'v1' },
  ],
  [
    'it is started again when its time has come',
    { good: set('v1'), desired: wanted('v1'), restart: { reason, until: 5_000, halted: false } },
    { do: 'warm', key: 'v1' },
  ],
  [
    'and not before, and says until when',
    { good: set('v1'), desired: wanted('v1'), restart: { reason, until: 5_001, halted: false } },
    { do: 'wait', until: 5_001, reason },
  ],
  [
    'stopped for good it waits for something else to be desired',
    { good: set('v1'), desired: wanted('v1'), restart: { reason, until: 0, halted: true } },
    { do: 'wait', until: null, reason },
  ],
  [
    'a stopped good version does not keep a new one out',
    { good: set('v1'), desired: wanted('v2'), restart: { reason, until: 0, halted: true } },
    { do: 'warm', key: 'v2' },
  ],
  [
    'a finished replay is up',
    { good: set('v1', { process: process({ phase: 'finished' }) }) },
    { do: 'wait', reason: null },
  ],
  [
    'a failed fetch waits, and says until when',
    { good: old, desired: wanted('v2'), retry: { reason, until: 6_000 } },
    { do: 'wait', until: 6_000, reason },
  ],
  [
    'a deadline that is over',
    { good: old, desired: wanted('v2', { deadline: 5_000 }), retry: { reason, until: 6_000 } },
    { do: 'judge', key: 'v2', outcome: 'timed-out' },
  ],
  [
    'nothing that has expired is installed',
    { good: old, desired: wanted('v2', { installable: false }) },
    { do: 'wait', reason: expect.objectContaining({ code: 'EXPIRED' }) },
  ],
  ['what is removed stops', { desired: null }, { do: 'stop' }],
  ['and is then forgotten', { desired: null, good: set('v1') }, { do: 'forget' }],
  ['what nothing names is ended', { strays: ['v9'] }, { do: 'discard', key: 'v9' }],
  [
    'a good set that was changed on the disk is not started, and says so',
    { desired: undefined, good: set('v1', { staged: false }) },
    { do: 'wait', reason: expect.objectContaining({ code: 'DIGEST_MISMATCH' }) },
  ],
  [
    'it is written anew when it is what is desired',
    { desired: wanted('v1', { staged: false }), good: set('v1', { staged: false }) },
    { do: 'stage' },
  ],
];

test.each(cases)('%s', (_title, changes, step) => {
  expect(nextStep(view(changes))).toMatchObject(step as Record<string, unknown>);
});
