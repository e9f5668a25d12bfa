import * as fc from 'fast-check';
import { Outcome, Progress, type FlowReport, type ReportPayload } from '@millrace/schemas';
import { applyReport, mayMove, targetMoves, type Target } from './target.js';

const D = `sha256:${'d'.repeat(64)}`;
const OLD = `sha256:${'0'.repeat(64)}`;

const told = (change: Partial<Target> = {}): Target => ({
  digest: D,
  told: { epoch: 1, sequence: 5 },
  progress: 'offered',
  outcome: null,
  reason: null,
  seq: 10,
  runningSince: null,
  gapMs: null,
  lost: null,
  ...change,
});

const flowReport = (change: Partial<FlowReport> = {}): FlowReport => ({
  flow: 'pump',
  runningDigest: OLD,
  runningVersion: 1,
  desiredDigest: D,
  desiredVersion: 2,
  progress: 'fetching',
  outcome: null,
  reason: null,
  gapMs: null,
  lost: null,
  since: 0,
  ...change,
});

const report = (flow: FlowReport | null, change: Partial<ReportPayload> = {}): ReportPayload => ({
  organization: 'o',
  node: 'n',
  seq: 11,
  at: 0,
  epoch: 1,
  sequence: 5,
  refused: null,
  flows: flow ? [flow] : [],
  ...change,
});

const running: Partial<FlowReport> = {
  runningDigest: D,
  runningVersion: 2,
  progress: 'running',
  gapMs: 12,
  lost: 0,
};

describe('a target', () => {
  it('moves exactly as the table says', () => {
    for (const from of Progress.options) {
      for (const to of Progress.options.filter(
        (progress) => !['running', 'waiting', from].includes(progress),
      )) {
        const moved = applyReport(
          told({ progress: from }),
          'pump',
          report(flowReport({ progress: to })),
          100,
        );
        expect([from, to, moved.moved]).toEqual([
          from,
          to,
          (targetMoves[from] as readonly string[]).includes(to),
        ]);
        expect('illegal' in moved).toBe(!mayMove(from, to));
      }
    }
  });

  it('has succeeded only when the digest that runs is the one that was deployed', () => {
    const good = applyReport(told(), 'pump', report(flowReport(running)), 100);
    expect(good.target).toMatchObject({
      outcome: 'succeeded',
      progress: 'running',
      runningSince: 100,
      gapMs: 12,
    });
    for (const lie of [
      flowReport({ ...running, runningDigest: OLD }),
      flowReport({ ...running, runningDigest: null }),
      flowReport({ progress: 'running', outcome: 'succeeded', runningDigest: OLD }),
      flowReport({ progress: 'probation', outcome: 'succeeded', runningDigest: D }),
    ]) {
      const answer = applyReport(told(), 'pump', report(lie), 100);
      expect(answer).toMatchObject({ moved: false, illegal: expect.any(String) });
      expect(answer.target).toEqual(told({ seq: 11 }));
    }
  });

  it('is as far as it was while the node waits, with the reason', () => {
    const reason = { code: 'DOWNLOAD_FAILED' as const, detail: 'cut off', until: 5 };
    const waits = report(flowReport({ progress: 'waiting', reason }));
    const { target } = applyReport(told({ progress: 'fetching' }), 'pump', waits, 100);
    expect(target).toMatchObject({ progress: 'fetching', outcome: null, reason });
  });

  it('takes what went wrong with its reason', () => {
    const reason = { code: 'PROBATION_FAILED' as const, detail: 'NaN', evidence: { errors: 7 } };
    for (const outcome of Outcome.options.filter((known) => known !== 'succeeded')) {
      const { target } = applyReport(told(), 'pump', report(flowReport({ outcome, reason })), 100);
      expect(target).toMatchObject({ outcome, reason });
    }
  });

  it('says nothing about a desired state that the node has not accepted, but for its refusal', () => {
    const early = report(flowReport({ progress: 'running', runningDigest: D }), { sequence: 4 });
    expect(applyReport(told(), 'pump', early, 100)).toMatchObject({
      moved: false,
      target: { outcome: null },
    });
    const refused = (code: 'SIGNATURE_INVALID' | 'EXPIRED', sequence = 5) =>
      applyReport(
        told(),
        'pump',
        report(null, { sequence: 4, refused: { epoch: 1, sequence, reason: { code, detail: '' } } }),
        100,
      );
    expect(refused('SIGNATURE_INVALID').target.outcome).toBe('refused');
    expect(refused('SIGNATURE_INVALID', 4).target.outcome).toBeNull();
    expect(refused('EXPIRED').target).toMatchObject({ outcome: null, reason: { code: 'EXPIRED' } });
  });

  it('is not moved by what is about another version, or before it was told', () => {
    const other = report(flowReport({ desiredDigest: OLD, progress: 'running', runningDigest: OLD }));
    expect(applyReport(told(), 'pump', other, 1).moved).toBe(false);
    expect(
      applyReport(told({ told: null, progress: 'waiting' }), 'pump', report(flowReport(running)), 1).moved,
    ).toBe(false);
  });

  const anyReport = fc
    .record({
      seq: fc.integer({ min: 0, max: 30 }),
      sequence: fc.integer({ min: 4, max: 6 }),
      progress: fc.constantFrom(...Progress.options),
      outcome: fc.option(fc.constantFrom(...Outcome.options), { nil: null }),
      runs: fc.boolean(),
    })
    .map(({ seq, sequence, progress, outcome, runs }) =>
      report(flowReport({ progress, outcome, runningDigest: runs ? D : OLD }), { seq, sequence }),
    );

  it('is not changed by reports that come twice or late', () => {
    fc.assert(
      fc.property(fc.array(anyReport, { maxLength: 20 }), fc.infiniteStream(fc.nat(19)), (reports, picks) => {
        const play = (all: ReportPayload[]) =>
          all.reduce((target, one) => applyReport(target, 'pump', one, 100).target, told());
        const inOrder = [...new Map(reports.map((one) => [one.seq, one])).values()].sort(
          (a, b) => a.seq - b.seq,
        );
        // After each, any that was sent before comes again.
        const withEchoes = inOrder.flatMap((one, i) => [
          one,
          ...[...picks.take(3)].filter((pick) => pick <= i).map((pick) => inOrder[pick] as ReportPayload),
        ]);
        expect(play(withEchoes)).toEqual(play(inOrder));
      }),
    );
  });

  it('keeps its outcome for ever', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Outcome.options), fc.array(anyReport), (outcome, reports) => {
        const ended = told({ outcome });
        for (const one of reports) expect(applyReport(ended, 'pump', one, 1).target).toEqual(ended);
      }),
    );
  });
});
