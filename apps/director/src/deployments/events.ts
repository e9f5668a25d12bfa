/** Says what has moved: to people at once, and to the jobs that go on from there. Always after the commit. */
import { Injectable } from '@nestjs/common';
import type { ReportPayload } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { Live } from '../platform/live/live.js';
import { Queue } from '../platform/queue/queue.js';
import type { AssignmentRow } from './assignments.store.js';
import type { DeploymentRow } from './deployments.store.js';
import type { PromotionRow } from './promotions.store.js';

export const ADVANCE = 'deployments.advance';
export const DISPATCH = 'deployments.dispatch';

/** Nodes that one event names; with more the studio asks for the page. */
const NAMED = 100;

/** Wake-ups are gathered for so long. */
const GATHERED_MS = 50;

@Injectable()
export class DeploymentEvents {
  private readonly pending = new Set<string>();

  constructor(
    private readonly live: Live,
    private readonly queue: Queue,
  ) {}

  deploymentMoved(tx: SqlTx, { id, flow, version, state, wave, says }: DeploymentRow): void {
    const data = { deployment: id, flow, version, state, wave, says };
    tx.afterCommit(() => this.live.publish(tx.organization, { type: 'deployment.moved', subject: id, data }));
  }

  promotionMoved(tx: SqlTx, row: PromotionRow, { state, says }: { state: string; says: string }): void {
    const { id, resource, alias, from_version: from, to_version: to } = row;
    const data = { promotion: id, resource, alias, from, to, state, says };
    tx.afterCommit(() => this.live.publish(tx.organization, { type: 'promotion.moved', subject: id, data }));
  }

  targetsMoved(tx: SqlTx, { id }: Pick<DeploymentRow, 'id'>, nodes: readonly string[]): void {
    if (nodes.length === 0) return;
    const data = { deployment: id, nodes: nodes.slice(0, NAMED), count: nodes.length };
    tx.afterCommit(() => this.live.publish(tx.organization, { type: 'targets.moved', subject: id, data }));
  }

  assignmentRemoved(tx: SqlTx, { id, flow, group_id }: AssignmentRow): void {
    const data = { assignment: id, flow, group: group_id };
    tx.afterCommit(() =>
      this.live.publish(tx.organization, { type: 'assignment.removed', subject: id, data }),
    );
  }

  /** What the node runs now; call it after the commit. */
  reported(organization: string, { node, flows }: ReportPayload): void {
    this.live.publish(organization, { type: 'node.reported', subject: node, data: { node, flows } });
  }

  wakeAdvance(tx: SqlTx): void {
    tx.afterCommit(() => this.wake(ADVANCE, tx.organization));
  }

  wakeDispatch(tx: SqlTx): void {
    tx.afterCommit(() => this.wake(DISPATCH, tx.organization));
  }

  /** A thousand reports at a time are one wake-up; when the process ends before it, the tick finds them. */
  private wake(name: string, organization: string): void {
    const key = `${name} ${organization}`;
    if (this.pending.has(key)) return;
    this.pending.add(key);
    setTimeout(() => {
      this.pending.delete(key);
      this.queue.wake(name, { organization });
    }, GATHERED_MS).unref();
  }
}
