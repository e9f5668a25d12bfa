/** One version of a resource: its bytes, what inspection found in them, its contract, and who uses it. */
import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Contract, Inspection, ModelPort, ResourceVersionDetails } from '@millrace/schemas';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { Ident } from '../ui/ident.js';
import { Card, Places, Show } from '../ui/page.js';
import { State } from '../ui/state.js';
import { bytes, count, many } from '../ui/units.js';
import { When } from '../ui/when.js';
import { KINDS } from './kinds.js';
import classes from './resource-page.module.css';
import { VersionState } from './version-state.js';

export function VersionPanel({ name, version }: { name: string; version: number }) {
  const details = useQuery({
    queryKey: ['catalogue', 'version', name, version],
    queryFn: () => api().catalogue.version(name, version),
  });
  return (
    <Show of={details} lines={6}>
      {(one) => (
        <Stack>
          <Bytes of={one} />
          {one.inspection && <Found inspection={one.inspection} />}
          {one.contract && <Expects contract={one.contract} />}
          <Uses name={name} version={version} />
        </Stack>
      )}
    </Show>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {facts
        .filter(([, fact]) => fact !== null && fact !== undefined)
        .map(([name, fact]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
    </dl>
  );
}

function Bytes({ of }: { of: ResourceVersionDetails }) {
  const nameOf = useActors();
  return (
    <Card title={`Version ${of.version}`} actions={<VersionState of={of} />}>
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

function Expects({ contract }: { contract: Contract }) {
  return (
    <Card title="Contract">
      <Stack gap="sm">
        <Facts
          facts={[
            ['Runs in', contract.runtime],
            ['Period', contract.periodMs && `${contract.periodMs} ms between rows`],
            ['Window', contract.window && many(contract.window, 'row')],
            ['Known answers', contract.golden.length > 0 ? count(contract.golden.length) : 'none'],
            ['Trained on', contract.trainedOn],
            [
              'Metrics',
              contract.metrics &&
                Object.entries(contract.metrics)
                  .map(([name, one]) => `${name} ${one}`)
                  .join(', '),
            ],
          ]}
        />
        {contract.columns.length > 0 && (
          <Columns
            title="Expects"
            columns={contract.columns.map((one) => ({ ...one, range: rangeOf(one) }))}
          />
        )}
        {contract.outputs.length > 0 && (
          <Columns
            title="Gives"
            columns={contract.outputs.map((one) => ({ ...one, range: one.shape?.join(' × ') ?? '' }))}
          />
        )}
      </Stack>
    </Card>
  );
}

const rangeOf = ({ min, max }: { min?: number; max?: number }): string =>
  min === undefined && max === undefined ? '' : `${min ?? '–∞'} to ${max ?? '∞'}`;

interface ColumnsProps {
  title: string;
  columns: readonly { name: string; dtype: string; unit?: string; range: string }[];
}

function Columns({ title, columns }: ColumnsProps) {
  return (
    <Table fz="sm" verticalSpacing={4} aria-label={title}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{title}</Table.Th>
          <Table.Th>Type</Table.Th>
          <Table.Th>Unit</Table.Th>
          <Table.Th>Range or shape</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {columns.map(({ name, dtype, unit, range }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <code>{name}</code>
            </Table.Td>
            <Table.Td>{dtype}</Table.Td>
            <Table.Td>{unit}</Table.Td>
            <Table.Td>{range}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Uses({ name, version }: { name: string; version: number }) {
  const usage = useQuery({
    queryKey: ['catalogue', 'usage', name],
    queryFn: () => api().catalogue.usage(name, { limit: 200 }),
  });
  return (
    <Card title="Where it is used">
      <Show of={usage} lines={1}>
        {({ items }) => {
          const uses = items.filter((use) => use.version === version);
          if (uses.length === 0)
            return (
              <Text size="sm" c="dimmed">
                No flow version is locked to it.
              </Text>
            );
          return (
            <Stack gap={4}>
              {uses.map((use) => (
                <Text size="sm" key={`${use.flow}@${use.flowVersion}`}>
                  <Link href={`/flows/${encodeURIComponent(use.flow)}/versions?to=${use.flowVersion}`}>
                    {use.flow}@{use.flowVersion}
                  </Link>{' '}
                  ·{' '}
                  <Link href={`/nodes?filter=${encodeURIComponent(`flow==${use.flow}`)}`}>
                    nodes that run the flow
                  </Link>
                </Text>
              ))}
            </Stack>
          );
        }}
      </Show>
    </Card>
  );
}
