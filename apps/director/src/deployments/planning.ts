/** Gathers what a plan or a deployment needs: the release, the group, its nodes with what they run now. */
import { Injectable } from '@nestjs/common';
import { fullStrategy, type Values } from '@millrace/fleet';
import { Failure, type DeploymentCreate } from '@millrace/schemas';
import { FleetReader } from '../fleet/fleet.reader.js';
import { readSelector } from '../fleet/selectors.js';
import type { PublishedFlow } from '../flows/flows.reader.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';
import { DeploymentsStore } from './deployments.store.js';
import { assertDeclared, valuesOf } from './parameters.js';
import type { PlanNode, Prepared } from './plan.js';
import { Releases } from './releases.js';

@Injectable()
export class Planning {
  constructor(
    private readonly releases: Releases,
    private readonly deployments: DeploymentsStore,
    private readonly assignments: AssignmentsStore,
    private readonly fleet: FleetReader,
  ) {}

  /** `drawn` is a version that is about to be published. */
  async prepare(tx: SqlTx, wanted: DeploymentCreate, drawn?: PublishedFlow): Promise<Prepared> {
    const release = drawn ?? (await this.releases.find(tx, wanted.flow, wanted.version));
    const group = await this.fleet.group(tx, wanted.group);
    if (!group) {
      throw new Failure(
        'fleet.group-unknown',
        `There is no group ${wanted.group}. GET /v1/groups lists them.`,
        {
          errors: [{ pointer: '/group', detail: 'no such group' }],
        },
      );
    }
    const strategy = fullStrategy(wanted.strategy);
    for (const [i, wave] of strategy.waves.entries()) {
      if (typeof wave === 'object') readSelector(wave.selector, `/strategy/waves/${i}/selector`);
    }
    const parameters = wanted.parameters ?? {};
    assertDeclared(release, parameters);
    const runtimes = await this.releases.runtimes(tx, release);
    const nodes = await this.nodesOf(tx, wanted.flow, group);
    return { release, group, strategy, parameters, nodes, runtimes };
  }

  private async nodesOf(
    tx: SqlTx,
    flow: string,
    group: {
      id: string;
      name: string;
      selector: string | null;
      priority: number;
      parameters: Record<string, Values>;
    },
  ): Promise<PlanNode[]> {
    const members = await this.fleet.members(tx, group);
    const ids = members.map((node) => node.id);
    const parameters = await this.fleet.parametersOf(tx, ids);
    const groups = await this.fleet.groups(tx);
    const runs = await this.fleet.running(tx, ids, flow);
    const placements = await this.assignments.placementsOf(tx, ids);
    // A node that has not taken the newest, or went back from it by itself, runs what it ran before.
    const before = await this.deployments.previousOf(tx, ids, flow);
    const deployments = await this.deployments.several(tx, [
      ...new Set([...placements, ...before].map((one) => one.deployment_id)),
    ]);
    const releases = await this.deployments.releases(tx, [...deployments.keys()]);
    return members.map(({ id, name, online, labels, facts }): PlanNode => {
      const layers = [group.parameters[flow] ?? {}, parameters.get(id)?.[flow] ?? {}];
      const follows = placements
        .filter((one) => one.node_id === id)
        .flatMap((one) => deployments.get(one.deployment_id) ?? [])
        .filter((one) => one.flow === flow);
      const now = runs.get(id);
      const known = before
        .filter((one) => one.node_id === id)
        .flatMap((one) => deployments.get(one.deployment_id) ?? []);
      const brought = [...follows, ...known].find((one) => one.digest === now?.digest);
      const overruledBy = follows
        .filter(
          (one) => one.group_id !== group.id && (groups.get(one.group_id)?.priority ?? 0) > group.priority,
        )
        .map((one) => one.group_name);
      const parametersNow =
        brought?.group_id === group.id
          ? valuesOf(releases.get(brought.id), layers, brought.parameters)
          : null;
      return {
        id,
        name,
        online,
        labels,
        facts,
        layers,
        now: now ? { ...now, parameters: parametersNow } : null,
        overruledBy,
      };
    });
  }
}
