/** One version of a resource: its bytes, its contract, its lineage, and what inspection found in it. */
import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Inspection, ModelPort, ResourceVersionDetails } from '@millrace/schemas';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { Allowed } from '../deployments/allowed.js';
import { Ident } from '../ui/ident.js';
import { Card, Places, Show } from '../ui/page.js';
import { State } from '../ui/state.js';
import { bytes, count, many } from '../ui/units.js';
import { When } from '../ui/when.js';
import { ContractCard } from './contract.js';
import { Facts } from './facts.js';
import { KINDS } from './kinds.js';
import { Lineage } from './lineage.js';
import { VersionState } from './version-state.js';

interface VersionPanelProps {
  name: string;
  version: number;
  onPromote(): void;
}

export function VersionPanel({ name, version, onPromote }: VersionPanelProps) {
  const details = useQuery({
    queryKey: ['catalogue', 'version', name, version],
    queryFn: () => api().catalogue.version(name, version),
  });
  return (
    <Show of={details} lines={6}>
      {(one) => (
        <Stack>
          <Bytes of={one} onPromote={onPromote} />
          {one.state === 'ready' && <ContractCard of={one} />}
          {one.state === 'ready' && <Lineage name={name} version={version} />}
          {one.inspection && <Found inspection={one.inspection} />}
        </Stack>
      )}
    </Show>
  );
}

function Bytes({ of, onPromote }: { of: ResourceVersionDetails; onPromote(): void }) {
  const nameOf = useActors();
  return (
    <Card
      title={`Version ${of.version}`}
      actions={
        <Group gap="sm">
          <VersionState of={of} />
          {of.state === 'ready' && (
            <Allowed to="promotions.write">
              <Button onClick={onPromote}>Promote</Button>
            </Allowed>
          )}
        </Group>
      }
    >
      {of.refusal && (
        <Stack gap={4} mb="sm">
          <State is="broken">{of.refusal.detail}</State>
          <Places places={of.refusal.errors ?? []} />
          <code>{of.refusal.code}</code>
        </Stack>
      )}
      <Facts
        facts={[
          ['Note', of.note],
          ['Kind', KINDS[of.kind]],
          ['File', `${of.fileName}, ${bytes(of.size)}`],
          ['Digest', <Ident key="digest" id={of.digest} label="digest" />],
          ['Uploaded', <When key="at" at={of.createdAt} />],
          [
            'By',
            <span key="by" title={of.createdBy}>
              {nameOf(of.createdBy)}
            </span>,
          ],
          ['Verified', of.sealedAt && <When at={of.sealedAt} />],
        ]}
      />
    </Card>
  );
}

function Found({ inspection }: { inspection: Inspection }) {
  const { onnx, safetensors } = inspection;
  return (
    <Card title="What was found in it">
      <Stack gap="sm">
        {inspection.runsCode && (
          <State is="look">
            Opening it can run code that the file brings along, so it runs apart from everything else.
          </State>
        )}
        {inspection.unsupported?.map(({ reason, place }) => (
          <State is="broken" key={place + reason}>
            {reason} ({place})
          </State>
        ))}
        <Facts
          facts={[
            ['Format', inspection.format],
            ['Inside', inspection.inside?.join(', ')],
            ['Entries', inspection.entries],
            ['Made by', onnx?.producer && `${onnx.producer} ${onnx.producerVersion ?? ''}`],
            ['Opsets', onnx?.opsets.map(({ domain, version }) => `${domain} ${version}`).join(', ')],
            ['Graph', onnx && `${many(onnx.nodes, 'node')}, ${many(onnx.initializers, 'weight')}`],
            ['Operators', onnx?.operators.map((one) => `${one.name} ${one.count}`).join(', ')],
            ['Needs', onnx?.needs?.join(', ')],
            ['Tensors', safetensors && `${count(safetensors.tensors)}, ${bytes(safetensors.bytes)}`],
            ['Types', safetensors?.dtypes.map((one) => `${one.dtype} ${one.count}`).join(', ')],
          ]}
        />
        {onnx && <Ports title="Inputs" ports={onnx.inputs} />}
        {onnx && <Ports title="Outputs" ports={onnx.outputs} />}
      </Stack>
    </Card>
  );
}

function Ports({ title, ports }: { title: string; ports: readonly ModelPort[] }) {
  return (
    <Table fz="sm" verticalSpacing={4} aria-label={title}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{title}</Table.Th>
          <Table.Th>Type</Table.Th>
          <Table.Th>Shape</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {ports.map(({ name, type, dims, labels }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <code>{name}</code>
            </Table.Td>
            <Table.Td>{type}</Table.Td>
            <Table.Td>
              {dims === undefined ? 'not said' : dims.map((dim) => dim ?? '?').join(' × ') || 'scalar'}
              {labels && <Text size="xs">classes {labels.slice(0, 12).join(', ')}</Text>}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
