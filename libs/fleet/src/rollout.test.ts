import * as fc from 'fast-check';
import { DeploymentState, Outcome } from '@millrace/schemas';
import {
  activeStates,
  actions,
  actionsOf,
  endsTargets,
  deploymentMoves,
  mayAct,
  mayBecome,
  retriable,
} from './deployment.js';
import { ending, nextStep, type Rollout, type RolloutTarget, type Step } from './rollout.js';
import { fullStrategy } from './strategy.js';

const rolling = (change: Partial<Rollout> = {}): Rollout => ({
  state: 'rolling',
  strategy: fullStrategy({ timeoutMs: 1_000, probationMs: 0 }),
  wave: 1,
  waves: 2,
  forgiven: 0,
  soakingSince: null,
  expiresAt: 1_000_000,
  ...change,
});

const target = (node: string, wave: number, change: Partial<RolloutTarget> = {}): RolloutTarget => ({
  node,
  wave,
  online: true,
  progress: 'waiting',
  outcome: null,
  runningSince: null,
  deadline: null,
  ...change,
});
const ran = { progress: 'running', outcome: 'succeeded', runningSince: 0 } as const;
const broke = { progress: 'probation', outcome: 'rolled-back' } as const;

describe('a deployment', () => {
  it('starts one node, and the rest once it has proved itself', () => {
    expect(nextStep(rolling(), [target('a', 1), target('b', 2)], 0)).toEqual({ step: 'start', nodes: ['a'] });
    const working = target('a', 1, { progress: 'probation', deadline: 500 });
    expect(nextStep(rolling(), [working, target('b', 2)], 0).step).toBe('wait');
    const proved = [target('a', 1, ran), target('b', 2), target('c', 2)];
    expect(nextStep(rolling(), proved, 0)).toEqual({ step: 'next-wave', wave: 2 });
    expect(nextStep(rolling({ wave: 2 }), proved, 0)).toEqual({ step: 'start', nodes: ['b', 'c'] });
  });

  it('stops when the first does not prove itself', () => {
    const targets = [target('a', 1, { ...broke, name: 'press-1' }), target('b', 2)];
    expect(nextStep(rolling(), targets, 0)).toEqual({
      step: 'become',
      state: 'paused',
      says: 'wave 1 of 2: 1 of 1 node failed, 0 may: press-1 (rolled-back)',
    });
    const back = rolling({ strategy: fullStrategy({ onBreach: 'rollback' }) });
    expect(nextStep(back, targets, 0)).toMatchObject({ step: 'become', state: 'rolled-back' });
    expect(nextStep(rolling({ state: 'paused' }), targets, 0)).toMatchObject({ step: 'wait' });
    expect(nextStep(rolling({ forgiven: 1 }), targets, 0)).toEqual({ step: 'next-wave', wave: 2 });
  });

  it('gives every started node a time to prove itself, which stands still while it is offline', () => {
    const late = target('a', 1, { progress: 'fetching', deadline: 500 });
    expect(nextStep(rolling(), [late], 499).step).toBe('wait');
    expect(nextStep(rolling(), [late], 500)).toEqual({ step: 'time-out', nodes: ['a'] });
    const gone = { ...late, online: false };
    expect(nextStep(rolling(), [gone], 500)).toEqual({ step: 'clock', nodes: ['a'], deadline: null });
    const back = { ...late, deadline: null };
    expect(nextStep(rolling(), [back], 700)).toEqual({ step: 'clock', nodes: ['a'], deadline: 1_700 });
  });

  it('brings another node up when all of a wave are offline, and ends without them', () => {
    const targets = [target('a', 1, { online: false }), target('b', 2), target('c', 2)];
    expect(nextStep(rolling(), targets, 0)).toEqual({ step: 'fill-up', nodes: ['b'], wave: 1 });
    const done = [target('a', 2, { online: false }), target('b', 1, ran), target('c', 2, ran)];
    expect(nextStep(rolling({ wave: 2 }), done, 0)).toMatchObject({ step: 'become', state: 'partial' });
    const partial = rolling({ state: 'partial', wave: 2 });
    expect(nextStep(partial, done, 0).step).toBe('wait');
    const returned = done.map((one) => ({ ...one, online: true }));
    expect(nextStep(partial, returned, 0)).toEqual({ step: 'start', nodes: ['a'] });
    const whole = returned.map((one) => ({ ...one, ...ran }));
    expect(nextStep(partial, whole, 0)).toMatchObject({ step: 'become', state: 'succeeded' });
  });

  it('proves nothing with nodes that are all offline: it waits, until its time is up', () => {
    const targets = [target('a', 1, { online: false }), target('b', 2, { online: false })];
    expect(nextStep(rolling(), targets, 999_999).step).toBe('wait');
    expect(nextStep(rolling(), targets, 1_000_000)).toEqual({ step: 'expire', nodes: ['a', 'b'] });
    const over = targets.map((one) => ({ ...one, outcome: 'timed-out' as const }));
    expect(nextStep(rolling(), over, 1_000_000)).toMatchObject({ step: 'become', state: 'failed' });
  });

  it('is for a node that slept longer than it waited, once it stands', () => {
    const asleep = target('a', 1, { outcome: 'timed-out' });
    const stands = rolling({ state: 'partial' });
    expect(nextStep(stands, [asleep, target('b', 1, ran)], 2_000_000)).toEqual({
      step: 'start',
      nodes: ['a'],
    });
    expect(nextStep(rolling(), [asleep, target('b', 1, ran)], 0).step).not.toBe('start');
  });

  it('of no nodes succeeds at once', () => {
    expect(nextStep(rolling({ waves: 0 }), [], 0)).toMatchObject({ step: 'become', state: 'succeeded' });
  });

  it('soaks for exactly its time, and a failure then is a breach', () => {
    const strategy = fullStrategy({ soakMs: 100 });
    const done = [target('a', 1, ran)];
    expect(nextStep(rolling({ strategy, waves: 1 }), done, 0)).toMatchObject({ state: 'soaking' });
    const soaking = rolling({ strategy, waves: 1, state: 'soaking', soakingSince: 50 });
    expect(nextStep(soaking, done, 149)).toMatchObject({ step: 'wait', until: 150 });
    expect(nextStep(soaking, done, 150)).toMatchObject({ state: 'succeeded' });
    expect(nextStep(soaking, [...done, target('b', 1, broke)], 150)).toMatchObject({ state: 'paused' });
  });
});

describe('the table of a deployment', () => {
  it('allows what actions do, and nothing leaves an end', () => {
    for (const state of DeploymentState.options) {
      for (const action of actionsOf(state, 1)) {
        expect(mayAct(state, action, 1)).toBe(true);
        expect([state, action, mayBecome(state, actions[action].to)]).toEqual([state, action, true]);
      }
    }
    for (const end of ['rolled-back', 'aborted', 'superseded'] as const) {
      expect(deploymentMoves[end]).toEqual([]);
      expect(actionsOf(end, 1)).toEqual([]);
    }
    for (const state of DeploymentState.options) {
      expect(actionsOf(state, 0)).toEqual(actionsOf(state, 1).filter((action) => action !== 'retry'));
    }
    expect(activeStates.every((state) => mayBecome(state, 'superseded'))).toBe(true);
  });
});

describe('what can be tried again', () => {
  it('is what failed; and what slept too long, where nothing waits for it any more', () => {
    const asleep = target('a', 1, { outcome: 'timed-out' });
    const late = target('a', 1, { outcome: 'timed-out', progress: 'fetching' });
    expect([target('a', 1, broke), late, asleep].map((one) => retriable('partial', one))).toEqual([
      true,
      true,
      false,
    ]);
    expect(retriable('failed', asleep)).toBe(true);
    for (const one of [target('a', 1, ran), target('a', 1), target('a', 1, { outcome: 'cancelled' })])
      expect(retriable('failed', one)).toBe(false);
  });
});

describe('any deployment, whatever its nodes do', () => {
  interface Event {
    node: number;
    does: 'succeed' | 'fail' | 'offline' | 'online' | 'nothing';
    waits: number;
  }
  const events = fc.array(
    fc.record<Event>({
      node: fc.nat(5),
      does: fc.constantFrom('succeed', 'fail', 'offline', 'online', 'nothing'),
      waits: fc.constantFrom(0, 1, 500, 1_000, 5_000),
    }),
    { maxLength: 60 },
  );

  /** Plays the events and takes every step; returns what was started after the first breach, and the end. */
  function play(all: Event[], count: number, maxFailures: number) {
    let now = 0;
    let rollout = rolling({
      strategy: fullStrategy({ timeoutMs: 1_000, probationMs: 0, gate: { maxFailures } }),
      expiresAt: 100_000,
    });
    let targets = Array.from({ length: count }, (_, i) => target(`n${i}`, i === 0 ? 1 : 2));
    const startedAfterStop: string[] = [];
    let stopped = false;
    const change = (nodes: string[], to: (one: RolloutTarget) => RolloutTarget): void => {
      targets = targets.map((one) => (nodes.includes(one.node) ? to(one) : one));
    };
    const take = (step: Step): boolean => {
      if (step.step === 'start') {
        if (stopped) startedAfterStop.push(...step.nodes);
        for (const name of step.nodes) expect(targets.find((one) => one.node === name)?.online).toBe(true);
        const deadline = now + 1_000;
        change(step.nodes, (one) => ({ ...one, progress: 'offered', outcome: null, deadline }));
      } else if (step.step === 'time-out' || step.step === 'expire') {
        change(step.nodes, (one) => ({ ...one, outcome: 'timed-out' }));
      } else if (step.step === 'clock') {
        const { deadline } = step;
        change(step.nodes, (one) => ({ ...one, deadline }));
      } else if (step.step === 'fill-up') {
        const { wave } = step;
        change(step.nodes, (one) => ({ ...one, wave }));
      } else if (step.step === 'next-wave') rollout = { ...rollout, wave: step.wave };
      else if (step.step === 'become') {
        expect([rollout.state, step.state, mayBecome(rollout.state, step.state)]).toEqual([
          rollout.state,
          step.state,
          true,
        ]);
        rollout = { ...rollout, state: step.state };
        if (step.state === 'paused' || step.state === 'rolled-back') stopped = true;
        if (endsTargets(step.state))
          targets = targets.map((one) => ({ ...one, outcome: one.outcome ?? 'cancelled' }));
      }
      return step.step !== 'wait';
    };
    const settle = (): void => {
      let steps = 0;
      while (take(nextStep(rollout, targets, now))) {
        steps += 1;
        if (steps > 100) throw new Error('it never waits');
      }
    };
    settle();
    for (const event of all) {
      now += event.waits;
      const name = `n${event.node % Math.max(1, count)}`;
      change([name], (one) => {
        const works = one.outcome === null && one.progress !== 'waiting' && one.online;
        if (event.does === 'succeed' && works)
          return { ...one, progress: 'running', outcome: 'succeeded', runningSince: now };
        if (event.does === 'fail' && works) return { ...one, outcome: 'rolled-back' };
        if (event.does === 'offline') return { ...one, online: false };
        return event.does === 'online' ? { ...one, online: true } : one;
      });
      settle();
    }
    const during = { rollout, targets };
    for (now = Math.max(now, 100_000); now <= 110_000; now += 500) settle();
    return { startedAfterStop, during, end: { rollout, targets } };
  }

  it('starts nobody after a stop, never more than its failures allow at once, and ends', () => {
    fc.assert(
      fc.property(events, fc.nat(6), fc.nat(2), (all, count, maxFailures) => {
        const { startedAfterStop, end } = play(all, count, maxFailures);
        expect(startedAfterStop).toEqual([]);
        expect(end.rollout.state === 'paused' || !activeStates.includes(end.rollout.state)).toBe(true);
        expect(activeStates.includes(end.rollout.state)).toBe(false);
        for (const one of end.targets) expect([...Outcome.options, null]).toContain(one.outcome);
        expect(
          end.targets.some((one) => one.outcome === null && one.online && one.progress !== 'waiting'),
        ).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('ends as its targets did', () => {
    expect(ending([])).toBe('succeeded');
    expect(ending([target('a', 1, ran), target('b', 1, broke)])).toBe('partial');
    expect(ending([target('a', 1, broke)])).toBe('failed');
    expect(ending([target('a', 1, ran), target('b', 1, { outcome: 'superseded' })])).toBe('succeeded');
  });
});
