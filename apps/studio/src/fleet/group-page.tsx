/** One group: its nodes, the flows that it runs, and what deleting it would do. */
import { Button, Group as Row, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Group, NodeName } from '@millrace/schemas';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { queries } from '../data/queries.js';
import { Confirm } from '../ui/confirm.js';
import { Ident } from '../ui/ident.js';
import { List, type Column } from '../ui/list.js';
import { done } from '../ui/notify.js';
import { Card, Empty, Page, Show } from '../ui/page.js';
import { Sheet } from '../ui/sheet.js';
import { State } from '../ui/state.js';
import { many } from '../ui/units.js';
import classes from './fleet.module.css';
import { assignmentsOf, GroupFlows } from './group-flows.js';
import { GroupForm } from './group-form.js';
import layout from './group.module.css';
import node from './node.module.css';

const READ = 200;

export function GroupPage({ id }: { id: string }) {
  const group = useQuery({ queryKey: ['fleet', 'group', id], queryFn: () => api().fleet.group(id) });
  return (
    <Page
      title={group.data?.name ?? 'Group'}
      beside={group.data && <Ident id={group.data.id} label="group id" />}
      actions={group.data && <Actions group={group.data} />}
    >
      <Show of={group} lines={8}>
        {(data) => (
          <Stack>
            <About group={data} />
            <div className={layout.two}>
              <Nodes group={data} />
              <GroupFlows group={data} />
            </div>
          </Stack>
        )}
      </Show>
    </Page>
  );
}

function About({ group }: { group: Group }) {
  return (
    <Card>
      <dl className={node.facts}>
        <dt>Nodes</dt>
        <dd>{many(group.size, 'node')} now</dd>
        <dt>Chosen by</dt>
        <dd>{group.selector === null ? 'hand' : <code>{group.selector}</code>}</dd>
        <dt>Priority</dt>
        <dd>{group.priority}</dd>
        {Object.entries(group.parameters).map(([flow, set]) => (
          <Parameters key={flow} flow={flow} set={set} />
        ))}
      </dl>
    </Card>
  );
}

function Parameters({ flow, set }: { flow: string; set: Record<string, unknown> }) {
  return (
    <>
      <dt>Parameters of {flow}</dt>
      <dd>
        {Object.entries(set)
          .map(([name, value]) => `${name} = ${String(value)}`)
          .join(', ')}
      </dd>
    </>
  );
}

const columns: Column<NodeName>[] = [
  {
    key: 'name',
    title: 'Name',
    width: 'minmax(140px, 1fr)',
    cell: ({ name }) => (
      <span className={classes.name} title={name}>
        {name}
      </span>
    ),
  },
  {
    key: 'status',
    title: 'State',
    width: '120px',
    cell: ({ status }) => <State is={status === 'online' ? 'good' : 'off'}>{status}</State>,
  },
];

function Nodes({ group }: { group: Group }) {
  const [, go] = useLocation();
  const pages = usePages(['fleet', 'group-nodes', group.id], (cursor) =>
    api().fleet.groupNodes(group.id, { cursor, limit: READ }),
  );
  return (
    <List
      name="nodes of the group"
      columns={columns}
      pages={pages}
      keyOf={({ id }) => id}
      open={({ id }) => go(`/nodes/${encodeURIComponent(id)}`)}
      total={group.size}
      height="calc(100vh - 400px)"
      empty={
        <Card>
          <Empty title="No node is in it now">
            {group.selector === null
              ? 'Edit the group to choose some.'
              : 'Nodes that fit its selector come in by themselves.'}
          </Empty>
        </Card>
      }
    />
  );
}

function Actions({ group }: { group: Group }) {
  const [, go] = useLocation();
  const [doing, setDoing] = useState<'edit' | 'remove'>();
  const mayWrite = useMay('fleet.write');
  const assignments = useQuery(assignmentsOf(group)).data?.items ?? [];
  const members = useQuery({
    queryKey: ['fleet', 'group-members', group.id],
    queryFn: async () => {
      const { each, take } = await import('@millrace/client');
      return take(each((query) => api().fleet.groupNodes(group.id, query), { limit: READ }));
    },
    enabled: doing === 'edit' && group.selector === null,
  });
  if (!mayWrite) return null;
  return (
    <Row gap="xs">
      <Button variant="default" onClick={() => setDoing('edit')}>
        Edit
      </Button>
      <Button variant="default" c="var(--broken)" onClick={() => setDoing('remove')}>
        Delete
      </Button>
      <Sheet
        opened={doing === 'edit'}
        onClose={() => setDoing(undefined)}
        title={`Edit ${group.name}`}
        width={640}
      >
        <Show of={group.selector === null ? members : { data: [], error: null }}>
          {(its) => (
            <GroupForm
              group={group}
              members={its}
              flows={assignments.map(({ flow }) => flow)}
              onSaved={() => setDoing(undefined)}
              onCancel={() => setDoing(undefined)}
            />
          )}
        </Show>
      </Sheet>
      <Confirm
        opened={doing === 'remove'}
        onClose={() => setDoing(undefined)}
        title={`Delete ${group.name}?`}
        verb="Delete 1 group"
        act={async () => {
          await api().fleet.removeGroup(group.id);
          // This page still asks for it until it is left.
          void queries.invalidateQueries({ queryKey: ['fleet', 'groups'], refetchType: 'none' });
          done(`${group.name} is deleted`);
          go('/nodes/groups');
        }}
      >
        {assignments.length === 0 ? (
          <>
            It gives no flow to what is in it now, {many(group.size, 'node')}, so nothing changes there. Its
            parameters go with it.
          </>
        ) : (
          <>
            It still brings flows to its {many(group.size, 'node')}, so the director will refuse:
            <ul>
              {assignments.map(({ id, flow, version, nodes }) => (
                <li key={id}>
                  {flow} version {version ?? 'none yet'} on {many(nodes, 'node')}
                </li>
              ))}
            </ul>
            <Text size="sm">Undeploy these flows first, in the table of this page.</Text>
          </>
        )}
      </Confirm>
    </Row>
  );
}
