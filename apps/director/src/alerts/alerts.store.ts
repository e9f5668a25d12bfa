/** All SQL about alerts, results, and how far each outbox has been taken in. */
import { Injectable } from '@nestjs/common';
import type { AlertSignal, AlertState, FieldValue, ResultMessage, Severity } from '@millrace/schemas';
import { jsonWithoutNul } from '../fleet/node-text.js';
import type { SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';

export interface AlertRow {
  id: string;
  node_id: string;
  node_name: string;
  flow: string;
  version: string;
  module: string;
  key: string | null;
  t: number;
  received_at: Date;
  severity: Severity;
  state: AlertState;
  message: string;
  values: Record<string, FieldValue>;
  acknowledged_by: string | null;
  acknowledged_at: Date | null;
  cleared_t: number | null;
  cleared_at: Date | null;
}

/** So many alerts that stand alike. */
export interface OpenTally {
  flow: string;
  state: 'raised' | 'acknowledged';
  severity: Severity;
  n: number;
}

/** Without the signal, which only one route reads. */
const columns = `id, node_id, node_name, flow, version, module, key, t, received_at, severity, state, message, values,
  acknowledged_by, acknowledged_at, cleared_t, cleared_at`;

export interface AlertChoice {
  state?: string;
  severity?: string;
  node?: string;
  flow?: string;
}

export interface ResultRow {
  id: string;
  node_id: string;
  flow: string;
  version: string;
  module: string;
  received_at: Date;
  records: Record<string, FieldValue>[];
}

/** Result messages kept a flow; older ones go. */
export const RESULTS_KEPT = 1_000;

@Injectable()
export class AlertsStore {
  /** The last number taken in; the row is held, so that two ways in are taken one after the other. */
  async through(tx: SqlTx, node: string, channel: 'alert' | 'result'): Promise<number> {
    await tx.sql(
      'INSERT INTO outbox_progress (node_id, channel, through) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING',
      [node, channel],
    );
    const rows = await tx.sql<{ through: string }>(
      'SELECT through FROM outbox_progress WHERE node_id = $1 AND channel = $2 FOR UPDATE',
      [node, channel],
    );
    return Number(rows[0]?.through ?? 0);
  }

  async takenThrough(tx: SqlTx, node: string, channel: 'alert' | 'result', through: number): Promise<void> {
    await tx.sql('UPDATE outbox_progress SET through = $3 WHERE node_id = $1 AND channel = $2', [
      node,
      channel,
      through,
    ]);
  }

  async raise(
    tx: SqlTx,
    row: Omit<AlertRow, 'acknowledged_by' | 'acknowledged_at' | 'cleared_t' | 'cleared_at'>,
    signal: AlertSignal | undefined,
  ): Promise<void> {
    await tx.sql(
      `INSERT INTO alerts (id, node_id, node_name, flow, version, module, key, t, received_at, severity, state,
         message, values, signal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        row.id,
        row.node_id,
        row.node_name,
        row.flow,
        row.version,
        row.module,
        row.key,
        row.t,
        row.received_at,
        row.severity,
        row.state,
        row.message,
        jsonWithoutNul(row.values),
        signal ? jsonWithoutNul(signal) : null,
      ],
    );
  }

  /** Clears what is open of the same node, flow, module and key. */
  clear(
    tx: SqlTx,
    of: Pick<AlertRow, 'node_id' | 'flow' | 'module' | 'key'>,
    t: number,
    at: Date,
  ): Promise<AlertRow[]> {
    return tx.sql<AlertRow>(
      `UPDATE alerts SET state = 'cleared', cleared_t = $5, cleared_at = $6
       WHERE node_id = $1 AND flow = $2 AND module = $3 AND key IS NOT DISTINCT FROM $4 AND state <> 'cleared'
       RETURNING ${columns}`,
      [of.node_id, of.flow, of.module, of.key, t, at],
    );
  }

  page(tx: SqlTx, choice: AlertChoice, after: string | undefined, take: number): Promise<AlertRow[]> {
    return tx.sql<AlertRow>(
      `SELECT ${columns} FROM alerts WHERE ($5::text IS NULL OR id < $5) AND ${chosen} ORDER BY id DESC LIMIT $6`,
      [...valuesOf(choice), after ?? null, take],
    );
  }

  /** How many there are of each state and severity. */
  tally(tx: SqlTx, choice: AlertChoice): Promise<{ state: AlertState; severity: Severity; n: number }[]> {
    return tx.sql(
      `SELECT state, severity, count(*)::int AS n FROM alerts WHERE ${chosen} GROUP BY 1, 2`,
      valuesOf(choice),
    );
  }

  async signal(tx: SqlTx, id: string): Promise<{ signal: AlertSignal | null } | undefined> {
    return (await tx.sql<{ signal: AlertSignal | null }>('SELECT signal FROM alerts WHERE id = $1', [id]))[0];
  }

  async keepSignal(tx: SqlTx, id: string, signal: AlertSignal): Promise<void> {
    await tx.sql('UPDATE alerts SET signal = $2 WHERE id = $1', [id, jsonWithoutNul(signal)]);
  }

  /** Those that are not cleared, counted by what they have in common. */
  open(tx: SqlTx): Promise<OpenTally[]> {
    return tx.sql<OpenTally>(
      `SELECT flow, state, severity, count(*)::int AS n FROM alerts WHERE state IN ('raised', 'acknowledged')
       GROUP BY 1, 2, 3`,
    );
  }

  /** How many came in each minute, by flow. Ids begin with the time, so the newest lie at the end of the key. */
  raisedByMinute(tx: SqlTx, from: Date, to: Date): Promise<{ flow: string; minute: number; n: number }[]> {
    return tx.sql(
      `SELECT flow, floor(extract(epoch FROM received_at) / 60)::int AS minute, count(*)::int AS n
       FROM alerts WHERE id >= $1 AND received_at >= $2 AND received_at < $3 GROUP BY 1, 2`,
      [newId(from.getTime(), new Uint8Array(10)), from, to],
    );
  }

  /** Held until the transaction ends. */
  async hold(tx: SqlTx, id: string): Promise<AlertRow | undefined> {
    return (await tx.sql<AlertRow>(`SELECT ${columns} FROM alerts WHERE id = $1 FOR UPDATE`, [id]))[0];
  }

  async acknowledge(tx: SqlTx, id: string, by: string, at: Date): Promise<void> {
    await tx.sql(
      `UPDATE alerts SET state = 'acknowledged', acknowledged_by = $2, acknowledged_at = $3 WHERE id = $1`,
      [id, by, at],
    );
  }

  async keepResult(
    tx: SqlTx,
    id: string,
    node: string,
    result: Omit<ResultMessage, 'number'>,
    at: Date,
  ): Promise<void> {
    const { flow, version, module, records } = result;
    await tx.sql(
      `INSERT INTO results (id, node_id, flow, version, module, received_at, records)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, node, flow, version, module, at, jsonWithoutNul(records)],
    );
  }

  async dropOldResults(tx: SqlTx, flow: string): Promise<void> {
    await tx.sql(
      `DELETE FROM results WHERE flow = $1 AND id <=
         (SELECT id FROM results WHERE flow = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
      [flow, RESULTS_KEPT],
    );
  }

  results(tx: SqlTx, flow: string, after: string | undefined, take: number): Promise<ResultRow[]> {
    return tx.sql<ResultRow>(
      'SELECT * FROM results WHERE flow = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3',
      [flow, after ?? null, take],
    );
  }
}

/** Of parameters 1 to 4. */
const chosen = `($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR severity = $2)
  AND ($3::text IS NULL OR node_id = $3 OR node_name = $3) AND ($4::text IS NULL OR flow = $4)`;
const valuesOf = ({ state, severity, node, flow }: AlertChoice) => [
  state ?? null,
  severity ?? null,
  node ?? null,
  flow ?? null,
];
