/** What a promotion would do, before it is done: the alias, the flows that follow it, who changes, who cannot. */
import { Checkbox } from '@mantine/core';
import type { PlannedFlow, PromotionPlan } from '@millrace/schemas';
import { Link } from 'wouter';
import { Places } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { bytes, count, many } from '../../ui/units.js';
import plan from '../deploy/plan-view.module.css';
import { Figure, PlannedWaves } from '../deploy/plan-view.js';
import classes from './promotions.module.css';
import { planSays } from './words.js';

interface PromotionPlanProps {
  plan: PromotionPlan;
  /** Why somebody else must approve it; undefined: nobody must. */
  approval?: string;
  /** False while a newer one is asked for. */
  fresh?: boolean;
  /** With it flows can be left out. */
  onLeaveOut?(flow: string): void;
}

export function PromotionPlanView({ plan: of, approval, fresh = true, onLeaveOut }: PromotionPlanProps) {
  const { flows, nodes, offline, conflicts, bytesToFetch, valid } = of;
  return (
    <div className={plan.plan} aria-busy={!fresh} data-stale={!fresh || undefined} role="status">
      <p className={classes.line}>{planSays(of)}</p>
      {valid && (
        <dl className={classes.figures}>
          <Figure n={count(nodes)} is={nodes > 0 ? 'busy' : 'off'}>
            {nodes === 1 ? 'node' : 'nodes'}
          </Figure>
          <Figure n={count(offline)} is="off">
            offline
          </Figure>
          <Figure n={bytes(bytesToFetch)}>to fetch</Figure>
          <Figure n={count(conflicts)} is={conflicts > 0 ? 'broken' : undefined}>
            cannot
          </Figure>
        </dl>
      )}
      {!valid && (
        <p className={classes.line}>
          <State is="broken">It would be refused: mend the flow or the model, or leave the flow out</State>
        </p>
      )}
      {approval !== undefined && <p className={classes.warning}>{approval}</p>}
      {flows.map((flow) => (
        <Flow key={flow.flow} of={flow} onLeaveOut={onLeaveOut} />
      ))}
    </div>
  );
}

function Flow({ of, onLeaveOut }: { of: PlannedFlow; onLeaveOut?(flow: string): void }) {
  const { flow, fromVersion, version, published, problems, deployments } = of;
  return (
    <section className={classes.flow} aria-label={flow}>
      <h3>
        {onLeaveOut && (
          <Checkbox aria-label={`Bring ${flow} along`} checked onChange={() => onLeaveOut(flow)} />
        )}
        <Link href={`/flows/${encodeURIComponent(flow)}/versions?to=${fromVersion}`}>
          {flow}@{fromVersion}
        </Link>{' '}
        <span>
          {problems.length > 0
            ? 'does not pass its checks'
            : `becomes @${version}, ${published ? 'published anew' : 'which is there already'}`}
        </span>
      </h3>
      {problems.length > 0 && (
        <div className={classes.problems}>
          <Places places={problems} />
        </div>
      )}
      {deployments.length === 0 && problems.length === 0 && (
        <p className={classes.meta}>Assigned to no group: it is published, and no node changes.</p>
      )}
      {deployments.map(({ group, groupName, fromVersion: before, nodes, bytesToFetch, waves }) => (
        <div key={group} className={classes.group}>
          <p className={classes.meta}>
            <Link href={`/nodes/groups/${encodeURIComponent(group)}`}>{groupName}</Link>
            {before === null ? ', where it never ended well' : `, where @${before} is assigned`}:{' '}
            {many(nodes.length, 'node')}, {bytes(bytesToFetch)} to fetch
          </p>
          <PlannedWaves waves={waves} nodes={nodes} of={`${flow} to ${groupName}`} />
        </div>
      ))}
    </section>
  );
}
