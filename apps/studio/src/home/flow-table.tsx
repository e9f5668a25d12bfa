/** Flows over all nodes: health, how much runs through them in the last hour, and how much smaller it leaves. */
import { Anchor } from '@mantine/core';
import type { FlowOverview } from '@millrace/schemas';
import { Link } from 'wouter';
import { Card } from '../ui/page.js';
import { Sparkline } from '../ui/sparkline.js';
import { State } from '../ui/state.js';
import { count, many, rate, reduction } from '../ui/units.js';
import { healthOf } from './health.js';
import classes from './home.module.css';

const SHOWN = 12;

export function FlowTable({ flows }: { flows: readonly FlowOverview[] }) {
  const shown = flows
    .toSorted(
      (a, b) =>
        b.nodesFailing - a.nodesFailing || b.alertsRaised - a.alertsRaised || b.nodesDesired - a.nodesDesired,
    )
    .slice(0, SHOWN);
  return (
    <Card
      title="Flows"
      actions={
        <Anchor component={Link} href="/flows" size="xs">
          {flows.length > SHOWN ? `All ${count(flows.length)}` : 'All flows'}
        </Anchor>
      }
    >
      {flows.length === 0 ? (
        <p className={classes.none}>
          No flow yet. <Link href="/flows?new">Draw one</Link>.
        </p>
      ) : (
        <table className={classes.flows}>
          <thead>
            <tr>
              <th scope="col">Flow</th>
              <th scope="col">Records, last hour</th>
              <th scope="col">Alerts, last hour</th>
              <th scope="col">Leaves</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((flow) => (
              <Row key={flow.name} flow={flow} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Row({ flow }: { flow: FlowOverview }) {
  const { name, latestVersion, rates, alerts, recordsPerSecond, alertsRaised, bytesIn, bytesOut } = flow;
  const health = healthOf(flow);
  const inHour = alerts.reduce((sum, one) => sum + one, 0);
  return (
    <tr>
      <th scope="row">
        <Link href={`/flows/${encodeURIComponent(name)}`} title={name} className={classes.flow}>
          {name}
          {latestVersion !== null && <span className={classes.version}>@{latestVersion}</span>}
        </Link>
        <State is={health.is}>{health.word}</State>
      </th>
      <td>
        <Sparkline values={rates} label={`Records a second of ${name}, last hour`} width={140} />
        <span className={classes.figure}>
          {recordsPerSecond === null ? 'silent' : rate(recordsPerSecond)}
        </span>
      </td>
      <td>
        <Sparkline
          kind="bars"
          values={alerts}
          label={`Alerts of ${name} by the minute, last hour`}
          width={140}
          color="var(--broken)"
        />
        <span className={classes.figure}>
          {inHour === 0 ? 'none' : many(inHour, 'alert')}
          {alertsRaised > 0 && `, ${count(alertsRaised)} now`}
        </span>
      </td>
      <td className={classes.smaller}>{reduction(bytesIn, bytesOut) ?? '–'}</td>
    </tr>
  );
}
