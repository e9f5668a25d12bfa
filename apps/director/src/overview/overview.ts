/** How what the rooms have answered becomes the overview. Pure. */
import { Severity, type FlowOverview, type Overview } from '@millrace/schemas';
import type { OpenTally } from '../alerts/alerts.reader.js';
import type { FlowStanding } from '../fleet/fleet.reader.js';
import { MINUTE_MS, perSecond, series, type Counts } from '../fleet/minutes.js';

export interface Answers {
  /** Minutes counted from 1970; `to` is the first that is not shown. */
  hour: { from: number; to: number };
  glance: {
    nodes: { total: number; online: number; notAsDesired: number };
    flows: FlowStanding[];
    minutes: (Counts & { minute: number; flow: string })[];
  };
  /** By flow; 0 when nothing was published. */
  versions: ReadonlyMap<string, number>;
  underway: number;
  open: OpenTally[];
  raised: { flow: string; minute: number; n: number }[];
}

/** Every flow that there is, and every one that nodes have, by name. */
export function overviewOf(answers: Answers): Overview {
  const { hour, glance, versions, underway, open } = answers;
  const { total, online, notAsDesired } = glance.nodes;
  const names = [...new Set([...versions.keys(), ...glance.flows.map(({ flow }) => flow)])].sort();
  const minutes = grouped(glance.minutes);
  const raised = grouped(answers.raised);
  const alerts = grouped(open);
  const standings = new Map(glance.flows.map((one) => [one.flow, one]));
  return {
    at: new Date(hour.to * MINUTE_MS).toISOString(),
    nodes: { total, online, offline: total - online, notAsDesired },
    flows: names.map((name): FlowOverview => {
      const rows = minutes.get(name) ?? [];
      const standing = standings.get(name);
      const rates = series(hour, rows, (row) => perSecond(row.records));
      return {
        name,
        latestVersion: versions.get(name) || null,
        nodesDesired: standing?.desired ?? 0,
        nodesRunning: standing?.running ?? 0,
        nodesFailing: standing?.failing ?? 0,
        nodesOffline: standing?.offline ?? 0,
        recordsPerSecond: rates.at(-1) ?? null,
        alertsRaised: sum(alerts.get(name) ?? [], (one) => (one.state === 'raised' ? one.n : 0)),
        rates,
        alerts: series(hour, raised.get(name) ?? [], (one) => one.n).map((n) => n ?? 0),
        bytesIn: sum(rows, (row) => row.bytesIn),
        bytesOut: sum(rows, (row) => row.bytesOut),
      };
    }),
    deployments: { underway },
    alerts: {
      raised: sum(open, (one) => (one.state === 'raised' ? one.n : 0)),
      acknowledged: sum(open, (one) => (one.state === 'acknowledged' ? one.n : 0)),
      bySeverity: Object.fromEntries(
        Severity.options.map((severity) => [
          severity,
          sum(open, (one) => (one.severity === severity ? one.n : 0)),
        ]),
      ) as Record<Severity, number>,
    },
  };
}

const sum = <Row>(rows: readonly Row[], valueOf: (row: Row) => number): number =>
  rows.reduce((total, row) => total + valueOf(row), 0);

function grouped<Row extends { flow: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.flow);
    if (group) group.push(row);
    else groups.set(row.flow, [row]);
  }
  return groups;
}
