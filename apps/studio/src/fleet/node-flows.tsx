/** The flows that a node runs, each with its live view and a new start. */
import { Button, Group, VisuallyHidden } from '@mantine/core';
import type { FlowReport, Node } from '@millrace/schemas';
import { Activity, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { Confirm } from '../ui/confirm.js';
import { done } from '../ui/notify.js';
import { Card, Empty } from '../ui/page.js';
import { duration, many } from '../ui/units.js';
import { When } from '../ui/when.js';
import classes from './node.module.css';
import { Quiet, StandsAs } from './parts.js';
import { flowStandingOf, versionsOf } from './standing.js';

export function NodeFlows({ node }: { node: Node }) {
  const [restarting, setRestarting] = useState<string>();
  const mayWrite = useMay('fleet.write');
  if (node.flows.length === 0)
    return (
      <Empty title="It runs no flow">
        Deploy a flow to a group that it is in, and it starts here by itself.
      </Empty>
    );
  const base = `/nodes/${encodeURIComponent(node.id)}/flows`;
  return (
    <Card>
      <table className={classes.flows}>
        <thead>
          <tr>
            <th scope="col">Flow and version</th>
            <th scope="col">State</th>
            <th scope="col">Since</th>
            <th scope="col">Last swap</th>
            <th scope="col">
              <VisuallyHidden>Actions</VisuallyHidden>
            </th>
          </tr>
        </thead>
        <tbody>
          {node.flows.map((flow) => (
            <tr key={flow.flow}>
              <td>{versionsOf(flow)}</td>
              <td>
                <StandsAs as={flowStandingOf(flow)} />
              </td>
              <td>
                <When at={flow.since} />
              </td>
              <td>
                <Quiet>{swapOf(flow)}</Quiet>
              </td>
              <td>
                <Group gap="xs" justify="flex-end">
                  {mayWrite && (
                    <Button
                      variant="default"
                      leftSection={<RotateCw size={14} />}
                      disabled={node.status !== 'online' || flow.runningDigest === null}
                      onClick={() => setRestarting(flow.flow)}
                    >
                      Restart
                    </Button>
                  )}
                  <Button
                    component={Link}
                    href={`${base}/${encodeURIComponent(flow.flow)}`}
                    variant="light"
                    leftSection={<Activity size={14} />}
                  >
                    Live view
                  </Button>
                </Group>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Confirm
        opened={restarting !== undefined}
        onClose={() => setRestarting(undefined)}
        title={`Restart ${restarting ?? ''} on ${node.name}?`}
        verb="Restart 1 flow"
        act={async () => {
          await api().fleet.restart(node.id, restarting!);
          done(`${restarting} starts anew on ${node.name}`);
        }}
      >
        Its process ends and starts anew with the same version. It stands still for a moment; what it has in
        memory is saved and read again. Other flows of the node are not touched.
      </Confirm>
    </Card>
  );
}

function swapOf({ gapMs, lost }: FlowReport): string {
  if (gapMs === null) return 'none yet';
  return `stood still ${duration(gapMs)}${lost === null ? '' : `, lost ${many(lost, 'record')}`}`;
}
