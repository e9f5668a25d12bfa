/** Alerts and results as people see them. */
import { Injectable } from '@nestjs/common';
import { matches, type Selector } from '@millrace/fleet';
import {
  Failure,
  type Alert,
  type AlertCount,
  type AlertCountQuery,
  type AlertQuery,
  type AlertSignal,
  type AlertState,
  type Page,
  type PageQuery,
  type Result,
  type Severity,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { readSelector } from '../fleet/selectors.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { Live } from '../platform/live/live.js';
import { alertOf, countOf, mayBecome, resultOf } from './alert.js';
import { AlertsStore, type AlertChoice, type AlertRow } from './alerts.store.js';

/** What a filter of alerts may name. */
const FILTER_NAMES = ['id', 'state', 'severity', 'node', 'nodeName', 'flow', 'version', 'module', 'key', 't'];
/** Rows that are looked through at a time when a filter is given. */
const LOOKED_AT = 500;

@Injectable()
export class AlertsService {
  constructor(
    private readonly database: Database,
    private readonly alerts: AlertsStore,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  list(who: Principal, query: AlertQuery): Promise<Page<Alert>> {
    const window = windowOf(query);
    const filter = filterOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      if (!filter) {
        const rows = await this.alerts.page(tx, query, window.after, window.take);
        return pageFrom(rows, window, (row) => row.id, alertOf);
      }
      const found: AlertRow[] = [];
      for await (const rows of this.find(tx, query, filter, window.after)) {
        found.push(...rows);
        if (found.length >= window.take) break;
      }
      return pageFrom(found.slice(0, window.take), window, (row) => row.id, alertOf);
    });
  }

  count(who: Principal, query: AlertCountQuery): Promise<AlertCount> {
    const filter = filterOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      if (!filter) return countOf(await this.alerts.tally(tx, query));
      const found: { state: AlertState; severity: Severity; n: number }[] = [];
      for await (const rows of this.find(tx, query, filter))
        found.push(...rows.map(({ state, severity }) => ({ state, severity, n: 1 })));
      return countOf(found);
    });
  }

  /** What the flow saw around it. */
  signal(who: Principal, id: string): Promise<AlertSignal> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.alerts.signal(tx, id);
      if (!row) throw missing(id);
      if (row.signal) return row.signal;
      throw new Failure(
        'alerts.no-signal',
        `Alert ${id} came without what the flow saw: its agent is older, its condition reads no number, or signalMs is 0.`,
      );
    });
  }

  get(who: Principal, id: string): Promise<Alert> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.alerts.hold(tx, id);
      if (!row) throw missing(id);
      return alertOf(row);
    });
  }

  /** Says that somebody has seen it. The second to do so changes nothing. */
  acknowledge(who: Principal, id: string): Promise<Alert> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.alerts.hold(tx, id);
      if (!row) throw missing(id);
      if (row.state === 'acknowledged') return alertOf(row);
      if (!mayBecome(row.state, 'acknowledged')) {
        throw new Failure(
          'alerts.illegal-move',
          `Alert ${id} is ${row.state}; there is nothing to acknowledge any more.`,
        );
      }
      const at = new Date(this.clock.now());
      await this.alerts.acknowledge(tx, id, who.actor, at);
      const alert = alertOf({
        ...row,
        state: 'acknowledged',
        acknowledged_by: who.actor,
        acknowledged_at: at,
      });
      this.audit.record(tx, who, { action: 'alerts.acknowledge', subject: `alert:${id}` });
      tx.afterCommit(() =>
        this.live.publish(who.organization, { type: 'alert.acknowledged', subject: id, data: alert }),
      );
      return alert;
    });
  }

  results(who: Principal, flow: string, query: PageQuery): Promise<Page<Result>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = await this.alerts.results(tx, flow, window.after, window.take);
      return pageFrom(rows, window, (row) => row.id, resultOf);
    });
  }

  /** Newest first, in portions; whoever has enough stops asking. */
  private async *find(
    tx: SqlTx,
    choice: AlertChoice,
    filter: Selector,
    after?: string,
  ): AsyncGenerator<AlertRow[]> {
    for (let from = after; ;) {
      const rows = await this.alerts.page(tx, choice, from, LOOKED_AT);
      yield rows.filter((row) => matches(filter, subjectOf(row)));
      from = rows.at(-1)?.id;
      if (rows.length < LOOKED_AT) return;
    }
  }
}

const filterOf = ({ filter }: AlertCountQuery): Selector | undefined =>
  filter === undefined ? undefined : readSelector(filter, '/filter', FILTER_NAMES);

const missing = (id: string): Failure =>
  new Failure('alerts.not-found', `There is no alert ${id}. GET /v1/alerts lists them, newest first.`);

const subjectOf = (row: AlertRow) => {
  const { id, state, severity, flow, version, module, key, t } = row;
  const values: Record<string, string | number | null> = {
    id,
    state,
    severity,
    flow,
    version,
    module,
    key,
    t,
    node: row.node_id,
    nodeName: row.node_name,
  };
  return { valueOf: (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined) };
};
