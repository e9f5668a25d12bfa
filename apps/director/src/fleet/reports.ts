/**
 * Takes in what a node says about itself, in the transaction of whoever acts on it.
 *
 * Guarantee: only what the node itself signed, about itself; one that is not newer than what is known is
 * `late` and changes nothing.
 */
import { Injectable } from '@nestjs/common';
import { Failure, type ReportPayload, type SignedReport } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { isSignedBy } from './node-key.js';
import { NodesStore } from './nodes.store.js';
import { RunsStore } from './runs.store.js';
import { StandingStore } from './standing.store.js';

export interface TakenReport {
  payload: ReportPayload;
  late: boolean;
}

@Injectable()
export class NodeReports {
  constructor(
    private readonly nodes: NodesStore,
    private readonly standing: StandingStore,
    private readonly runs: RunsStore,
    private readonly clock: Clock,
  ) {}

  async take(tx: SqlTx, node: string, { payload, signature }: SignedReport): Promise<TakenReport> {
    const held = await this.nodes.hold(tx, node);
    if (!held) throw new Failure('fleet.node-unknown', `There is no node ${node}, or it was revoked.`);
    if (payload.organization !== tx.organization || payload.node !== node) {
      throw new Failure('fleet.signature-invalid', `Node ${node} reported about node ${payload.node}.`);
    }
    if (!isSignedBy(held.signing_key, payload, signature)) {
      throw new Failure('fleet.signature-invalid', `The report is not signed with the key of node ${node}.`);
    }
    if (payload.seq <= held.report_seq) return { payload, late: true };
    const now = new Date(this.clock.now());
    const isNew = await this.nodes.keepReport(tx, payload, now);
    if (isNew) await this.runs.follow(tx, node, payload.flows, now);
    tx.beforeCommit(() => this.standing.found(tx, node, payload.flows));
    return { payload, late: false };
  }
}
