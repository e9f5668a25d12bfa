import { Target, type Deployment } from '@millrace/schemas';
import { gateFigures } from './watch/gates.js';
import { placesOf, stagesOf } from './watch/places.js';
import { deedOf, swapCost, targetState, versionBefore, withNames } from './words.js';

const target = (change: Partial<Target>): Target => ({
  node: 'n1',
  nodeName: 'press-1',
  online: true,
  wave: 1,
  progress: 'waiting',
  outcome: null,
  reason: null,
  gapMs: null,
  lost: null,
  attempt: 1,
  startedAt: null,
  deadline: null,
  endedAt: null,
  ...change,
});
const ran = { progress: 'running', outcome: 'succeeded', endedAt: '2026-01-01T00:00:00.000Z' } as const;
const T0 = Date.parse(ran.endedAt);

describe('what is said of a deployment', () => {
  it('says where a target is, and that a node is away', () => {
    expect(targetState(target({}))).toEqual({ word: 'waiting', is: 'off' });
    expect(targetState(target({ online: false }))).toEqual({ word: 'offline', is: 'off' });
    expect(targetState(target({ progress: 'fetching' }))).toEqual({ word: 'fetching', is: 'busy' });
    expect(targetState(target({ online: false, ...ran }))).toEqual({ word: 'runs it', is: 'good' });
  });

  it('says what a button does to how many', () => {
    const counts = { total: 9, waiting: 2, working: 1, succeeded: 1, failed: 3, offline: 2, other: 0 };
    const deployment = { flow: 'pump', version: 3, targets: counts } as Deployment;
    expect(deedOf('retry', deployment).says).toBe('3 nodes that failed try again.');
    expect(deedOf('rollback', deployment, 2)).toMatchObject({ label: 'Go back to @2', dangerous: true });
    expect(deedOf('rollback', deployment, 2).says).toMatch(/^1 node that runs pump@3 gets @2 back/);
    expect(deedOf('pause', deployment).says).toMatch(/^No further node starts: 4 nodes that are waiting/);
  });

  it('says what the swap cost', () => {
    expect(swapCost([target({})])).toBeUndefined();
    const targets = [41, 12, 90].map((gapMs) => target({ gapMs, lost: 1 }));
    expect(swapCost(targets)).toEqual({ medianMs: 41, worstMs: 90, lost: 3, of: 3 });
    expect(swapCost(targets.slice(0, 2))?.medianMs).toBe(26.5);
  });

  it('finds what ran before, and not what failed', () => {
    const others = [
      { id: 'd4', state: 'succeeded', version: 9 },
      { id: 'd2', state: 'failed', version: 3 },
      { id: 'd1', state: 'partial', version: 2 },
      { id: 'd0', state: 'succeeded', version: 1 },
    ] as const;
    expect(versionBefore({ id: 'd3', version: 4 }, others)).toBe(2);
    expect(versionBefore({ id: 'd0', version: 1 }, others)).toBeUndefined();
  });

  it('names nodes in a sentence', () => {
    const id = '01m83ndtznpjs0j959k9yvnrn8';
    const who = (actor: string) => actor.slice(0, 4).toUpperCase();
    const named = (says: string) => withNames(says, [target({ node: id })], who);
    expect(named(`1 failed: ${id} (failed)`)).toBe('1 failed: press-1 (failed)');
    expect(named(`paused by user:${id}, deployment 01m83q48hspq8f65w6g55sa7wy`)).toBe(
      'paused by USER, deployment 01m83q48hspq8f65w6g55sa7wy',
    );
  });
});

describe('the gate behind a wave', () => {
  const rolling = {
    strategy: { gate: { share: 1, runningForMs: 5_000 } },
    wave: 1,
    state: 'rolling',
  } as const;
  const targets = [target({ ...ran }), target({ node: 'n2' }), target({ node: 'n3', online: false })];

  it('counts who is there, and waits until they have run long enough', () => {
    const figures = gateFigures(rolling, targets, 1, T0 + 1_000);
    expect(figures).toMatchObject({
      state: 'closed',
      counted: 2,
      proved: 0,
      needed: 2,
      failed: 0,
      mayFail: 0,
    });
    expect(gateFigures(rolling, targets.slice(0, 1), 1, T0 + 1_000).until).toBe(T0 + 5_000);
    expect(gateFigures(rolling, targets.slice(0, 1), 1, T0 + 5_000).state).toBe('open');
  });

  it('is breached where that stopped it, passed behind, ahead before', () => {
    const broken = [...targets, target({ node: 'n4', outcome: 'failed', progress: 'starting' })];
    expect(gateFigures({ ...rolling, state: 'paused' }, broken, 1, T0).state).toBe('breached');
    expect(gateFigures(rolling, broken, 1, T0)).toMatchObject({ state: 'closed', failed: 1 });
    const back = target({ ...ran, outcome: 'rolled-back', reason: { code: 'STOPPED', detail: '' } });
    expect(gateFigures({ ...rolling, state: 'rolled-back' }, [back], 1, T0).failed).toBe(0);
    expect(gateFigures({ ...rolling, wave: 2 }, broken, 1, T0).state).toBe('open');
    expect(gateFigures(rolling, broken, 2, T0).state).toBe('ahead');
  });
});

describe('the places of dots', () => {
  it('lays them in rows inside their stage', () => {
    const stages = stagesOf(1_000);
    const many = Array.from({ length: 40 }, () => target({ progress: 'fetching' }));
    const { places, height } = placesOf(many, stages, 20);
    const { left, width } = stages[2]!;
    for (const { x } of places) expect(x >= left && x + 16 <= left + width).toBe(true);
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(40);
    expect(height).toBeGreaterThan(Math.max(...places.map(({ y }) => y)) + 16);
    expect(placesOf([], stages, 20).height).toBeGreaterThan(0);
  });
});
