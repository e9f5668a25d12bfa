/**
 * What each node should be, whole, from its placements: composed, numbered and kept, not yet published.
 *
 * Guarantee: a state that says something else, or must be issued anew, gets a higher number; one that says the
 * same keeps it, so that nothing is sent for nothing. It happens in the transaction of whoever changed the
 * placements. Signing and sending is dispatch's.
 */
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { canonicalBytes, mergeClaims, nodeStrategy, resolveParameters, type Claim } from '@millrace/fleet';
import type { DesiredFlow, DesiredPayload } from '@millrace/schemas';
import { FleetReader, type WantedFlow } from '../fleet/fleet.reader.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';
import { DeploymentsStore, type DeploymentRow } from './deployments.store.js';
import { DesiredStore, type NewDesired } from './desired.store.js';

/** How long a state may be installed; it is issued anew at two thirds. What runs goes on for ever. */
export const LIFE_MS = 7 * 86_400_000;
/** Nodes composed at a time: each holds its documents in memory. */
const AT_A_TIME = 100;

export interface Told {
  epoch: number;
  sequence: number;
  /** By flow: what the node is to run, and which deployment brings it. */
  flows: Map<string, { digest: string; deployment: string }>;
}

interface Placed extends Claim {
  deployment: DeploymentRow;
  group: string;
  attempt: number;
}

@Injectable()
export class DesiredStates {
  constructor(
    private readonly desired: DesiredStore,
    private readonly deployments: DeploymentsStore,
    private readonly assignments: AssignmentsStore,
    private readonly fleet: FleetReader,
    private readonly clock: Clock,
  ) {}

  /**
   * Composes the states of these nodes anew. `anew` names nodes that get a new number in any case, with the
   * least that it may be. `epoch` is the length of the organization's chain of keys.
   */
  async raise(
    tx: SqlTx,
    nodes: readonly string[],
    epoch: number,
    anew: ReadonlyMap<string, number> = new Map(),
  ): Promise<Map<string, Told>> {
    const told = new Map<string, Told>();
    for (let i = 0; i < nodes.length; i += AT_A_TIME) {
      await this.raiseSome(tx, nodes.slice(i, i + AT_A_TIME), epoch, anew, told);
    }
    return told;
  }

  private async raiseSome(
    tx: SqlTx,
    nodes: readonly string[],
    epoch: number,
    anew: ReadonlyMap<string, number>,
    told: Map<string, Told>,
  ): Promise<void> {
    const before = await this.desired.several(tx, nodes);
    const placed = await this.placed(tx, nodes);
    const parameters = await this.fleet.parametersOf(tx, nodes);
    const groups = await this.fleet.groups(tx);
    const releases = await this.deployments.releases(tx, [
      ...new Set([...placed.values()].flat().map((one) => one.deployment.id)),
    ]);
    const now = this.clock.now();
    const rows: NewDesired[] = [];
    const wanted = new Map<string, WantedFlow[]>();
    for (const [node, ofNode] of parameters) {
      const { wins } = mergeClaims(placed.get(node) ?? []);
      const flows = wins.flatMap((claim): DesiredFlow[] => {
        const { deployment } = claim;
        const release = releases.get(deployment.id);
        if (!release) return [];
        const { flow, version, digest, strategy } = deployment;
        const layers = [
          groups.get(claim.group)?.parameters[flow] ?? {},
          ofNode[flow] ?? {},
          deployment.parameters,
        ];
        const { values } = resolveParameters(release.document.parameters ?? {}, layers);
        const { document, resources } = release;
        return [
          {
            flow,
            version,
            digest,
            document,
            parameters: values,
            resources,
            priority: claim.priority,
            strategy: nodeStrategy(strategy),
            ...(claim.attempt > 1 && { attempt: claim.attempt }),
          },
        ];
      });
      const old = before.get(node);
      const flowsDigest = digestOf(flows);
      const isSame = old?.flows_digest === flowsDigest && old.epoch === epoch && !anew.has(node);
      const sequence = isSame
        ? Number(old.sequence)
        : Math.max(Number(old?.sequence ?? 0) + 1, anew.get(node) ?? 0);
      told.set(node, {
        epoch,
        sequence,
        flows: new Map(
          wins.map(({ flow, deployment }) => [
            flow,
            { digest: deployment.digest, deployment: deployment.id },
          ]),
        ),
      });
      if (isSame) continue;
      wanted.set(node, flows.map(standing));
      const payload: DesiredPayload = {
        organization: tx.organization,
        node,
        epoch,
        sequence,
        issuedAt: now,
        expiresAt: now + LIFE_MS,
        ...(old && { previous: old.digest }),
        flows,
      };
      const bytes = canonicalBytes(payload);
      rows.push({
        node_id: node,
        epoch,
        sequence,
        digest: hash(bytes),
        flows_digest: flowsDigest,
        payload: Buffer.from(bytes).toString('utf8'),
        issued_at: new Date(now).toISOString(),
        expires_at: new Date(now + LIFE_MS).toISOString(),
      });
    }
    if (rows.length > 0) await this.desired.save(tx, rows);
    this.fleet.want(tx, wanted);
  }

  private async placed(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, Placed[]>> {
    const placements = await this.assignments.placementsOf(tx, nodes);
    const deployments = await this.deployments.several(tx, [
      ...new Set(placements.map((one) => one.deployment_id)),
    ]);
    const attempts = new Map(
      (await this.deployments.targetsOfNodes(tx, nodes)).map((target) => [
        `${target.deployment_id} ${target.node_id}`,
        target.attempt,
      ]),
    );
    const groups = await this.fleet.groups(tx);
    const result = new Map<string, Placed[]>();
    for (const { node_id, assignment_id, deployment_id } of placements) {
      const deployment = deployments.get(deployment_id);
      if (!deployment) continue;
      const group = deployment.group_id;
      const claim: Placed = {
        assignment: assignment_id,
        flow: deployment.flow,
        priority: groups.get(group)?.priority ?? 0,
        deployment,
        group,
        attempt: attempts.get(`${deployment_id} ${node_id}`) ?? 1,
      };
      result.set(node_id, [...(result.get(node_id) ?? []), claim]);
    }
    return result;
  }
}

/** Without the document: what is compared with what runs. */
const standing = ({ flow, version, digest }: DesiredFlow): WantedFlow => ({ flow, version, digest });

const digestOf = (value: unknown): string => hash(canonicalBytes(value));
const hash = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
