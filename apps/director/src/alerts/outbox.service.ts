/**
 * Takes in what nodes' outboxes send up: alerts and results, by MQTT and by HTTPS the same.
 *
 * Guarantee: each number of a node counts once, and is acknowledged only after the commit; so nothing is lost
 * and nothing doubled, whatever dies in between. A node sends each channel in the order of its numbers.
 */
import { Injectable } from '@nestjs/common';
import type {
  Ack,
  AlertMessage,
  AlertSignal,
  OutboxReply,
  OutboxRequest,
  ResultMessage,
} from '@millrace/schemas';
import type { z } from 'zod';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { Live } from '../platform/live/live.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { withoutNul } from '../fleet/node-text.js';
import { alertOf, joined } from './alert.js';
import { AlertsStore, type AlertRow } from './alerts.store.js';

@Injectable()
export class OutboxService {
  private lastMoment = 0;

  constructor(
    private readonly database: Database,
    private readonly alerts: AlertsStore,
    private readonly fleet: FleetReader,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  /** Answers with how far each channel that came is committed. */
  async recordAll(
    organization: string,
    node: string,
    { alerts, results }: z.infer<typeof OutboxRequest>,
  ): Promise<z.infer<typeof OutboxReply>> {
    const acks: z.infer<typeof Ack>[] = [];
    if (alerts?.length) {
      acks.push({ channel: 'alert', through: await this.recordAlerts(organization, node, alerts) });
    }
    if (results?.length) {
      acks.push({ channel: 'result', through: await this.recordResults(organization, node, results) });
    }
    return { acks };
  }

  /** Returns the number through which everything is committed. */
  recordAlerts(organization: string, node: string, messages: readonly AlertMessage[]): Promise<number> {
    return this.once(organization, node, 'alert', messages, async (tx, fresh) => {
      const name = (await this.fleet.names(tx, [node])).get(node)?.name ?? node;
      for (const message of fresh) {
        if (message.change === 'raised') await this.raise(tx, node, name, message);
        else await this.clear(tx, node, message);
      }
    });
  }

  recordResults(organization: string, node: string, messages: readonly ResultMessage[]): Promise<number> {
    return this.once(organization, node, 'result', messages, async (tx, fresh) => {
      const now = this.clock.now();
      for (const { number: _, ...result } of fresh) {
        const kept = { ...result, flow: withoutNul(result.flow), module: withoutNul(result.module) };
        await this.alerts.keepResult(tx, this.nextId(), node, kept, new Date(now));
      }
      for (const flow of new Set(fresh.map((message) => message.flow)))
        await this.alerts.dropOldResults(tx, flow);
    });
  }

  private once<Message extends { number: number }>(
    organization: string,
    node: string,
    channel: 'alert' | 'result',
    messages: readonly Message[],
    take: (tx: SqlTx, fresh: Message[]) => Promise<void>,
  ): Promise<number> {
    return this.database.withinSql(organization, async (tx) => {
      const through = await this.alerts.through(tx, node, channel);
      const byNumber = new Map(messages.map((message) => [message.number, message]));
      const fresh = [...byNumber.values()]
        .filter((message) => message.number > through)
        .sort((a, b) => a.number - b.number);
      const last = fresh.at(-1);
      if (!last) return through;
      await take(tx, fresh);
      await this.alerts.takenThrough(tx, node, channel, last.number);
      return last.number;
    });
  }

  /** Ids sort by time; each gets a millisecond of its own, so that a batch keeps its order in lists. */
  private nextId(): string {
    this.lastMoment = Math.max(this.clock.now(), this.lastMoment + 1);
    return newId(this.lastMoment);
  }

  private async raise(tx: SqlTx, node: string, name: string, message: AlertMessage): Promise<void> {
    const now = this.clock.now();
    const { version, t, severity, values } = message;
    const row = {
      id: this.nextId(),
      node_id: node,
      node_name: name,
      ...originOf(message),
      version: String(version),
      t,
      received_at: new Date(now),
      severity,
      state: 'raised' as const,
      message: withoutNul(message.message),
      values,
    };
    await this.alerts.raise(tx, row, sound(message.signal));
    const none = { acknowledged_by: null, acknowledged_at: null, cleared_t: null, cleared_at: null };
    this.tell(tx, 'alert.raised', { ...row, ...none });
  }

  private async clear(tx: SqlTx, node: string, message: AlertMessage): Promise<void> {
    const at = new Date(this.clock.now());
    for (const row of await this.alerts.clear(tx, { node_id: node, ...originOf(message) }, message.t, at)) {
      await this.goOn(tx, row.id, sound(message.signal));
      this.tell(tx, 'alert.cleared', row);
    }
  }

  private async goOn(tx: SqlTx, id: string, signal: AlertSignal | undefined): Promise<void> {
    if (!signal) return;
    const before = (await this.alerts.signal(tx, id))?.signal ?? null;
    await this.alerts.keepSignal(tx, id, joined(before, signal));
  }

  private tell(tx: SqlTx, type: string, row: AlertRow): void {
    tx.afterCommit(() => this.live.publish(tx.organization, { type, subject: row.id, data: alertOf(row) }));
  }
}

/** An alert is worth more than its signal: one whose lists are not of one length is left out. */
const sound = (signal: AlertSignal | undefined): AlertSignal | undefined =>
  signal && Object.values(signal.fields).every((values) => values.length === signal.t.length)
    ? signal
    : undefined;

/** What an alert is about: it is cleared by another message about the same. */
const originOf = ({ flow, module, key }: AlertMessage) => ({
  flow: withoutNul(flow),
  module: withoutNul(module),
  key: key === null ? null : withoutNul(key),
});
