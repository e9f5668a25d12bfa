/**
 * What people do with promotions: plan, promote, approve, reject, watch, take back.
 *
 * Guarantee: the alias, the flow versions and the deployments of a promotion are one transaction: it is whole or
 * not begun. Whoever may not deploy, or promotes to an alias that is guarded, needs somebody else's approval.
 */
import { Injectable } from '@nestjs/common';
import { mayAct, type PromotionAction } from '@millrace/fleet';
import {
  Failure,
  type Page,
  type Promotion,
  type PromotionCreate,
  type PromotionPlan,
  type PromotionQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { assertWithin } from '../access/limits.js';
import { nameOf, type Principal } from '../access/principal.js';
import { AliasMoves, type HeldAlias } from '../catalogue/alias-moves.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { Publication } from '../flows/publication.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { assertMatch } from '../platform/http/etag.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { newId } from '../platform/id.js';
import { AssignmentsStore } from './assignments.store.js';
import { Deploying, isNewest } from './deploying.js';
import { DeploymentsStore, type DeploymentRow } from './deployments.store.js';
import { DeploymentEvents } from './events.js';
import { assertFit, PromotionDrawing, type Drawn } from './promotion-drawing.js';
import { promotionOf, promotionPlanOf, standOf } from './promotion-view.js';
import { PromotionsStore, type PromotionRow, type StandingPromotion } from './promotions.store.js';
import { Rollouts } from './rollouts.js';

/** Rows that are looked through at a time when a state is asked for: it is not kept, but follows. */
const LOOKED_AT = 100;

@Injectable()
export class PromotionsService {
  constructor(
    private readonly database: Database,
    private readonly promotions: PromotionsStore,
    private readonly drawing: PromotionDrawing,
    private readonly aliases: AliasMoves,
    private readonly publication: Publication,
    private readonly deploying: Deploying,
    private readonly deployments: DeploymentsStore,
    private readonly assignments: AssignmentsStore,
    private readonly rollouts: Rollouts,
    private readonly fleet: FleetReader,
    private readonly audit: Audit,
    private readonly events: DeploymentEvents,
    private readonly clock: Clock,
  ) {}

  /** With the revision of the alias that it looked at. */
  plan(who: Principal, wanted: PromotionCreate): Promise<{ plan: PromotionPlan; revision: number }> {
    return this.database.withinSql(who.organization, async (tx) => {
      const drawn = await this.drawing.draw(tx, who, wanted, false);
      const plan = promotionPlanOf(drawn, needsApproval(who, drawn.held));
      return { plan, revision: drawn.held.before?.revision ?? 0 };
    });
  }

  async promote(who: Principal, wanted: PromotionCreate, ifMatch: string | undefined): Promise<Promotion> {
    const epoch = await this.rollouts.epoch(who.organization);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const drawn = await this.drawing.draw(tx, who, wanted, true);
      const { before, resource, alias } = drawn.held;
      if (ifMatch !== undefined) assertMatch(ifMatch, before?.revision ?? 0, before);
      this.assertMay(who, drawn);
      const awaits = needsApproval(who, drawn.held);
      const now = this.clock.now();
      const row: PromotionRow = {
        id: newId(now),
        resource_id: resource.id,
        resource: resource.name,
        alias,
        from_version: before?.version ?? null,
        to_version: wanted.version,
        digest: drawn.digest,
        alias_revision: before?.revision ?? 0,
        decision: awaits ? 'awaiting' : 'going',
        says: awaits ? `${nameOf(who)} asks for it; somebody else must approve` : 'it begins',
        note: wanted.note ?? null,
        strategy: wanted.strategy ?? {},
        chosen: wanted.flows ?? null,
        flows: flowsOf(drawn),
        created_by: who.actor,
        person: who.person,
        created_at: new Date(now),
        decided_by: null,
        decided_at: null,
      };
      await this.supersede(tx, who, row);
      await this.promotions.create(tx, row);
      const details = { resource: row.resource, alias, from: row.from_version, to: row.to_version, awaits };
      this.audit.record(tx, who, {
        action: 'promotions.promote',
        subject: `promotion:${row.id}`,
        details: { ...details, flows: row.flows },
      });
      if (!awaits) {
        const revision = await this.begin(tx, who, row, drawn, epoch);
        const { decision, says, decided_by, decided_at } = row;
        await this.promotions.decide(tx, row.id, {
          decision,
          says,
          decided_by,
          decided_at,
          alias_revision: revision,
        });
      }
      return this.told(tx, row.id);
    });
  }

  /** By another person; everything is drawn up again, as it is now. */
  async approve(who: Principal, id: string): Promise<Promotion> {
    const epoch = await this.rollouts.epoch(who.organization);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const row = await this.allowed(tx, id, 'approve');
      if (row.person === who.person) {
        throw new Failure(
          'deployments.promotion-own',
          'You asked for this promotion yourself. Let somebody else with promotions.approve look at it.',
        );
      }
      const drawn = await this.drawing.draw(tx, who, wantedOf(row), true);
      const { before } = drawn.held;
      if ((before?.revision ?? 0) !== row.alias_revision) {
        throw new Failure(
          'deployments.promotion-illegal-move',
          `${row.resource}@${row.alias} was moved to version ${before?.version} since this was asked for. Reject it, and promote anew.`,
        );
      }
      this.assertMay(who, drawn);
      const flows = flowsOf(drawn);
      const revision = await this.begin(tx, who, row, drawn, epoch);
      await this.promotions.decide(tx, id, {
        ...this.by(who, 'going', `approved by ${nameOf(who)}`),
        flows,
        alias_revision: revision,
      });
      this.audit.record(tx, who, {
        action: 'promotions.approve',
        subject: `promotion:${id}`,
        details: { flows },
      });
      return this.told(tx, id);
    });
  }

  reject(who: Principal, id: string, note: string | undefined): Promise<Promotion> {
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      await this.allowed(tx, id, 'reject');
      const says = `rejected by ${nameOf(who)}${note ? `: ${note}` : ''}`;
      await this.promotions.decide(tx, id, this.by(who, 'rejected', says));
      this.audit.record(tx, who, {
        action: 'promotions.reject',
        subject: `promotion:${id}`,
        details: { note: note ?? null },
      });
      return this.told(tx, id);
    });
  }

  /** The alias back, and every node back to what it had proved to run before; also while it is rolling. */
  async revert(who: Principal, id: string): Promise<Promotion> {
    const epoch = await this.rollouts.epoch(who.organization);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const row = await this.allowed(tx, id, 'revert');
      const parts = await this.deployments.ofPromotions(tx, [id]);
      assertWithin(
        who,
        parts.map((one) => ({ id: one.group_id, name: one.group_name })),
      );
      const held = await this.aliases.stand(tx, row.resource, row.alias, true);
      const back = row.from_version ?? row.to_version;
      const note = `promotion ${id} was taken back`;
      await this.aliases.move(tx, who, held, { version: back, note, promotion: id });
      const says = `taken back by ${nameOf(who)}`;
      const left: string[] = [];
      for (const part of parts) {
        if (!(await this.takeBack(tx, who, part, says, epoch)))
          left.push(`${part.flow} to ${part.group_name}`);
      }
      const others = left.length > 0 ? `; others had taken the place of ${left.join(', ')}` : '';
      await this.promotions.decide(
        tx,
        id,
        this.by(who, 'reverted', `${says}: ${row.alias} is version ${back} again${others}`),
      );
      this.audit.record(tx, who, {
        action: 'promotions.revert',
        subject: `promotion:${id}`,
        details: { resource: row.resource, alias: row.alias, to: back, left },
      });
      this.events.wakeAdvance(tx);
      return this.told(tx, id);
    });
  }

  list(who: Principal, query: PromotionQuery): Promise<Page<Promotion>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const found: Promotion[] = [];
      let { after } = window;
      for (;;) {
        const take = query.state === undefined ? window.take : LOOKED_AT;
        const rows = await this.promotions.page(tx, query, after, take);
        const shown = await this.shown(tx, rows);
        found.push(...shown.filter((one) => query.state === undefined || one.state === query.state));
        after = rows.at(-1)?.id;
        if (found.length >= window.take || rows.length < take) break;
      }
      return pageFrom(
        found.slice(0, window.take),
        window,
        (one) => one.id,
        (one) => one,
      );
    });
  }

  get(who: Principal, id: string): Promise<Promotion> {
    return this.database.withinSql(who.organization, async (tx) => this.one(tx, await this.found(tx, id)));
  }

  /** Moves the alias, publishes and deploys. Returns the revision of the alias. */
  private async begin(
    tx: SqlTx,
    who: Principal,
    { id, note }: PromotionRow,
    { held, version, flows }: Drawn,
    epoch: number,
  ): Promise<number> {
    const { revision } = await this.aliases.move(tx, who, held, { version, note, promotion: id });
    for (const { drawn, deployments } of flows) {
      await this.publication.keep(tx, who, drawn);
      for (const { prepared } of deployments) await this.deploying.deploy(tx, who, prepared, epoch, id);
    }
    return revision;
  }

  /** False: it is not its turn any more to say what these nodes run. */
  private async takeBack(
    tx: SqlTx,
    who: Principal,
    part: DeploymentRow,
    says: string,
    epoch: number,
  ): Promise<boolean> {
    const assignment = await this.assignments.find(tx, part.assignment_id);
    if (!assignment || part.state === 'rolled-back') return true;
    if (part.state === 'aborted') {
      // Nodes that were left with it when it was stopped.
      if (assignment.current !== part.settled_before) return false;
      await this.rollouts.revert(tx, part, says, epoch);
      return true;
    }
    if (!mayAct(part.state, 'rollback', 0) || !isNewest(part, assignment)) return false;
    await this.rollouts.become(tx, part, 'rolled-back', says, epoch, who.actor);
    return true;
  }

  private async supersede(tx: SqlTx, who: Principal, row: PromotionRow): Promise<void> {
    for (const { id } of await this.promotions.awaiting(tx, row.resource_id, row.alias)) {
      const says = `${nameOf(who)} promoted version ${row.to_version} instead`;
      await this.promotions.decide(tx, id, this.by(who, 'superseded', says));
      this.audit.record(tx, who, {
        action: 'promotions.supersede',
        subject: `promotion:${id}`,
        details: { by: row.id },
      });
      await this.told(tx, id);
    }
  }

  private by(who: Principal, decision: PromotionRow['decision'], says: string) {
    return { decision, says, decided_by: who.actor, decided_at: new Date(this.clock.now()) };
  }

  private assertMay(who: Principal, drawn: Drawn): void {
    assertWithin(
      who,
      drawn.flows.flatMap((one) => one.deployments.map(({ prepared }) => prepared.group)),
    );
    assertFit(drawn);
  }

  private async allowed(tx: SqlTx, id: string, action: PromotionAction): Promise<StandingPromotion> {
    const row = await this.found(tx, id);
    const { actions, state } = await this.one(tx, row);
    if (actions.includes(action)) return row;
    const why =
      row.decision === 'going' && action === 'revert'
        ? `${row.resource}@${row.alias} was new with it, or has moved since`
        : `it is ${state}`;
    throw new Failure(
      'deployments.promotion-illegal-move',
      `${action} is not possible for promotion ${id}: ${why}. It allows ${actions.join(', ') || 'nothing'}.`,
    );
  }

  /** As it is shown, and told to whoever listens. */
  private async told(tx: SqlTx, id: string): Promise<Promotion> {
    const row = await this.found(tx, id);
    const parts = await this.deployments.ofPromotions(tx, [id]);
    this.events.promotionMoved(tx, row, standOf(row, parts));
    return this.one(tx, row);
  }

  private async one(tx: SqlTx, row: StandingPromotion): Promise<Promotion> {
    const [shown] = await this.shown(tx, [row]);
    if (!shown) throw new Error(`promotion ${row.id} is not shown`);
    return shown;
  }

  private async shown(tx: SqlTx, rows: readonly StandingPromotion[]): Promise<Promotion[]> {
    const parts = await this.deployments.ofPromotions(
      tx,
      rows.map((row) => row.id),
    );
    const tallies = await this.deployments.tally(
      tx,
      parts.map((part) => part.id),
      await this.fleet.online(tx),
    );
    return rows.map((row) =>
      promotionOf(
        row,
        parts.filter((part) => part.promotion_id === row.id),
        tallies,
      ),
    );
  }

  private async found(tx: SqlTx, id: string): Promise<StandingPromotion> {
    const row = await this.promotions.find(tx, id);
    if (row) return row;
    throw new Failure(
      'deployments.promotion-not-found',
      `There is no promotion ${id}. GET /v1/promotions lists them.`,
    );
  }
}

/** Whoever may not deploy by themselves does not deploy by promoting either. */
const needsApproval = (who: Principal, { before }: HeldAlias): boolean =>
  before?.approval === true || !who.permissions.has('deployments.write');

const flowsOf = ({ flows }: Drawn): PromotionRow['flows'] =>
  flows.map(({ flow, fromVersion, version }) => ({ flow, fromVersion, version }));

const wantedOf = (row: PromotionRow): PromotionCreate => ({
  resource: row.resource,
  version: row.to_version,
  alias: row.alias,
  strategy: row.strategy,
  ...(row.note !== null && { note: row.note }),
  ...(row.chosen && { flows: row.chosen }),
});
