import { DeploymentState, PromotionState } from '@millrace/schemas';
import { activeStates } from './deployment.js';
import {
  countsAs,
  promotionActions,
  promotionSays,
  promotionState,
  type PromotionDecision,
} from './promotion.js';

const all = DeploymentState.options;
const decisions: PromotionDecision[] = ['awaiting', 'going', 'rejected', 'superseded', 'reverted'];

/** Every choice of up to `most` states, in every order. */
function* choices(most: number): Generator<DeploymentState[]> {
  yield [];
  if (most === 0) return;
  for (const rest of choices(most - 1)) for (const state of all) yield [...rest, state];
}
const every = [...choices(4)];
const has = (states: DeploymentState[], ...some: DeploymentState[]) =>
  states.some((state) => some.includes(state));
const only = (states: DeploymentState[], ...some: DeploymentState[]) =>
  states.every((state) => some.includes(state));

describe('a promotion', () => {
  it('is what people decided, whatever its deployments do', () => {
    const told = {
      awaiting: 'awaiting-approval',
      rejected: 'rejected',
      superseded: 'superseded',
      reverted: 'rolled-back',
    } as const;
    const wrong = every.filter((states) =>
      Object.entries(told).some(([one, state]) => promotionState(one as PromotionDecision, states) !== state),
    );
    expect(wrong).toEqual([]);
  });

  it('else follows from its deployments, for every four of them', () => {
    const expected = (states: DeploymentState[]): PromotionState => {
      const mine = states.filter((one) => one !== 'superseded');
      if (has(states, 'rolling', 'paused', 'soaking')) return 'rolling';
      if (states.length === 0) return 'succeeded';
      if (only(states, 'superseded')) return 'superseded';
      if (only(mine, 'succeeded')) return 'succeeded';
      if (only(mine, 'rolled-back')) return 'rolled-back';
      return has(mine, 'succeeded', 'partial') ? 'partial' : 'failed';
    };
    expect(every.length).toBeGreaterThan(7_000);
    expect(every.filter((states) => promotionState('going', states) !== expected(states))).toEqual([]);
  });

  it('does not depend on the order, and never ends while a deployment is under way', () => {
    const state = (states: DeploymentState[]) => promotionState('going', states);
    expect(every.filter((states) => state(states) !== state(states.toReversed()))).toEqual([]);
    expect(every.filter((states) => (state(states) === 'rolling') !== has(states, ...activeStates))).toEqual(
      [],
    );
  });

  it('reaches every state, and every state of a deployment counts as something', () => {
    const reached = decisions.flatMap((one) => every.map((states) => promotionState(one, states)));
    expect(new Set(reached)).toEqual(new Set(PromotionState.options));
    expect(Object.keys(countsAs).sort()).toEqual([...all].sort());
  });

  it('allows what its decision allows, and is taken back only where it leads', () => {
    expect(promotionActions('awaiting', false)).toEqual(['approve', 'reject']);
    expect(promotionActions('going', true)).toEqual(['revert']);
    expect(promotionActions('going', false)).toEqual([]);
    for (const ended of ['rejected', 'superseded', 'reverted'] as const)
      expect(promotionActions(ended, true)).toEqual([]);
  });

  it('says how its deployments stand', () => {
    expect(promotionSays(['succeeded', 'rolling', 'succeeded'])).toBe(
      'of 3 deployments: 1 rolling, 2 succeeded',
    );
    expect(promotionSays(['failed'])).toBe('of 1 deployment: 1 failed');
    expect(promotionSays([])).toBe('no flow that follows the alias is assigned to a group');
  });
});
