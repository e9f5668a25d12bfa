/** What a deployment would do, before it is done: how many change, what is fetched, who cannot and why. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { Plan, PlannedNode } from '@millrace/schemas';
import { Loading, WentWrong } from '../../ui/page.js';
import { State, type Standing } from '../../ui/state.js';
import { bytes, count, many } from '../../ui/units.js';
import classes from './plan-view.module.css';

const NAMED = 40;

interface PlanViewProps {
  plan: UseQueryResult<Plan>;
  /** Why there is none yet. */
  waiting: string | undefined;
  /** False while a newer one is asked for. */
  fresh: boolean;
}

export function PlanView({ plan, waiting, fresh }: PlanViewProps) {
  if (waiting !== undefined) return <p className={classes.waiting}>{waiting}</p>;
  if (plan.error) return <WentWrong error={plan.error} retry={plan.refetch} />;
  if (plan.data === undefined) return <Loading lines={5} />;
  const { nodes, offline, bytesToFetch, conflicts, waves } = plan.data;
  const changing = nodes.filter(({ change }) => change !== 'none').length;
  return (
    <div className={classes.plan} aria-busy={!fresh} data-stale={!fresh || undefined} role="status">
      <h2>Plan</h2>
      <dl className={classes.figures}>
        <Figure n={count(changing)} is={changing > 0 ? 'busy' : 'off'}>
          {changing === 1 ? 'node changes' : 'nodes change'}
        </Figure>
        <Figure n={count(offline)} is="off">
          offline
        </Figure>
        <Figure n={bytes(bytesToFetch)}>to fetch</Figure>
        <Figure n={count(conflicts)} is={conflicts > 0 ? 'broken' : undefined}>
          cannot
        </Figure>
      </dl>
      {nodes.length === 0 && (
        <p className={classes.waiting}>The group is empty: nodes that join it get the flow.</p>
      )}
      <PlannedWaves waves={waves} nodes={nodes} />
    </div>
  );
}

interface PlannedWavesProps extends Pick<Plan, 'waves' | 'nodes'> {
  /** Names them for who cannot see them, where a page has several plans: `pump-watch to line-1`. */
  of?: string;
}

/** Who changes in each wave; who cannot comes first, with the reasons. */
export function PlannedWaves({ waves, nodes, of }: PlannedWavesProps) {
  return waves.map((size, index) => {
    const mine = nodes.filter(({ wave }) => wave === index + 1);
    return (
      <section
        key={index}
        aria-label={`Wave ${index + 1}${of === undefined ? '' : ` of ${of}`}`}
        className={classes.wave}
      >
        <h3>
          Wave {index + 1} <span>{many(size, 'node')}</span>
        </h3>
        <ul>
          {mine
            .toSorted((a, b) => b.conflicts.length - a.conflicts.length)
            .slice(0, NAMED)
            .map((node) => (
              <Planned key={node.node} node={node} />
            ))}
        </ul>
        {mine.length > NAMED && <p className={classes.more}>and {count(mine.length - NAMED)} more</p>}
      </section>
    );
  });
}

export function Figure({ n, is, children }: { n: string; is?: Standing; children: string }) {
  return (
    <div data-is={is}>
      <dt>{children}</dt>
      <dd>{n}</dd>
    </div>
  );
}

function Planned({ node }: { node: PlannedNode }) {
  const { nodeName, online, conflicts } = node;
  return (
    <li>
      <span className={classes.node} title={nodeName}>
        {nodeName}
      </span>
      {conflicts.length > 0 ? (
        <State is="broken">cannot</State>
      ) : online ? (
        <span className={classes.change}>{changeOf(node)}</span>
      ) : (
        <State is="off">offline, later</State>
      )}
      {conflicts.map((why) => (
        <span key={why} className={classes.why}>
          {why}
        </span>
      ))}
    </li>
  );
}

function changeOf({ change, fromVersion, bytesToFetch }: PlannedNode): string {
  const fetched = bytesToFetch > 0 ? `, ${bytes(bytesToFetch)}` : '';
  if (change === 'start') return `starts it${fetched}`;
  if (change === 'replace') return `from @${fromVersion}${fetched}`;
  if (change === 'parameters') return 'new parameters';
  return 'runs it already';
}
