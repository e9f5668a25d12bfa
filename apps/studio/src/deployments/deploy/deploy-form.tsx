/** The three steps of a deployment on one page; the plan follows what is chosen. */
import { Button, Group, Stack } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Failure, type Assignment, type DeploymentCreate } from '@millrace/schemas';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { api } from '../../data/api.js';
import { queries } from '../../data/queries.js';
import { done } from '../../ui/notify.js';
import { WentWrong } from '../../ui/page.js';
import { many } from '../../ui/units.js';
import { Allowed } from '../allowed.js';
import classes from './deploy.module.css';
import { HowStep } from './how-step.js';
import { howOf, strategyOf } from './how.js';
import { PlanView } from './plan-view.js';
import { lastGiven, valuesOf } from './values.js';
import { WhatStep } from './what-step.js';
import { WhereStep } from './where-step.js';

export interface Asked {
  flow?: string;
  version?: number;
  group?: string;
}

const SETTLE_MS = 350;
/** Deployments that are looked through for the values that were given last. */
const EARLIER = 20;

export function DeployForm({ asked, onClose }: { asked: Asked; onClose(): void }) {
  const [, go] = useLocation();
  const [flow, setFlow] = useState(asked.flow);
  const [chosen, setVersion] = useState(asked.version);
  const [group, setGroup] = useState(asked.group);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [how, setHow] = useState(() => howOf());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();

  const versions = useQuery({
    queryKey: ['flows', 'versions', flow, 'sheet'],
    queryFn: () => api().flows.versions(flow!, { limit: 200 }),
    enabled: flow !== undefined,
  });
  const version = chosen ?? versions.data?.items[0]?.version;
  const details = useQuery({
    queryKey: ['flows', 'version', flow, version],
    queryFn: () => api().flows.version(flow!, version!),
    enabled: flow !== undefined && version !== undefined,
    staleTime: 'static',
  });
  const earlier = useQuery({
    queryKey: ['deployments', 'last', flow, group],
    queryFn: () => api().deployments.list({ flow, group, limit: EARLIER }),
    enabled: flow !== undefined && group !== undefined,
  }).data?.items;
  const given = lastGiven(earlier ?? []);
  const standing = useQuery({
    queryKey: ['deployments', 'assignments', 'of', flow, group],
    queryFn: () => api().deployments.assignments({ flow, group, limit: 1 }),
    enabled: flow !== undefined && group !== undefined,
  }).data?.items[0];

  const declared = details.data?.document.parameters ?? {};
  const { values, wrong } = valuesOf(declared, given, texts);
  const ready =
    flow !== undefined && version !== undefined && group !== undefined && details.data !== undefined;
  const body: DeploymentCreate | undefined =
    ready && wrong.size === 0
      ? { flow, version, group, strategy: strategyOf(how), parameters: values }
      : undefined;
  const [settled] = useDebouncedValue(JSON.stringify(body), SETTLE_MS);
  const plan = useQuery({
    queryKey: ['deployments', 'plan', settled],
    queryFn: () => api().deployments.plan(JSON.parse(settled!) as DeploymentCreate),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
  });
  const fresh = settled === JSON.stringify(body) && !plan.isPlaceholderData;
  const nodes = plan.data?.nodes.length ?? 0;

  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const begun = await api().deployments.deploy(body!);
      done(`${flow}@${version} is on its way to ${many(begun.targets.total, 'node')}`);
      await queries.invalidateQueries({ queryKey: ['deployments'] });
      go(`/deployments/${begun.id}`);
    } catch (thrown) {
      setError(thrown as Error);
      setBusy(false);
    }
  };

  return (
    <div className={classes.sheet}>
      <div className={classes.steps}>
        <section aria-labelledby="deploy-what" className={classes.step}>
          <h2 id="deploy-what">1 What</h2>
          <WhatStep
            flow={flow}
            onFlow={(to) => {
              setFlow(to);
              setVersion(undefined);
              setTexts({});
            }}
            version={version}
            versions={versions}
            onVersion={setVersion}
            declared={declared}
            texts={texts}
            given={given}
            wrong={wrong}
            onText={(name, text) => setTexts({ ...texts, [name]: text })}
          />
        </section>
        <section aria-labelledby="deploy-where" className={classes.step}>
          <h2 id="deploy-where">2 Where</h2>
          <WhereStep group={group} onGroup={setGroup} />
          {standing && <Standing of={standing} flow={flow!} />}
        </section>
        <section aria-labelledby="deploy-how" className={classes.step}>
          <h2 id="deploy-how">3 How</h2>
          <HowStep how={how} onChange={setHow} nodes={nodes} sizes={plan.data?.waves} />
        </section>
      </div>
      <aside className={classes.plan} aria-label="Plan">
        <PlanView
          plan={plan}
          waiting={body === undefined ? missing(flow, version, group) : undefined}
          fresh={fresh}
        />
      </aside>
      <div className={classes.foot}>
        {error && <StartFailed error={error} flow={flow!} group={group!} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Allowed to="deployments.write">
            <Button
              onClick={() => void start()}
              loading={busy}
              disabled={body === undefined || plan.data === undefined || plan.error !== null}
            >
              {body === undefined || plan.data === undefined
                ? 'Deploy'
                : `Deploy ${flow}@${version} to ${many(nodes, 'node')}`}
            </Button>
          </Allowed>
        </Group>
      </div>
    </div>
  );
}

function missing(flow?: string, version?: number, group?: string): string {
  if (flow === undefined) return 'Choose a flow, and what a deployment would do appears here.';
  if (version === undefined) return `${flow} has no published version yet. Publish one in the editor first.`;
  if (group === undefined) return 'Choose a group of nodes.';
  return 'A parameter has a value that does not fit. It is marked at the left.';
}

function Standing({ of, flow }: { of: Assignment; flow: string }) {
  if (of.deployment === null)
    return of.version === null ? null : (
      <p className={classes.note}>{`The group runs ${flow}@${of.version} now.`}</p>
    );
  return (
    <p className={classes.warning} role="status">
      Another deployment of {flow} to this group is under way (
      <Link href={`/deployments/${of.deployment}`}>watch it</Link>
      ). This one takes its place: nodes that the other has not reached get this version instead, and it ends
      as superseded.
    </p>
  );
}

function StartFailed({ error, flow, group }: { error: Error; flow: string; group: string }) {
  const conflict = error instanceof Failure && error.row.status === 409;
  return (
    <Stack gap="xs">
      <WentWrong error={error} />
      {conflict && (
        <p className={classes.warning}>
          Look at{' '}
          <Link href={`/deployments?flow=${encodeURIComponent(flow)}&group=${encodeURIComponent(group)}`}>
            the deployments of {flow} to this group
          </Link>
          : wait until the one under way has ended, or abort it, and start again.
        </p>
      )}
    </Stack>
  );
}
