/** All nodes: how they stand, filtered as the API filters, and what can be done with many at once. */
import { Button, Group, Stack } from '@mantine/core';
import { Plus } from 'lucide-react';
import { useMemo, useState, type UIEvent } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { useMay } from '../data/me.js';
import { Count, Counts } from '../ui/counts.js';
import { FilterLine } from '../ui/filter-line.js';
import { List } from '../ui/list.js';
import { Empty, Page } from '../ui/page.js';
import { unreadOf } from '../data/unread.js';
import { count, many } from '../ui/units.js';
import { Bulk } from './bulk.js';
import { nodeColumns } from './node-columns.js';
import { useGroups, useNodeCount, useNodes } from './nodes.js';
import { FleetTabs } from './parts.js';

const EXAMPLES = [
  'status==offline',
  'asDesired==false;status!=revoked',
  'labels.line==3',
  'flow==hydraulic-cooler',
  'group=in=(line-1,line-2)',
  'running==hydraulic-cooler@1',
  'name==node-*',
  'facts.platform==linux',
];
const QUICK = {
  online: 'status==online',
  offline: 'status==offline',
  look: 'asDesired==false;status!=revoked',
  revoked: 'status==revoked',
};
const ROW_PX = 40;

export function NodesPage() {
  const [search, setSearch] = useSearchParams();
  const [, go] = useLocation();
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const mayWrite = useMay('fleet.write');
  const filter = search.get('filter') ?? '';
  const nodes = useNodes(filter);
  const unread = unreadOf(nodes.error);
  const groups = useGroups().data?.items;
  // Measured: rows of a long list are made again only when their columns change.
  const columns = useMemo(() => nodeColumns(groups), [groups]);
  const all = useNodeCount('').data;
  const chosen = useNodeCount(filter).data;
  const setFilter = (to: string) => {
    setMarked(new Set());
    setSearch(to === '' ? {} : { filter: to }, { replace: true });
  };
  const look = (event: UIEvent) =>
    nodes.looking(Math.floor((event.target as HTMLElement).scrollTop / ROW_PX));
  return (
    <Page
      title="Nodes"
      actions={
        mayWrite && (
          <Button component={Link} href="/nodes/join" leftSection={<Plus size={14} />}>
            Join a node
          </Button>
        )
      }
    >
      <FleetTabs here="nodes" />
      <Stack gap="sm">
        <Group gap="sm" align="flex-start">
          <FilterLine
            name="nodes"
            value={filter}
            onChange={setFilter}
            examples={EXAMPLES}
            error={unread?.message}
          />
          {all && (
            <Counts label="How the fleet stands">
              <Count on={filter === ''} onClick={() => setFilter('')}>
                {many(all.total, 'node')}
              </Count>
              <Count on={filter === QUICK.online} onClick={() => setFilter(QUICK.online)}>
                {count(all.online)} online
              </Count>
              <Count on={filter === QUICK.offline} onClick={() => setFilter(QUICK.offline)}>
                {count(all.offline)} offline
              </Count>
              <Count on={filter === QUICK.look} onClick={() => setFilter(QUICK.look)}>
                {count(all.notAsDesired)} not as desired
              </Count>
              {all.revoked > 0 && (
                <Count on={filter === QUICK.revoked} onClick={() => setFilter(QUICK.revoked)}>
                  {count(all.revoked)} revoked
                </Count>
              )}
            </Counts>
          )}
        </Group>
        <div onScrollCapture={look}>
          <List
            name="nodes"
            columns={columns}
            pages={unread ? { ...nodes, error: null, loading: false } : nodes}
            keyOf={({ id }) => id}
            open={({ id }) => go(`/nodes/${encodeURIComponent(id)}`)}
            total={chosen?.total}
            marked={mayWrite ? marked : undefined}
            onMark={mayWrite ? setMarked : undefined}
            height="calc(100vh - 316px)"
            empty={
              unread ? (
                <Empty title="The filter cannot be read yet">
                  What is wrong with it is said below its line.
                </Empty>
              ) : filter === '' ? (
                <Empty
                  title="No node has joined yet"
                  action={
                    <Button component={Link} href="/nodes/join">
                      Join the first node
                    </Button>
                  }
                >
                  A node is an edge machine that runs the agent. It takes one line in its terminal to join.
                </Empty>
              ) : (
                <Empty
                  title="No node fits the filter"
                  action={
                    <Button variant="default" onClick={() => setFilter('')}>
                      Show all
                    </Button>
                  }
                />
              )
            }
          />
        </div>
      </Stack>
      {marked.size > 0 && (
        <Bulk
          nodes={nodes.items.filter(({ id }) => marked.has(id))}
          onDone={(ids) => {
            nodes.again(ids);
            setMarked(new Set());
          }}
          onClear={() => setMarked(new Set())}
        />
      )}
    </Page>
  );
}
