/** The states of an alert, as a table; and how rows become what the API shows. Pure. */
import type { Alert, AlertState, Result } from '@millrace/schemas';
import type { AlertRow, ResultRow } from './alerts.store.js';

/** `cleared` is the flow's own word, `acknowledged` a person's. */
export const alertMoves = {
  raised: ['acknowledged', 'cleared'],
  acknowledged: ['cleared'],
  cleared: [],
} as const satisfies Record<AlertState, readonly AlertState[]>;

export const mayBecome = (from: AlertState, to: AlertState): boolean =>
  (alertMoves[from] as readonly AlertState[]).includes(to);

export const alertOf = (row: AlertRow): Alert => ({
  id: row.id,
  t: row.t,
  receivedAt: row.received_at.toISOString(),
  node: row.node_id,
  nodeName: row.node_name,
  flow: row.flow,
  version: Number(row.version),
  module: row.module,
  key: row.key,
  severity: row.severity,
  state: row.state,
  message: row.message,
  values: row.values,
  acknowledgedBy: row.acknowledged_by,
  acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
  clearedT: row.cleared_t,
  clearedAt: row.cleared_at?.toISOString() ?? null,
});

export const resultOf = (row: ResultRow): Result => ({
  id: row.id,
  receivedAt: row.received_at.toISOString(),
  node: row.node_id,
  flow: row.flow,
  version: Number(row.version),
  module: row.module,
  records: row.records,
});
