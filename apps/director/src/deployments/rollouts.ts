/**
 * Moves deployments on: asks the rules for the next step, takes it, and asks again until there is one to wait for.
 *
 * Guarantee: a step and everything that follows from it (placements, desired states, targets) are one
 * transaction, under one lock an organization. It may run twice, or after a crash: it looks at the tables.
 */
import { Injectable } from '@nestjs/common';
import {
  applyReport,
  endsTargets,
  failed,
  mayBecome,
  nextStep,
  type RolloutTarget,
  type Step,
} from '@millrace/fleet';
import type { DeploymentState, ReasonCode } from '@millrace/schemas';
import { SigningKeys } from '../access/keys.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';
import { BY_ITSELF, DeploymentMovesStore } from './deployment-moves.store.js';
import { DeploymentsStore, type DeploymentRow, type TargetRow } from './deployments.store.js';
import { DesiredStates, type Told } from './desired.js';
import { DesiredStore } from './desired.store.js';
import { DeploymentEvents } from './events.js';
import { Memberships } from './memberships.js';
import { standOf } from './promotion-view.js';
import { PromotionsStore } from './promotions.store.js';
import { targetChange } from './target-row.js';

/** Nodes that are told in one transaction: each brings its documents. */
const AT_A_TIME = 200;
/** Steps that one deployment takes in one transaction; then it lets others come. */
const STEPS_AT_MOST = 20;

@Injectable()
export class Rollouts {
  private readonly running = new Map<string, { again: boolean; done: Promise<void> }>();

  constructor(
    private readonly database: Database,
    private readonly deployments: DeploymentsStore,
    private readonly moves: DeploymentMovesStore,
    private readonly assignments: AssignmentsStore,
    private readonly promotions: PromotionsStore,
    private readonly desiredStore: DesiredStore,
    private readonly desired: DesiredStates,
    private readonly memberships: Memberships,
    private readonly fleet: FleetReader,
    private readonly keys: SigningKeys,
    private readonly events: DeploymentEvents,
    private readonly clock: Clock,
  ) {}

  /** Everything that can move now, moves. Calls that come meanwhile are answered by one more round. */
  advance(organization: string): Promise<void> {
    const running = this.running.get(organization);
    if (running) {
      running.again = true;
      return running.done;
    }
    const state = { again: true, done: Promise.resolve() };
    const rounds = async (): Promise<void> => {
      try {
        while (state.again) {
          state.again = false;
          await this.round(organization);
        }
      } finally {
        this.running.delete(organization);
      }
    };
    this.running.set(organization, state);
    state.done = rounds();
    return state.done;
  }

  /** Length of the chain of keys: part of the number of every desired state. */
  async epoch(organization: string): Promise<number> {
    return (await this.keys.publicKeys(organization)).at(-1)?.epoch ?? 0;
  }

  private async round(organization: string): Promise<void> {
    const epoch = await this.epoch(organization);
    const locked = <T>(work: (tx: SqlTx) => Promise<T>): Promise<T> =>
      this.database.withinSql(organization, async (tx) => {
        await this.deployments.lock(tx);
        return work(tx);
      });
    while ((await locked((tx) => this.memberships.follow(tx, epoch, AT_A_TIME))) === AT_A_TIME);
    while ((await locked((tx) => this.reissue(tx, epoch))) === AT_A_TIME);
    const ids = await this.database.withinSql(organization, (tx) => this.deployments.unfinished(tx));
    for (const id of ids) while (await locked((tx) => this.moveOn(tx, id, epoch)));
  }

  private async reissue(tx: SqlTx, epoch: number): Promise<number> {
    const due = await this.desiredStore.due(tx, new Date(this.clock.now()), AT_A_TIME);
    if (due.size > 0) await this.desired.raise(tx, [...due.keys()], epoch, due);
    return due.size;
  }

  /** True when there is more to do at once. */
  private async moveOn(tx: SqlTx, id: string, epoch: number): Promise<boolean> {
    const online = await this.fleet.online(tx);
    for (let steps = 0; steps < STEPS_AT_MOST; steps += 1) {
      const deployment = await this.deployments.find(tx, id);
      if (!deployment) return false;
      const rows = await this.deployments.targets(tx, id);
      const names = await this.fleet.names(
        tx,
        rows.filter(failed).map((row) => row.node_id),
      );
      const targets = rows.map((row) => rolloutTarget(row, online, names.get(row.node_id)?.name));
      const step = nextStep(rolloutOf(deployment), targets, this.clock.now());
      if (step.step === 'wait') {
        // What stopped or ended it is what a person wants to read afterwards.
        if (deployment.state !== 'paused' && !endsTargets(deployment.state))
          await this.deployments.change(tx, id, { says: step.says });
        return false;
      }
      await this.take(tx, deployment, step, rows, epoch);
      if (step.step === 'start') return true;
    }
    return true;
  }

  private async take(
    tx: SqlTx,
    deployment: DeploymentRow,
    step: Step,
    rows: readonly TargetRow[],
    epoch: number,
  ): Promise<void> {
    const { id } = deployment;
    const now = new Date(this.clock.now());
    if (step.step === 'start') return this.start(tx, deployment, step.nodes.slice(0, AT_A_TIME), epoch);
    if (step.step === 'next-wave') return this.nextWave(tx, deployment, step.wave);
    if (step.step === 'fill-up') {
      return this.deployments.changeTargets(tx, id, step.nodes, { wave: step.wave });
    }
    if (step.step === 'clock') {
      const deadline = step.deadline === null ? null : new Date(step.deadline);
      return this.deployments.changeTargets(tx, id, step.nodes, { deadline });
    }
    if (step.step === 'become') return this.become(tx, deployment, step.state, step.says, epoch);
    if (step.step === 'wait') return;
    const asleep = new Set(rows.filter((row) => row.progress === 'waiting').map((row) => row.node_id));
    const end = async (nodes: string[], code: ReasonCode, detail: string): Promise<void> => {
      await this.deployments.changeTargets(tx, id, nodes, {
        outcome: 'timed-out',
        reason: { code, detail },
        deadline: null,
        ended_at: now,
      });
      this.events.targetsMoved(tx, deployment, nodes);
    };
    await end(
      step.nodes.filter((node) => asleep.has(node)),
      'OFFLINE',
      'it was offline until the time was up',
    );
    await end(
      step.nodes.filter((node) => !asleep.has(node)),
      'TIMED_OUT',
      'it did not prove itself in time',
    );
  }

  private async nextWave(tx: SqlTx, deployment: DeploymentRow, wave: number): Promise<void> {
    const { id, state, waves } = deployment;
    const says = `wave ${wave} of ${waves} begins`;
    await this.deployments.change(tx, id, { wave });
    await this.moves.add(tx, id, { at: new Date(this.clock.now()), state, wave, actor: BY_ITSELF, says });
    this.events.deploymentMoved(tx, { ...deployment, wave, says });
  }

  /** Tells these nodes to run it. */
  private async start(
    tx: SqlTx,
    deployment: DeploymentRow,
    nodes: readonly string[],
    epoch: number,
  ): Promise<void> {
    const { id, strategy } = deployment;
    const now = this.clock.now();
    await this.assignments.place(tx, deployment.assignment_id, id, nodes);
    await this.deployments.changeTargets(tx, id, nodes, {
      progress: 'offered',
      outcome: null,
      reason: null,
      ended_at: null,
      started_at: new Date(now),
      deadline: new Date(now + strategy.probationMs + strategy.timeoutMs),
    });
    const told = await this.desired.raise(tx, nodes, epoch);
    await this.noteTold(tx, deployment, told);
    this.events.targetsMoved(tx, deployment, nodes);
  }

  private async noteTold(
    tx: SqlTx,
    deployment: DeploymentRow,
    told: ReadonlyMap<string, Told>,
  ): Promise<void> {
    const { id, flow, digest } = deployment;
    const now = this.clock.now();
    for (const [node, { epoch, sequence, flows }] of told) {
      const wins = flows.get(flow);
      if (wins?.digest !== digest) {
        const by = wins && (await this.deployments.find(tx, wins.deployment));
        const detail = by
          ? `group ${by.group_name} has a higher priority and gives it version ${by.version} of ${flow}`
          : `it is to run nothing of ${flow}`;
        await this.deployments.changeTargets(tx, id, [node], {
          outcome: 'superseded',
          reason: { code: 'SUPERSEDED', detail },
          deadline: null,
          ended_at: new Date(now),
        });
        continue;
      }
      const fresh = { ...newTarget, digest, told: { epoch, sequence }, progress: 'offered' as const };
      await this.deployments.changeTargets(tx, id, [node], {
        told_epoch: epoch,
        told_sequence: String(sequence),
      });
      // A node that runs it already has nothing new to report: its last report counts.
      const last = await this.fleet.lastReport(tx, node);
      const answer = last && applyReport(fresh, flow, last, now);
      if (answer?.moved && answer.target.outcome === 'succeeded') {
        await this.deployments.changeTargets(tx, id, [node], targetChange(answer.target, now));
      }
    }
  }

  /** Every change of state goes through here, whoever asks for it. Under the lock. */
  async become(
    tx: SqlTx,
    deployment: DeploymentRow,
    state: DeploymentState,
    says: string,
    epoch: number,
    actor: string = BY_ITSELF,
  ): Promise<void> {
    const { id, wave } = deployment;
    if (!mayBecome(deployment.state, state))
      throw new Error(`deployment ${id}: ${deployment.state} to ${state}`);
    const now = new Date(this.clock.now());
    await this.deployments.change(tx, id, {
      state,
      says,
      soaking_since: state === 'soaking' ? now : undefined,
      ended_at: ['rolling', 'paused', 'soaking'].includes(state) ? null : now,
    });
    await this.moves.add(tx, id, { at: now, state, wave, actor, says });
    this.events.deploymentMoved(tx, { ...deployment, state, says });
    if (deployment.promotion_id !== null) await this.promotionMoved(tx, deployment.promotion_id);
    if (state === 'paused') await this.withdraw(tx, deployment, epoch);
    if (state === 'succeeded' || state === 'partial') await this.settle(tx, deployment);
    if (endsTargets(state)) await this.cancelOpen(tx, { ...deployment, state }, says);
    if (state === 'failed' || state === 'aborted') await this.pointBack(tx, deployment);
    if (state === 'rolled-back') await this.revert(tx, deployment, says, epoch);
  }

  private async promotionMoved(tx: SqlTx, id: string): Promise<void> {
    const promotion = await this.promotions.find(tx, id);
    const parts = await this.deployments.ofPromotions(tx, [id]);
    if (promotion) this.events.promotionMoved(tx, promotion, standOf(promotion, parts));
  }

  /** From now on this is what nodes that join or return get; nobody waits for the one before any more. */
  private async settle(tx: SqlTx, { id, flow, version, assignment_id }: DeploymentRow): Promise<void> {
    const assignment = await this.assignments.find(tx, assignment_id);
    const before = assignment?.settled && (await this.deployments.find(tx, assignment.settled));
    if (before && before.id !== id) {
      const says = `version ${version} of ${flow} took its place`;
      await this.cancelOpen(tx, { ...before, state: 'superseded' }, says);
    }
    await this.assignments.point(tx, assignment_id, { current: id, settled: id });
  }

  /** Nodes that were told and have not begun are told the old again: no further node starts. */
  private async withdraw(tx: SqlTx, deployment: DeploymentRow, epoch: number): Promise<void> {
    const rows = await this.deployments.targets(tx, deployment.id);
    const offered = rows.filter((row) => row.outcome === null && row.progress === 'offered');
    if (offered.length === 0) return;
    await this.putBack(tx, deployment, offered);
    const nodes = offered.map((row) => row.node_id);
    await this.deployments.changeTargets(tx, deployment.id, nodes, {
      progress: 'waiting',
      told_epoch: null,
      told_sequence: null,
      deadline: null,
      started_at: null,
    });
    await this.desired.raise(tx, nodes, epoch);
    this.events.targetsMoved(tx, deployment, nodes);
  }

  /** What has not ended, ends with it. */
  async cancelOpen(tx: SqlTx, deployment: DeploymentRow, says: string): Promise<void> {
    const rows = await this.deployments.targets(tx, deployment.id);
    const open = rows.filter((row) => row.outcome === null).map((row) => row.node_id);
    await this.deployments.changeTargets(tx, deployment.id, open, {
      outcome: deployment.state === 'superseded' ? 'superseded' : 'cancelled',
      reason: { code: 'STOPPED', detail: says },
      deadline: null,
      ended_at: new Date(this.clock.now()),
    });
    if (open.length > 0) this.events.targetsMoved(tx, deployment, open);
  }

  /** Every node that follows it gets back what it had proved to run before. Those that ran it have not failed. */
  async revert(tx: SqlTx, deployment: DeploymentRow, says: string, epoch: number): Promise<void> {
    const placements = await this.assignments.placements(tx, deployment.assignment_id);
    const mine = new Set(
      placements.filter((one) => one.deployment_id === deployment.id).map((one) => one.node_id),
    );
    const rows = (await this.deployments.targets(tx, deployment.id)).filter((row) => mine.has(row.node_id));
    await this.putBack(tx, deployment, rows);
    const ran = rows.filter((row) => row.outcome === 'succeeded').map((row) => row.node_id);
    await this.deployments.changeTargets(tx, deployment.id, ran, {
      outcome: 'cancelled',
      reason: { code: 'STOPPED', detail: `it ran version ${deployment.version} and was taken back: ${says}` },
      ended_at: new Date(this.clock.now()),
    });
    await this.pointBack(tx, deployment);
    await this.memberships.settle(
      tx,
      rows.map((row) => row.node_id),
      epoch,
    );
    this.events.targetsMoved(tx, deployment, ran);
  }

  /** The assignment stands where it stood before; one that never stood goes, unless nodes still follow it. */
  private async pointBack(tx: SqlTx, deployment: DeploymentRow): Promise<void> {
    const { assignment_id, settled_before: settled } = deployment;
    const left = await this.assignments.placements(tx, assignment_id);
    if (settled === null && left.length === 0) await this.assignments.remove(tx, assignment_id);
    else await this.assignments.point(tx, assignment_id, { current: settled, settled });
  }

  private async putBack(tx: SqlTx, deployment: DeploymentRow, rows: readonly TargetRow[]): Promise<void> {
    const byPrevious = new Map<string | null, string[]>();
    for (const { previous, node_id } of rows) {
      byPrevious.set(previous, [...(byPrevious.get(previous) ?? []), node_id]);
    }
    for (const [previous, nodes] of byPrevious) {
      if (previous === null) await this.assignments.takeAway(tx, deployment.assignment_id, nodes);
      else await this.assignments.place(tx, deployment.assignment_id, previous, nodes);
    }
  }
}

/** Before any report was looked at. */
const newTarget = { outcome: null, reason: null, seq: -1, runningSince: null, gapMs: null, lost: null };

const rolloutOf = (row: DeploymentRow) => ({
  state: row.state,
  strategy: row.strategy,
  wave: row.wave,
  waves: row.waves,
  forgiven: row.forgiven,
  soakingSince: row.soaking_since?.getTime() ?? null,
  expiresAt: row.expires_at.getTime(),
});

const rolloutTarget = (
  row: TargetRow,
  online: ReadonlySet<string>,
  name: string | undefined,
): RolloutTarget => ({
  node: row.node_id,
  name,
  wave: row.wave,
  online: online.has(row.node_id),
  progress: row.progress,
  outcome: row.outcome,
  runningSince: row.running_since?.getTime() ?? null,
  deadline: row.deadline?.getTime() ?? null,
});
