/**
 * A node says what it runs: its targets move, and whoever waited for that goes on.
 *
 * Guarantee: by MQTT and by HTTPS the same; late and double reports change nothing. A node that is behind is
 * told again, one that is ahead of the tables (they came from a backup) gets a higher number.
 */
import { Inject, Injectable } from '@nestjs/common';
import { applyReport, compareStates } from '@millrace/fleet';
import type { ReportPayload, SignedReport } from '@millrace/schemas';
import { NodeReports } from '../fleet/reports.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { DeploymentsStore } from './deployments.store.js';
import { DesiredStore, type DesiredRow } from './desired.store.js';
import { DeploymentEvents } from './events.js';
import { targetChange, targetOf } from './target-row.js';

/** A node that was just told may not have taken it yet. */
const TOLD_AGAIN_AFTER_MS = 10_000;

@Injectable()
export class ReportsService {
  constructor(
    private readonly database: Database,
    private readonly reports: NodeReports,
    private readonly deployments: DeploymentsStore,
    private readonly desired: DesiredStore,
    private readonly events: DeploymentEvents,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Answers with the number of the newest desired state of the node. */
  recordReport(
    organization: string,
    node: string,
    report: SignedReport,
  ): Promise<{ sequence: number; epoch: number }> {
    return this.database.withinSql(organization, async (tx) => {
      const { payload, late } = await this.reports.take(tx, node, report);
      const row = await this.desired.find(tx, node);
      if (!late) {
        await this.moveTargets(tx, payload);
        if (row) await this.heal(tx, payload, row);
        this.events.wakeAdvance(tx);
        tx.afterCommit(() => this.events.reported(organization, payload));
      }
      return { sequence: Number(row?.sequence ?? 0), epoch: row?.epoch ?? 0 };
    });
  }

  private async moveTargets(tx: SqlTx, payload: ReportPayload): Promise<void> {
    const now = this.clock.now();
    for (const row of await this.deployments.holdOpenTargets(tx, payload.node)) {
      const answer = applyReport(targetOf(row, row.digest), row.flow, payload, now);
      if ('illegal' in answer) {
        const { node, seq } = payload;
        this.log.warn(
          { node, seq, deployment: row.deployment_id, move: answer.illegal },
          'an illegal report',
        );
      }
      if (!answer.moved) continue;
      await this.deployments.changeTargets(
        tx,
        row.deployment_id,
        [row.node_id],
        targetChange(answer.target, now),
      );
      this.events.targetsMoved(tx, { id: row.deployment_id }, [row.node_id]);
    }
  }

  private async heal(tx: SqlTx, payload: ReportPayload, row: DesiredRow): Promise<void> {
    const now = this.clock.now();
    const order = compareStates(payload, { epoch: row.epoch, sequence: Number(row.sequence) });
    if (order > 0) await this.desired.askForNew(tx, payload.node, payload.sequence + 1);
    else if (order < 0 && payload.refused?.reason.code === 'EXPIRED') {
      await this.desired.askForNew(tx, payload.node, 0);
    } else if (order < 0) {
      const again = await this.desired.publishAgain(tx, payload.node, new Date(now - TOLD_AGAIN_AFTER_MS));
      if (again) this.events.wakeDispatch(tx);
    }
  }
}
