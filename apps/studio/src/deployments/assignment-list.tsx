/** What runs where by rule: a group runs a flow at a version, also nodes that join later. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import type { Assignment } from '@millrace/schemas';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { queries } from '../data/queries.js';
import { Confirm } from '../ui/confirm.js';
import { List, type Column } from '../ui/list.js';
import { done } from '../ui/notify.js';
import { Empty } from '../ui/page.js';
import { State } from '../ui/state.js';
import { many } from '../ui/units.js';
import { When } from '../ui/when.js';

const LIMIT = 100;

export function AssignmentList() {
  const [params] = useSearchParams();
  const [, go] = useLocation();
  const may = useMay('deployments.write');
  const [ending, setEnding] = useState<Assignment>();
  const flow = params.has('new') ? undefined : (params.get('flow') ?? undefined);
  const pages = usePages(['deployments', 'assignments', flow], (cursor) =>
    api().deployments.assignments({ flow, limit: LIMIT, cursor }),
  );
  const open = ({ flow: name, group }: Assignment) =>
    go(`/deployments?flow=${encodeURIComponent(name)}&group=${encodeURIComponent(group)}`);
  return (
    <>
      <List
        name="Assignments"
        columns={columns(may, setEnding)}
        pages={pages}
        keyOf={({ id }) => id}
        open={open}
        height="calc(100vh - 228px)"
        empty={
          <Empty
            title="No group runs a flow by rule"
            action={
              <Button component={Link} href="/deployments?new">
                Deploy a flow
              </Button>
            }
          >
            A deployment that ends well leaves an assignment: nodes that join its group later get the flow
            too.
          </Empty>
        }
      />
      <Confirm
        opened={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={`Undeploy ${ending?.flow} from ${ending?.groupName}?`}
        verb={`Stop it on ${many(ending?.nodes ?? 0, 'node')}`}
        act={async () => {
          await api().deployments.undeploy(ending!.id);
          done(`${ending!.flow} is being stopped on ${many(ending!.nodes, 'node')} of ${ending!.groupName}`);
          await queries.invalidateQueries({ queryKey: ['deployments'] });
        }}
      >
        The flow stops on {many(ending?.nodes ?? 0, 'node')} that {ending?.nodes === 1 ? 'runs' : 'run'} it
        because of this assignment, and nodes that join {ending?.groupName} later do not get it.
        {ending && ending.deployment !== null && ' The deployment that is under way is aborted.'} Nodes that
        another group gives the same flow keep it.
      </Confirm>
    </>
  );
}

const columns = (may: boolean, end: (assignment: Assignment) => void): Column<Assignment>[] => [
  {
    key: 'flow',
    title: 'Flow',
    width: 'minmax(112px, 2fr)',
    cell: ({ flow }) => (
      <Link
        href={`/flows/${encodeURIComponent(flow)}`}
        title={flow}
        onClick={(event) => event.stopPropagation()}
      >
        {flow}
      </Link>
    ),
  },
  {
    key: 'version',
    title: 'Version',
    width: '136px',
    cell: ({ version }) =>
      version === null ? <State is="busy">none proved yet</State> : <span>@{version}</span>,
  },
  {
    key: 'group',
    title: 'Group',
    width: 'minmax(88px, 1fr)',
    cell: ({ groupName, group }) => (
      <Link
        href={`/nodes/groups/${encodeURIComponent(group)}`}
        title={groupName}
        onClick={(event) => event.stopPropagation()}
      >
        {groupName}
      </Link>
    ),
  },
  { key: 'nodes', title: 'Nodes', width: '56px', cell: ({ nodes }) => nodes.toLocaleString() },
  { key: 'priority', title: 'Priority', width: '64px', cell: ({ priority }) => priority },
  {
    key: 'deployment',
    title: 'Under way',
    width: '80px',
    cell: ({ deployment }) =>
      deployment === null ? (
        <span>–</span>
      ) : (
        <Link href={`/deployments/${deployment}`} onClick={(event) => event.stopPropagation()}>
          Watch it
        </Link>
      ),
  },
  { key: 'since', title: 'Since', width: '96px', cell: ({ createdAt }) => <When at={createdAt} /> },
  {
    key: 'end',
    title: 'Undeploy',
    width: '80px',
    cell: (assignment) => (
      <Tooltip label={may ? 'Undeploy' : 'Your role lacks the permission deployments.write'}>
        <ActionIcon
          aria-label={`Undeploy ${assignment.flow} from ${assignment.groupName}`}
          disabled={!may}
          onClick={(event) => {
            event.stopPropagation();
            end(assignment);
          }}
        >
          <Trash2 size={14} />
        </ActionIcon>
      </Tooltip>
    ),
  },
];
