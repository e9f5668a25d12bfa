/**
 * Which flows a node should run, when several of its groups say so, and with which parameters.
 *
 * Guarantee: one flow once; where two groups give the same flow the higher priority wins, then the older
 * assignment, so that the answer does not depend on the order of the input. Parameters come in layers: the
 * flow's defaults, the group's, the node's, the deployment's; the later wins.
 */
import type { FlowParameter, ParameterValue } from '@millrace/schemas';

/** What one assignment brings to a node. */
export interface Claim {
  /** Ids sort by age. */
  assignment: string;
  flow: string;
  priority: number;
}

export interface Merged<C extends Claim> {
  wins: C[];
  loses: { claim: C; against: C }[];
}

export function mergeClaims<C extends Claim>(claims: readonly C[]): Merged<C> {
  const byFlow = new Map<string, C>();
  const loses: { claim: C; against: C }[] = [];
  const ordered = [...claims].sort(
    (a, b) =>
      b.priority - a.priority || (a.assignment < b.assignment ? -1 : Number(a.assignment > b.assignment)),
  );
  for (const claim of ordered) {
    const winner = byFlow.get(claim.flow);
    if (winner) loses.push({ claim, against: winner });
    else byFlow.set(claim.flow, claim);
  }
  const wins = [...byFlow.values()].sort((a, b) => (a.flow < b.flow ? -1 : Number(a.flow > b.flow)));
  return { wins, loses };
}

export type Values = Record<string, ParameterValue>;

export interface ResolvedParameters {
  values: Values;
  /** Parameters without a default to which no layer gives a value. */
  missing: string[];
  /** Sentences: values that are not of their parameter's type. */
  wrong: string[];
}

/**
 * Values for the parameters that the flow declares, from the weakest layer to the strongest. A layer may name
 * parameters that this version does not have: a group outlives versions.
 */
export function resolveParameters(
  declared: Record<string, FlowParameter>,
  layers: readonly Values[],
): ResolvedParameters {
  const values: Values = {};
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [name, parameter] of Object.entries(declared)) {
    const given = layers.findLast((layer) => Object.hasOwn(layer, name))?.[name];
    const value = given ?? parameter.default;
    if (value === undefined) missing.push(name);
    else if (!fits(parameter.type, value))
      wrong.push(`${name} must be ${parameter.type}, not ${typeof value}`);
    else values[name] = value;
  }
  return { values, missing, wrong };
}

function fits(type: FlowParameter['type'], value: ParameterValue): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'secret') return typeof value === 'string';
  return typeof value === type;
}
