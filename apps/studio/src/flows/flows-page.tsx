/** All flows, with how each stands on the nodes. */
import { ActionIcon, Anchor, Button, Menu, Tooltip } from '@mantine/core';
import type { Flow, FlowOverview } from '@millrace/schemas';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Ellipsis } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { healthOf } from '../home/health.js';
import { Confirm } from '../ui/confirm.js';
import { List, type Column } from '../ui/list.js';
import { done } from '../ui/notify.js';
import { Empty, Page } from '../ui/page.js';
import { Sparkline } from '../ui/sparkline.js';
import { State } from '../ui/state.js';
import { count, rate } from '../ui/units.js';
import { When } from '../ui/when.js';

const NewFlow = lazy(() => import('./new-flow.js'));

const pathOf = (name: string) => `/flows/${encodeURIComponent(name)}`;

export function FlowsPage() {
  const [, go] = useLocation();
  const [query, setQuery] = useSearchParams();
  const may = useMay('flows.write');
  const pages = usePages(['flows', 'list'], (cursor) => api().flows.list({ cursor, limit: 100 }));
  const standing = useQuery({ queryKey: ['overview'], queryFn: () => api().overview.get() }).data;
  const byName = new Map(standing?.flows.map((flow) => [flow.name, flow]));
  const [deleting, setDeleting] = useState<Flow>();
  const create = (
    <Tooltip label="You may look at flows, but not make any" disabled={may}>
      <Button disabled={!may} onClick={() => setQuery({ new: '' })}>
        New flow
      </Button>
    </Tooltip>
  );
  return (
    <Page title="Flows" actions={create}>
      <List<Flow>
        name="flows"
        columns={columnsFor(byName, may ? setDeleting : undefined)}
        pages={pages}
        keyOf={({ name }) => name}
        open={({ name }) => go(pathOf(name))}
        empty={
          <Empty title="No flow yet" action={create}>
            A flow takes the data of sensors, cleans and aligns it, and lets a model judge it on the node.
            Draw one from nothing, from an example, or bring a file.
          </Empty>
        }
      />
      {query.has('new') && (
        <Suspense>
          <NewFlow
            taken={new Set(pages.items.map(({ name }) => name))}
            onClose={() => setQuery({}, { replace: true })}
          />
        </Suspense>
      )}
      <Deletion
        flow={deleting}
        nodes={byName.get(deleting?.name ?? '')?.nodesDesired ?? 0}
        onClose={() => setDeleting(undefined)}
      />
    </Page>
  );
}

function columnsFor(
  standing: ReadonlyMap<string, FlowOverview>,
  onDelete: ((flow: Flow) => void) | undefined,
): Column<Flow>[] {
  return [
    {
      key: 'name',
      title: 'Name',
      width: 'minmax(140px, 2fr)',
      cell: ({ name }) => (
        <Anchor component={Link} href={pathOf(name)} title={name} fw={600}>
          {name}
        </Anchor>
      ),
    },
    {
      key: 'standing',
      title: 'Standing',
      width: 'minmax(150px, 1fr)',
      cell: ({ name }) => <Standing flow={standing.get(name)} />,
    },
    {
      key: 'version',
      title: 'Version',
      width: '80px',
      cell: ({ latestVersion }) => latestVersion ?? <span>none yet</span>,
    },
    {
      key: 'records',
      title: 'Records, last hour',
      width: '176px',
      cell: ({ name }) => <Records flow={standing.get(name)} />,
    },
    {
      key: 'alerts',
      title: 'Alerts now',
      width: '90px',
      cell: ({ name }) => count(standing.get(name)?.alertsRaised ?? 0),
    },
    {
      key: 'about',
      title: 'About',
      width: 'minmax(120px, 2fr)',
      extra: true,
      cell: ({ description }) => <span title={description ?? ''}>{description}</span>,
    },
    { key: 'changed', title: 'Changed', width: '110px', cell: ({ changedAt }) => <When at={changedAt} /> },
    {
      key: 'more',
      title: 'More',
      width: '48px',
      cell: (flow) => <More flow={flow} onDelete={onDelete} />,
    },
  ];
}

function Standing({ flow }: { flow: FlowOverview | undefined }) {
  if (flow === undefined) return <State is="off">a draft</State>;
  const { is, word } = healthOf(flow);
  return <State is={is}>{word}</State>;
}

function Records({ flow }: { flow: FlowOverview | undefined }) {
  if (flow === undefined || flow.nodesDesired === 0) return null;
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 8 }}>
      <Sparkline values={flow.rates} label={`Records a second of ${flow.name}, last hour`} width={96} />
      {flow.recordsPerSecond !== null && rate(flow.recordsPerSecond)}
    </span>
  );
}

function More({ flow, onDelete }: { flow: Flow; onDelete: ((flow: Flow) => void) | undefined }) {
  const { name, latestVersion } = flow;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`More about ${name}`} size="sm" onClick={(event) => event.stopPropagation()}>
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        <Menu.Item component={Link} href={`${pathOf(name)}/versions`}>
          Versions
        </Menu.Item>
        <Menu.Item
          component={Link}
          href={`/deployments?new&flow=${encodeURIComponent(name)}&version=${latestVersion}`}
          disabled={latestVersion === null}
        >
          Deploy
        </Menu.Item>
        <Menu.Item color="red" disabled={onDelete === undefined} onClick={() => onDelete?.(flow)}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface DeletionProps {
  flow: Flow | undefined;
  /** That should run it. */
  nodes: number;
  onClose(): void;
}

function Deletion({ flow, nodes, onClose }: DeletionProps) {
  const queries = useQueryClient();
  return (
    <Confirm
      opened={flow !== undefined}
      onClose={onClose}
      title={`Delete ${flow?.name}?`}
      verb="Delete"
      act={async () => {
        if (flow === undefined) return;
        await api().flows.remove(flow.name);
        await queries.invalidateQueries({ queryKey: ['flows'] });
        done(`${flow.name} is deleted`);
      }}
    >
      {flow?.latestVersion
        ? `Its draft and its ${flow.latestVersion === 1 ? 'version' : `${flow.latestVersion} versions`} are deleted for good.`
        : 'Its draft is deleted for good.'}{' '}
      {nodes > 0
        ? `It runs on ${nodes === 1 ? 'a node' : `${nodes} nodes`}: undeploy it there first, or this is refused.`
        : 'No node runs it.'}
    </Confirm>
  );
}
