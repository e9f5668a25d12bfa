import * as fc from 'fast-check';
import { mergeClaims, resolveParameters } from './merge.js';

const claim = (assignment: string, flow: string, priority: number) => ({ assignment, flow, priority });

describe('flows of a node', () => {
  it('are one of each, the higher priority and then the older assignment winning', () => {
    const [low, high, old, other] = [
      claim('a3', 'f', 0),
      claim('a4', 'f', 9),
      claim('a1', 'f', 9),
      claim('a2', 'g', 0),
    ];
    const { wins, loses } = mergeClaims([low, high, old, other]);
    expect(wins).toEqual([old, other]);
    expect(loses).toEqual([
      { claim: high, against: old },
      { claim: low, against: old },
    ]);
  });

  it('do not depend on the order in which they are found', () => {
    const claims = fc.uniqueArray(
      fc.record({
        assignment: fc.string({ minLength: 1 }),
        flow: fc.constantFrom('f', 'g', 'h'),
        priority: fc.integer({ min: -2, max: 2 }),
      }),
      { selector: (one) => one.assignment },
    );
    fc.assert(
      fc.property(claims, (all) => {
        const { wins, loses } = mergeClaims(all);
        expect(mergeClaims([...all].reverse())).toEqual({ wins, loses });
        expect(new Set(wins.map((one) => one.flow)).size).toBe(wins.length);
        expect(wins.length + loses.length).toBe(all.length);
        for (const lost of loses) expect(lost.against.priority).toBeGreaterThanOrEqual(lost.claim.priority);
      }),
    );
  });
});

describe('parameters', () => {
  const declared = {
    broker: { type: 'string', default: 'mqtt://default' },
    limit: { type: 'integer' },
    on: { type: 'boolean', default: false },
  } as const;

  it('come in layers, the later winning', () => {
    const [group, node, deployment] = [
      { broker: 'g', limit: 1, unknown: 1 },
      { broker: 'n', limit: 2 },
      { limit: 3 },
    ];
    expect(resolveParameters(declared, [group, node, deployment])).toEqual({
      values: { broker: 'n', limit: 3, on: false },
      missing: [],
      wrong: [],
    });
  });

  it('say what is missing and what is of the wrong type', () => {
    expect(resolveParameters(declared, [{ on: 'yes' }])).toEqual({
      values: { broker: 'mqtt://default' },
      missing: ['limit'],
      wrong: ['on must be boolean, not string'],
    });
    expect(resolveParameters(declared, [{ limit: 1.5 }]).wrong).toEqual([
      'limit must be integer, not number',
    ]);
  });
});
