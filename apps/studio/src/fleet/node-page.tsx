/** One node: what it should run and what it runs, why these differ, and all that is known of it. */
import { Group, Stack, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Node } from '@millrace/schemas';
import { lazy, Suspense } from 'react';
import { useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { Ident } from '../ui/ident.js';
import { Loading, Page, Show } from '../ui/page.js';
import { When } from '../ui/when.js';
import { NodeActions } from './node-actions.js';
import { NodeFacts } from './node-facts.js';
import { NodeFlows } from './node-flows.js';
import { NodeSettings } from './node-settings.js';
import { NodeTimeline } from './node-timeline.js';
import { NodeWhyCard } from './node-why.js';
import { Quiet, StandsAs } from './parts.js';
import { standingOf } from './standing.js';

const NodeMetrics = lazy(() => import('./node-metrics.js'));
const NodeLogs = lazy(() => import('./node-logs.js'));

const TABS = ['timeline', 'metrics', 'logs', 'flows', 'facts', 'settings'] as const;

export function NodePage({ id }: { id: string }) {
  const node = useQuery({ queryKey: ['fleet', 'node', id], queryFn: () => api().fleet.node(id) });
  return (
    <Page
      title={node.data?.name ?? 'Node'}
      beside={node.data && <Head node={node.data} />}
      actions={node.data && <NodeActions node={node.data} />}
    >
      <Show of={node} lines={8}>
        {(data) => (
          <Stack>
            <NodeWhyCard node={data} />
            <NodeTabs node={data} />
          </Stack>
        )}
      </Show>
    </Page>
  );
}

function Head({ node }: { node: Node }) {
  return (
    <Group gap="sm">
      <StandsAs as={standingOf(node)} soft />
      <Quiet>
        last seen <When at={node.seenAt} />
      </Quiet>
      <Ident id={node.id} label="node id" />
    </Group>
  );
}

function NodeTabs({ node }: { node: Node }) {
  const [search, setSearch] = useSearchParams();
  const asked = search.get('tab');
  const tab = TABS.find((one) => one === asked) ?? 'timeline';
  return (
    <Tabs
      value={tab}
      onChange={(to) => setSearch(to === null || to === 'timeline' ? {} : { tab: to }, { replace: true })}
      keepMounted={false}
    >
      <Tabs.List mb="md" aria-label="About the node">
        {TABS.map((one) => (
          <Tabs.Tab key={one} value={one}>
            {one[0]!.toUpperCase() + one.slice(1)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Suspense fallback={<Loading />}>
        <Tabs.Panel value="timeline">
          <NodeTimeline id={node.id} />
        </Tabs.Panel>
        <Tabs.Panel value="metrics">
          <NodeMetrics node={node} />
        </Tabs.Panel>
        <Tabs.Panel value="logs">
          <NodeLogs node={node} />
        </Tabs.Panel>
        <Tabs.Panel value="flows">
          <NodeFlows node={node} />
        </Tabs.Panel>
        <Tabs.Panel value="facts">
          <NodeFacts node={node} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <NodeSettings key={node.id} node={node} />
        </Tabs.Panel>
      </Suspense>
    </Tabs>
  );
}
