/** Where a version comes from, which flow versions are locked to it, and what ran it: now, or at a moment. */
import { Button, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ResourceLineage, ResourceNode } from '@millrace/schemas';
import { useState } from 'react';
import { Link } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { usePages } from '../data/pages.js';
import { Ident } from '../ui/ident.js';
import { Card, Show } from '../ui/page.js';
import { State } from '../ui/state.js';
import { count, many } from '../ui/units.js';
import { When } from '../ui/when.js';
import { Wide } from '../ui/wide.js';
import { Facts } from './facts.js';
import classes from './resource-page.module.css';

const READ = 100;

export function Lineage({ name, version }: { name: string; version: number }) {
  // Of the room that moves it: deployments say where it runs.
  const lineage = useQuery({
    queryKey: ['deployments', 'lineage', name, version],
    queryFn: () => api().catalogue.lineage(name, version),
  });
  return (
    <>
      <Card title="Where it comes from">
        <Show of={lineage} lines={2}>
          {(one) => <Origin of={one} />}
        </Show>
      </Card>
      <Card title="Where it is used">
        <Show of={lineage} lines={1}>
          {(one) => <Flows of={one} />}
        </Show>
      </Card>
      <Nodes name={name} version={version} />
    </>
  );
}

function Origin({ of }: { of: ResourceLineage }) {
  const nameOf = useActors();
  const { prepare } = of;
  const from =
    prepare &&
    (prepare.flow === null ? (
      <>
        a flow that is not one of here, <Ident id={prepare.digest} label="digest of the flow" />
      </>
    ) : (
      <FlowLink flow={prepare.flow} version={prepare.version} />
    ));
  return (
    <Stack gap="xs">
      <Facts
        facts={[
          [
            'Made by',
            <span key="by" title={of.createdBy}>
              {nameOf(of.createdBy)}, <When at={of.createdAt} />
            </span>,
          ],
          ['Trained on', of.trainedOn],
          ['Prepared by', from],
        ]}
      />
      {of.trainedOn === null && prepare === null && (
        <Text size="sm" c="dimmed">
          What it was trained on was not told; a contract says it in trainedOn and prepare.
        </Text>
      )}
    </Stack>
  );
}

function Flows({ of: { flows, flowCount } }: { of: ResourceLineage }) {
  if (flows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No flow version is locked to it.
      </Text>
    );
  return (
    <Text size="sm" component="div">
      <ul className={classes.flows} aria-label="Flow versions that are locked to it">
        {flows.map(({ flow, flowVersion }) => (
          <li key={`${flow}@${flowVersion}`}>
            <FlowLink flow={flow} version={flowVersion} />
          </li>
        ))}
      </ul>
      {flowCount > flows.length && <Text c="dimmed">and {count(flowCount - flows.length)} older ones</Text>}
    </Text>
  );
}

const FlowLink = ({ flow, version }: { flow: string; version: number | null }) => (
  <Link href={`/flows/${encodeURIComponent(flow)}/versions?to=${version}`}>
    {flow}@{version}
  </Link>
);

/** `at` as a field has it, in local time; empty is now. */
function Nodes({ name, version }: { name: string; version: number }) {
  const [at, setAt] = useState('');
  const moment = Number.isNaN(Date.parse(at)) ? undefined : new Date(at).toISOString();
  const pages = usePages<ResourceNode>(['deployments', 'ran', name, version, moment], (cursor) =>
    api().catalogue.nodes(name, version, {
      limit: READ,
      cursor,
      ...(moment === undefined ? { running: 'true' } : { at: moment }),
    }),
  );
  const data = pages.loading ? undefined : pages.items;
  const asked = { data: pages.items.length === 0 && pages.error ? undefined : data, error: pages.error };
  return (
    <Card title={moment === undefined ? 'Where it runs now' : 'Where it ran then'}>
      <Group gap="xs" mb="xs" align="flex-end">
        <TextInput
          type="datetime-local"
          label="At"
          max="9999-12-31T23:59"
          value={at}
          onChange={(event) => setAt(event.currentTarget.value)}
        />
        {at !== '' && (
          <Button variant="default" onClick={() => setAt('')}>
            Now
          </Button>
        )}
      </Group>
      <Show of={{ ...asked, refetch: pages.retry }} lines={2}>
        {(nodes) =>
          nodes.length === 0 ? (
            <Text size="sm" c="dimmed" role="status">
              {moment === undefined
                ? 'No node runs it, as far as is known.'
                : 'No node ran it at that moment.'}
            </Text>
          ) : (
            <NodeTable nodes={nodes} />
          )
        }
      </Show>
      {pages.more && (
        <Button variant="subtle" fullWidth onClick={pages.readMore}>
          Show more
        </Button>
      )}
    </Card>
  );
}

function NodeTable({ nodes }: { nodes: readonly ResourceNode[] }) {
  const different = new Set(nodes.map(({ node }) => node)).size;
  return (
    <Wide label="Nodes">
      <Table fz="sm" verticalSpacing={4} aria-label="Nodes that run it">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{many(different, 'node')}</Table.Th>
            <Table.Th>Flow</Table.Th>
            <Table.Th>Since</Table.Th>
            <Table.Th>Until</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {nodes.map(({ node, nodeName, online, flow, flowVersion, since, until }) => (
            <Table.Tr key={`${node} ${flow} ${since}`}>
              <Table.Td>
                <Link href={`/nodes/${node}`}>{nodeName}</Link>
              </Table.Td>
              <Table.Td>
                <FlowLink flow={flow} version={flowVersion} />
              </Table.Td>
              <Table.Td>
                <When at={since} />
              </Table.Td>
              <Table.Td>
                {until !== null && <When at={until} />}
                {until === null &&
                  (online ? <State is="good">runs it</State> : <State is="off">offline</State>)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
