/** What a node asks over HTTPS: its desired state, the bytes that it names; and what people ask: why. */
import { Injectable } from '@nestjs/common';
import { flowDifferences, nodeReasons, type NodeState } from '@millrace/fleet';
import {
  Failure,
  type DesiredPayload,
  type DownloadReply,
  type NodeWhy,
  type SignedDesired,
} from '@millrace/schemas';
import type { z } from 'zod';
import type { NodePrincipal, Principal } from '../access/principal.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { Presence } from '../fleet/presence.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { ObjectStore } from '../platform/objects/store.js';
import { DeploymentsStore } from './deployments.store.js';
import { DesiredStore, type DesiredRow } from './desired.store.js';
import { Dispatch } from './dispatch.js';
import { Releases } from './releases.js';
import { Rollouts } from './rollouts.js';

/** A link is asked for again to resume, so it may be short: a stolen one is soon worth nothing. */
const LINK_SECONDS = 60;

@Injectable()
export class NodeDesiredService {
  constructor(
    private readonly database: Database,
    private readonly desired: DesiredStore,
    private readonly deployments: DeploymentsStore,
    private readonly rollouts: Rollouts,
    private readonly dispatch: Dispatch,
    private readonly releases: Releases,
    private readonly objects: ObjectStore,
    private readonly fleet: FleetReader,
    private readonly presence: Presence,
  ) {}

  /** The state, and null for it when the node has it already (`known` is the digest that it has). */
  async current(
    { organization, node }: NodePrincipal,
    known: string | undefined,
  ): Promise<{ digest: string; signed: SignedDesired | null }> {
    this.presence.heard(organization, node);
    const row = await this.row(organization, node);
    if (known === row.digest) return { digest: row.digest, signed: null };
    return { digest: row.digest, signed: await this.dispatch.signed(organization, row) };
  }

  /** One link for one digest that the node's own desired state names, or that a runtime of it does. */
  async download(
    { organization, node }: NodePrincipal,
    digest: string,
  ): Promise<z.infer<typeof DownloadReply>> {
    this.presence.heard(organization, node);
    const row = await this.row(organization, node);
    const { flows } = JSON.parse(row.payload) as DesiredPayload;
    const resources = flows.flatMap((flow) => Object.values(flow.resources));
    const runtimes = resources.filter(({ kind }) => kind === 'runtime').map((one) => one.digest);
    const blob = await this.database.withinSql(organization, async (tx) => {
      const named =
        resources.some((one) => one.digest === digest || one.contract?.digest === digest) ||
        (runtimes.length > 0 && (await this.releases.isPieceOf(tx, digest, runtimes)));
      return named ? this.releases.blob(tx, digest) : undefined;
    });
    if (!blob) {
      throw new Failure(
        'deployments.download-refused',
        `${digest} is not part of what node ${node} is to run. Read GET /v1/agent/desired again.`,
      );
    }
    const { url, expiresAt } = await this.objects.link(blob.key, LINK_SECONDS);
    return { url, size: blob.size, expiresAt };
  }

  why(who: Principal, idOrName: string): Promise<NodeWhy> {
    return this.database.withinSql(who.organization, async (tx) => {
      const node = await this.fleet.node(tx, idOrName);
      if (!node)
        throw new Failure('fleet.node-unknown', `There is no node ${idOrName}. GET /v1/nodes lists them.`);
      const row = await this.desired.find(tx, node.id);
      const desired = row ? (JSON.parse(row.payload) as DesiredPayload) : null;
      const { accepted_epoch: epoch, accepted_sequence: sequence } = node;
      const state: NodeState = {
        online: node.online,
        revoked: node.revoked_at !== null,
        accepted: epoch === null || sequence === null ? null : { epoch, sequence: Number(sequence) },
        refused: node.refused,
        flows: node.flows,
      };
      const flows = flowDifferences(state, desired);
      const waiting = await this.waiting(tx, node.id);
      return {
        node: node.id,
        name: node.name,
        status: node.revoked_at ? 'revoked' : node.online ? 'online' : 'offline',
        same: waiting.length === 0 && flows.every((flow) => flow.same),
        reasons: nodeReasons(state, desired),
        flows,
        waiting,
      };
    });
  }

  /** Deployments in which it has its place and its turn has not come. */
  private async waiting(tx: SqlTx, node: string): Promise<NodeWhy['waiting']> {
    const targets = (await this.deployments.targetsOfNodes(tx, [node])).filter(
      (target) => target.outcome === null && target.progress === 'waiting',
    );
    const deployments = await this.deployments.several(
      tx,
      targets.map((target) => target.deployment_id),
    );
    return [...deployments.values()].map(({ id, flow, version, state, says }) => ({
      deployment: id,
      flow,
      version,
      says: `the deployment is ${state}: ${says}`,
    }));
  }

  /** A node that has just joined may ask before anybody has looked at it. */
  private async row(organization: string, node: string): Promise<DesiredRow> {
    const find = () => this.database.withinSql(organization, (tx) => this.desired.find(tx, node));
    const row = await find();
    if (row) return row;
    await this.rollouts.advance(organization);
    const made = await find();
    if (!made) throw new Error(`node ${node} has no desired state after a round`);
    return made;
  }
}
