/** One deployment as it goes: its waves and gates, why nodes stand aside, every target, and what happened. */
import { useQuery } from '@tanstack/react-query';
import { each, take } from '@millrace/client';
import type { Deployment, DeploymentMove } from '@millrace/schemas';
import { Link, useSearchParams } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { usePages } from '../../data/pages.js';
import { Ident } from '../../ui/ident.js';
import { Card, Page, Show } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { count, duration, many } from '../../ui/units.js';
import { When } from '../../ui/when.js';
import { addressOf } from '../promotions/words.js';
import { sentence, STATES, swapCost, versionBefore, withNames } from '../words.js';
import { Buttons } from './buttons.js';
import classes from './deployment-page.module.css';
import { Lanes } from './lanes.js';
import { Reasons } from './reasons.js';
import { Targets } from './targets.js';
import { Timeline } from './timeline.js';

/** Lanes draw so many at most; the table has all. */
const DRAWN = 5_000;
const OLDER = 50;
const MOVES = 30;

export function DeploymentPage({ id }: { id: string }) {
  const deployment = useQuery({
    queryKey: ['deployments', 'one', id],
    queryFn: () => api().deployments.get(id),
  });
  return (
    <Show of={deployment} lines={8}>
      {(data) => <Watched deployment={data} />}
    </Show>
  );
}

function Watched({ deployment }: { deployment: Deployment }) {
  const { id, flow, version, group, state, says } = deployment;
  const [params, setParams] = useSearchParams();
  const who = useActors();
  const filter = params.get('filter') ?? '';
  const setFilter = (to: string) => setParams(to === '' ? {} : { filter: to }, { replace: true });
  const targets = useQuery({
    queryKey: ['deployments', 'one', id, 'targets'],
    queryFn: () =>
      take(
        each((query) => api().deployments.targets(id, query), { limit: 200 }),
        DRAWN,
      ),
  });
  const older = useQuery({
    queryKey: ['deployments', 'before', flow, group],
    queryFn: () => api().deployments.list({ flow, group, limit: OLDER }),
  });
  const moves = usePages<DeploymentMove>(['deployments', 'one', id, 'timeline'], (cursor) =>
    api().deployments.timeline(id, { limit: MOVES, cursor }),
  );
  const named = (text: string) => withNames(text, targets.data ?? [], who);
  // When it has ended, what ended it says more than that it has.
  const newest = moves.items[0];
  const why = deployment.endedAt !== null && newest?.state === state ? newest.says : says;
  const before = versionBefore(deployment, older.data?.items ?? []);
  return (
    <Page
      title={`${flow}@${version} to ${deployment.groupName}`}
      beside={
        <>
          <State is={STATES[state].is} soft>
            {STATES[state].word}
          </State>
          <Ident id={id} label="deployment" />
          {deployment.promotion !== null && (
            <Link href={addressOf(deployment.promotion)}>Part of a promotion</Link>
          )}
        </>
      }
      actions={<Buttons deployment={deployment} before={before} />}
    >
      <p className={classes.says} role="status">
        {sentence(named(why))}
      </p>
      <p className={classes.facts}>
        Begun <When at={deployment.createdAt} /> by {who(deployment.createdBy)}
        {deployment.endedAt !== null && (
          <>
            , ended <When at={deployment.endedAt} /> (took{' '}
            {duration(Date.parse(deployment.endedAt) - Date.parse(deployment.createdAt))})
          </>
        )}
        . <Link href={`/flows/${encodeURIComponent(flow)}/versions?to=${version}`}>The version</Link> ·{' '}
        <Link href={`/nodes/groups/${encodeURIComponent(group)}`}>The group</Link>
        <Parameters of={deployment.parameters} />
      </p>
      <Cost targets={targets.data ?? []} />
      <div className={classes.columns}>
        <Card title="Waves">
          <Show of={targets}>
            {(all) => (
              <Lanes
                deployment={deployment}
                targets={all}
                onOpen={(target) => setFilter(`nodeName=='${target.nodeName}'`)}
              />
            )}
          </Show>
        </Card>
        <Reasons id={id} filter={filter} onFilter={setFilter} />
      </div>
      <div className={classes.below}>
        <Targets id={id} says={named} total={deployment.targets.total} filter={filter} onFilter={setFilter} />
        <Timeline moves={moves} says={named} who={who} />
      </div>
    </Page>
  );
}

/** What it cost the nodes, once any has swapped. */
function Cost({ targets }: { targets: Parameters<typeof swapCost>[0] }) {
  const cost = swapCost(targets);
  if (cost === undefined) return null;
  return (
    <p className={classes.cost}>
      Stood still <b>{duration(cost.medianMs)}</b> (median of {many(cost.of, 'node')}, at most{' '}
      {duration(cost.worstMs)}), lost <b>{count(cost.lost)}</b> {cost.lost === 1 ? 'record' : 'records'}
    </p>
  );
}

function Parameters({ of }: { of: Deployment['parameters'] }) {
  const set = Object.entries(of);
  if (set.length === 0) return null;
  return (
    <span>
      {' '}
      · with{' '}
      <code className={classes.parameters}>{set.map(([name, value]) => `${name}=${value}`).join(' ')}</code>
    </span>
  );
}
