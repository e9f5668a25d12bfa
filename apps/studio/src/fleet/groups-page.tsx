/** All groups, and a new one. */
import { Button } from '@mantine/core';
import type { Group } from '@millrace/schemas';
import { Plus } from 'lucide-react';
import { useLocation, useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { List, type Column } from '../ui/list.js';
import { Empty, Page } from '../ui/page.js';
import { Sheet } from '../ui/sheet.js';
import { count } from '../ui/units.js';
import { When } from '../ui/when.js';
import classes from './fleet.module.css';
import { GroupForm } from './group-form.js';
import { FleetTabs, Quiet } from './parts.js';

const READ = 100;

const columns: Column<Group>[] = [
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
    key: 'chosen',
    title: 'Chosen by',
    width: 'minmax(180px, 2fr)',
    cell: ({ selector }) =>
      selector === null ? <Quiet>hand</Quiet> : <code title={selector}>{selector}</code>,
  },
  { key: 'size', title: 'Nodes', width: '80px', cell: ({ size }) => count(size) },
  { key: 'priority', title: 'Priority', width: '80px', cell: ({ priority }) => priority },
  {
    key: 'made',
    title: 'Made',
    width: '110px',
    cell: ({ createdAt }) => (
      <Quiet>
        <When at={createdAt} />
      </Quiet>
    ),
  },
];

export function GroupsPage() {
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const mayWrite = useMay('fleet.write');
  const pages = usePages(['fleet', 'groups'], (cursor) => api().fleet.groups({ cursor, limit: READ }));
  const make = () => setSearch({ new: '' });
  return (
    <Page
      title="Groups"
      actions={
        mayWrite && (
          <Button leftSection={<Plus size={14} />} onClick={make}>
            New group
          </Button>
        )
      }
    >
      <FleetTabs here="groups" />
      <List
        name="groups"
        columns={columns}
        pages={pages}
        keyOf={({ id }) => id}
        open={({ id }) => go(`/nodes/groups/${encodeURIComponent(id)}`)}
        empty={
          <Empty
            title="There is no group yet"
            action={mayWrite && <Button onClick={make}>Make the first group</Button>}
          >
            A group says which nodes a flow goes to: chosen by hand, or by a selector over their labels, so
            that nodes that join later come along by themselves.
          </Empty>
        }
      />
      <Sheet opened={search.has('new')} onClose={() => setSearch({})} title="New group" width={640}>
        <GroupForm
          onSaved={({ id }) => go(`/nodes/groups/${encodeURIComponent(id)}`)}
          onCancel={() => setSearch({})}
        />
      </Sheet>
    </Page>
  );
}
