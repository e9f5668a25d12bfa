/** The states of an alert, as a table; and how rows become what the API shows. Pure. */
import {
  AlertState,
  Severity,
  SIGNAL_POINTS,
  type Alert,
  type AlertCount,
  type AlertSignal,
  type Result,
} from '@millrace/schemas';
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

export function countOf(rows: readonly { state: AlertState; severity: Severity; n: number }[]): AlertCount {
  const sum = (fits: (row: (typeof rows)[number]) => boolean) =>
    rows.reduce((total, row) => total + (fits(row) ? row.n : 0), 0);
  const by = <Name extends string>(names: readonly Name[], of: 'state' | 'severity') =>
    Object.fromEntries(names.map((name) => [name, sum((row) => row[of] === name)])) as Record<Name, number>;
  return {
    total: sum(() => true),
    byState: by(AlertState.options, 'state'),
    bySeverity: by(Severity.options, 'severity'),
  };
}

/** What came with the raise, and on up to the clear. A field that only one of them has is null in the other. */
export function joined(before: AlertSignal | null, after: AlertSignal): AlertSignal {
  if (!before) return after;
  const last = before.t.at(-1) ?? -Infinity;
  const first = after.t.findIndex((t) => t > last);
  const skip = first < 0 ? after.t.length : first;
  const names = [...new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])];
  const none = (signal: AlertSignal) => signal.t.map(() => null);
  return {
    t: [...before.t, ...after.t.slice(skip)].slice(0, SIGNAL_POINTS),
    fields: Object.fromEntries(
      names.map((name) => [
        name,
        [...(before.fields[name] ?? none(before)), ...(after.fields[name] ?? none(after)).slice(skip)].slice(
          0,
          SIGNAL_POINTS,
        ),
      ]),
    ),
  };
}

export const resultOf = (row: ResultRow): Result => ({
  id: row.id,
  receivedAt: row.received_at.toISOString(),
  node: row.node_id,
  flow: row.flow,
  version: Number(row.version),
  module: row.module,
  records: row.records,
});
