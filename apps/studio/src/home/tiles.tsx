/** Four numbers, each a link to what it counts. */
import type { Overview } from '@millrace/schemas';
import { count, many } from '../ui/units.js';
import { Tile } from '../ui/tile.js';
import classes from './home.module.css';

const UNDER_WAY = filtered('/deployments', 'state=in=(rolling,paused,soaking)');
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;

export function Tiles({ overview: { nodes, flows, deployments, alerts } }: { overview: Overview }) {
  const deployed = flows.filter(({ nodesDesired }) => nodesDesired > 0);
  const well = deployed.filter(({ nodesDesired, nodesRunning }) => nodesRunning === nodesDesired);
  const failing = flows.reduce((sum, flow) => sum + flow.nodesFailing, 0);
  const worst = SEVERITIES.find((severity) => (alerts.bySeverity[severity] ?? 0) > 0);
  return (
    <div className={classes.tiles}>
      <Tile
        to={nodes.offline > 0 ? filtered('/nodes', 'status==offline') : '/nodes'}
        label="Nodes online"
        value={of(nodes.online, nodes.total)}
        note={
          [
            nodes.offline > 0 && `${count(nodes.offline)} offline`,
            nodes.notAsDesired > 0 && `${count(nodes.notAsDesired)} not as desired`,
          ]
            .filter(Boolean)
            .join(', ') || (nodes.total === 0 ? 'none has joined yet' : 'all as desired')
        }
        is={nodes.total === 0 ? undefined : nodes.offline > 0 ? 'look' : 'good'}
      />
      <Tile
        to="/flows"
        label="Flows running as desired"
        value={of(well.length, deployed.length)}
        note={
          failing > 0
            ? `failing on ${many(failing, 'node')}`
            : flows.length > deployed.length
              ? `${count(flows.length - deployed.length)} not deployed`
              : ' '
        }
        is={
          failing > 0
            ? 'broken'
            : deployed.length === 0
              ? undefined
              : well.length === deployed.length
                ? 'good'
                : 'look'
        }
      />
      <Tile
        to={deployments.underway > 0 ? UNDER_WAY : '/deployments'}
        label="Deployments under way"
        value={count(deployments.underway)}
        note={deployments.underway > 0 ? 'watch them' : 'nothing is on its way'}
        is={deployments.underway > 0 ? 'busy' : undefined}
      />
      <Tile
        to={filtered('/alerts', 'state==raised')}
        label="Alerts now"
        value={count(alerts.raised)}
        note={
          alerts.raised + alerts.acknowledged === 0
            ? 'all is quiet'
            : `${count(alerts.acknowledged)} acknowledged${worst ? `, worst is ${worst}` : ''}`
        }
        is={alerts.raised > 0 ? 'broken' : undefined}
      />
    </div>
  );
}

function of(part: number, whole: number) {
  return (
    <>
      {count(part)}
      <span className={classes.of}> of {count(whole)}</span>
    </>
  );
}

function filtered(path: string, filter: string): string {
  return `${path}?${new URLSearchParams({ filter })}`;
}
