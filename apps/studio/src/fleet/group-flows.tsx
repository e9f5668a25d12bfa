/** The flows that a group brings to its nodes: its assignments; each can be taken away. */
import { Button, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Assignment, Group } from '@millrace/schemas';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { Confirm } from '../ui/confirm.js';
import { done } from '../ui/notify.js';
import { Card, Show } from '../ui/page.js';
import { State } from '../ui/state.js';
import { many } from '../ui/units.js';
import node from './node.module.css';
import { Quiet } from './parts.js';

const READ = 200;

export const assignmentsOf = (group: Group) => ({
  queryKey: ['fleet', 'group-assignments', group.id],
  queryFn: () => api().deployments.assignments({ group: group.id, limit: READ }),
});

export function GroupFlows({ group }: { group: Group }) {
  const assignments = useQuery(assignmentsOf(group));
  const mayDeploy = useMay('deployments.write');
  const [asking, setAsking] = useState<Assignment>();
  return (
    <Card title="Flows that it runs">
      <Show of={assignments} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Quiet>None yet. Publish a flow and deploy it to this group.</Quiet>
          ) : (
            <table className={node.flows}>
              <thead>
                <tr>
                  <th scope="col">Flow</th>
                  <th scope="col">Version</th>
                  <th scope="col">Nodes</th>
                  <th scope="col">Deployment</th>
                  <th scope="col">
                    <VisuallyHidden>Actions</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((one) => (
                  <FlowRow
                    key={one.id}
                    assignment={one}
                    onUndeploy={mayDeploy ? () => setAsking(one) : undefined}
                  />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
      <Confirm
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title={`Undeploy ${asking?.flow ?? ''} from ${group.name}?`}
        verb={`Undeploy from ${many(asking?.nodes ?? 0, 'node')}`}
        act={async () => {
          await api().deployments.undeploy(asking!.id);
          void queries.invalidateQueries({ queryKey: ['fleet'] });
          done(`${asking!.flow} is taken from ${group.name}`);
        }}
      >
        It stops on {many(asking?.nodes ?? 0, 'node')} that it came to by this group, as soon as each hears of
        it, and nodes that join later do not get it. Another group that brings the same flow goes on doing so.
      </Confirm>
    </Card>
  );
}

function FlowRow({ assignment, onUndeploy }: { assignment: Assignment; onUndeploy?(): void }) {
  const { flow, version, nodes, deployment } = assignment;
  return (
    <tr>
      <td>
        <Link href={`/flows/${encodeURIComponent(flow)}`}>{flow}</Link>
      </td>
      <td>{version ?? <Quiet>none yet</Quiet>}</td>
      <td>{nodes}</td>
      <td>
        {deployment === null ? (
          <Quiet>none under way</Quiet>
        ) : (
          <Link href={`/deployments/${encodeURIComponent(deployment)}`}>
            <State is="busy">under way</State>
          </Link>
        )}
      </td>
      <td align="right">
        {onUndeploy && (
          <Button variant="default" onClick={onUndeploy}>
            Undeploy
          </Button>
        )}
      </td>
    </tr>
  );
}
