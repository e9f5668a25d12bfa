/**
 * Why a node does not run what it should: desired and running side by side, each difference with its reason.
 *
 * Pure: it compares what the director wants with what the node has reported, and says nothing that neither said.
 */
import type { DesiredPayload, FlowWhy, FlowReport, Reason } from '@millrace/schemas';

export interface NodeState {
  online: boolean;
  revoked: boolean;
  accepted: { epoch: number; sequence: number } | null;
  refused: { epoch: number; sequence: number; reason: Reason } | null;
  flows: readonly FlowReport[];
}

type Wanted = Pick<DesiredPayload, 'epoch' | 'sequence' | 'flows'>;

/** What holds for the whole node. */
export function nodeReasons(node: NodeState, desired: Wanted | null): Reason[] {
  const reasons: Reason[] = [];
  if (node.revoked)
    reasons.push({ code: 'STOPPED', detail: 'its credential was revoked; it hears nothing new' });
  else if (!node.online) reasons.push({ code: 'OFFLINE', detail: 'it is not connected' });
  const { refused } = node;
  if (refused && desired && refused.epoch === desired.epoch && refused.sequence === desired.sequence) {
    reasons.push(refused.reason);
  }
  return reasons;
}

/** One row a flow that is desired or runs, by name. */
export function flowDifferences(node: NodeState, desired: Wanted | null): FlowWhy[] {
  const wanted = new Map((desired?.flows ?? []).map((flow) => [flow.flow, flow]));
  const found = new Map(node.flows.map((flow) => [flow.flow, flow]));
  const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return names.flatMap((flow) => {
    const [want, have] = [wanted.get(flow), found.get(flow)];
    if (!want && !have?.runningDigest) return [];
    const same = want !== undefined && have?.runningDigest === want.digest;
    const told = isTold(node, desired);
    const reason = same ? null : reasonOf(node, have, told);
    return [
      {
        flow,
        desiredVersion: want?.version ?? null,
        desiredDigest: want?.digest ?? null,
        runningVersion: have?.runningVersion ?? null,
        runningDigest: have?.runningDigest ?? null,
        same,
        reason,
        says: same ? `runs version ${want.version}, as desired` : sentence(want?.version, have, reason, told),
      },
    ];
  });
}

const isTold = ({ accepted }: NodeState, desired: Wanted | null): boolean =>
  desired === null ||
  (accepted !== null &&
    (accepted.epoch > desired.epoch ||
      (accepted.epoch === desired.epoch && accepted.sequence >= desired.sequence)));

function reasonOf(node: NodeState, have: FlowReport | undefined, told: boolean): Reason | null {
  if (!told && !node.online) return { code: 'OFFLINE', detail: 'it is offline and has not been told yet' };
  if (!told) return node.refused?.reason ?? null;
  return have?.reason ?? null;
}

function sentence(
  version: number | undefined,
  have: FlowReport | undefined,
  reason: Reason | null,
  told: boolean,
): string {
  const runs = have?.runningDigest ? `runs version ${have.runningVersion}` : 'runs nothing';
  const instead = version === undefined ? 'and should run nothing' : `and should run version ${version}`;
  const step = have?.outcome ?? have?.progress;
  const how = reason ? `${reason.code}: ${reason.detail}` : told && step ? step : 'it has not been told yet';
  return `${runs} ${instead}: ${how}`;
}
