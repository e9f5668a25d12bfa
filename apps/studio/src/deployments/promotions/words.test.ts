import type { Promotion, PromotionPlan, TargetCounts } from '@millrace/schemas';
import { countsOf, deedOf, isOwn, moveSays, planSays, waitsFor } from './words.js';

const targets = (change: Partial<TargetCounts>): TargetCounts => ({
  total: 0,
  waiting: 0,
  working: 0,
  succeeded: 0,
  failed: 0,
  offline: 0,
  other: 0,
  ...change,
});
const promotion = {
  id: 'p1',
  state: 'awaiting-approval',
  resource: 'speed',
  alias: 'production',
  from: 1,
  to: 2,
  createdBy: 'user:ada',
  flows: [
    {
      flow: 'pump',
      fromVersion: 1,
      version: 2,
      deployments: [
        { targets: targets({ total: 3, succeeded: 2, offline: 1 }) },
        { targets: targets({ total: 2, failed: 2 }) },
      ],
    },
  ],
} as Promotion;

describe('what is said of a promotion', () => {
  it('waits for whoever may approve it and did not ask for it', () => {
    const me = { kind: 'user', id: 'bob', permissions: ['promotions.approve'] } as const;
    const known = { ...me, permissions: [...me.permissions] };
    expect(waitsFor(promotion, known)).toBe(true);
    expect(waitsFor(promotion, { ...known, id: 'ada' })).toBe(false);
    expect(isOwn(promotion, { ...known, id: 'ada' })).toBe(true);
    expect(waitsFor(promotion, { ...known, permissions: [] })).toBe(false);
    expect(waitsFor({ ...promotion, state: 'rolling' }, known)).toBe(false);
    expect(waitsFor(promotion, undefined)).toBe(false);
  });

  it('counts the nodes of all its deployments', () => {
    expect(countsOf(promotion)).toEqual(targets({ total: 5, succeeded: 2, failed: 2, offline: 1 }));
    expect(countsOf({ flows: [] })).toEqual(targets({}));
  });

  it('says where the alias goes', () => {
    expect(moveSays(promotion)).toBe('production goes from @1 to @2');
    expect(moveSays({ alias: 'beta', from: null, to: 2 })).toBe('beta is new and points at @2');
    expect(moveSays({ alias: 'beta', from: 2, to: 2 })).toBe('beta stands at @2 already');
  });

  it('says what a plan comes to', () => {
    const flows = [
      { deployments: [{}], problems: [] },
      { deployments: [], problems: [] },
    ];
    const plan = { alias: 'production', from: 1, to: 2, nodes: 1, flows } as unknown as PromotionPlan;
    expect(planSays(plan)).toBe(
      'production goes from @1 to @2, with 2 flows on 1 node; 1 of them assigned to no group.',
    );
    const unfit = { ...plan.flows[1]!, problems: [{ detail: 'no column speed' }] };
    expect(planSays({ ...plan, flows: [plan.flows[0]!, unfit] })).toBe(
      'production goes from @1 to @2, but 1 of 2 flows does not pass its checks.',
    );
    expect(planSays({ ...plan, flows: [] })).toBe(
      'production goes from @1 to @2. No flow follows it, so that no node changes.',
    );
  });

  it('says what a button does to how many', () => {
    expect(deedOf('revert', promotion)).toMatchObject({ label: 'Go back to @1', needs: 'promotions.write' });
    expect(deedOf('revert', promotion).says).toMatch(
      /^The alias production goes from @2 back to @1\. 2 deployments on 5 nodes are rolled back/,
    );
    expect(deedOf('approve', promotion).says).toMatch(
      /^The alias production goes from @1 to @2 at once\. 1 flow that follows it goes to its nodes/,
    );
    expect(deedOf('reject', { ...promotion, from: null }).says).toMatch(/production is not made/);
  });
});
