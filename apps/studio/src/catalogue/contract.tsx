/** The contract of a version: what it expects and gives, and by which answers a node knows that it is right. */
import { Stack, Table, Text } from '@mantine/core';
import type { Contract, ContractColumn, ContractOutput, ResourceVersionDetails } from '@millrace/schemas';
import { Link } from 'wouter';
import { Card } from '../ui/page.js';
import { duration, many, value } from '../ui/units.js';
import { Wide } from '../ui/wide.js';
import { goldenSays, isRead, rangeSays, runtimeIn, shapeSays } from './contract-words.js';
import { Facts } from './facts.js';
import classes from './resource-page.module.css';

export function ContractCard({ of }: { of: ResourceVersionDetails }) {
  const { contract, kind, inspection } = of;
  if (contract === null) return kind === 'model' ? <NoContract of={of} /> : null;
  return (
    <Card title="Contract">
      <Stack gap="sm">
        {isRead(contract, inspection?.format) && (
          <Text size="sm" c="dimmed">
            Read from the file, which says what it gives; which columns it expects was not told.{' '}
            <HowToGive of={of} />
          </Text>
        )}
        <Facts
          facts={[
            ['Runs in', <Runtime key="runtime" runtime={contract.runtime} />],
            ['Period', contract.periodMs && `${duration(contract.periodMs)} between rows`],
            ['Window', contract.window && many(contract.window, 'row')],
            ['Known answers', goldenSays(contract.golden)],
            ['Metrics', contract.metrics && <Metrics of={contract.metrics} />],
            ['Trained on', contract.trainedOn],
          ]}
        />
        {contract.columns.length > 0 && <Columns columns={contract.columns} />}
        {contract.outputs.length > 0 && <Outputs outputs={contract.outputs} />}
      </Stack>
    </Card>
  );
}

function NoContract({ of }: { of: ResourceVersionDetails }) {
  return (
    <Card title="Contract">
      <Text size="sm" c="dimmed">
        No contract: nothing says what it expects and gives, so that neither publishing nor a node can check
        it. <HowToGive of={of} />
      </Text>
    </Card>
  );
}

function HowToGive({ of: { resource, fileName } }: { of: ResourceVersionDetails }) {
  return (
    <>
      A contract comes with a version:{' '}
      <code className={classes.command}>
        millrace resource push {fileName} --name {resource} --contract contract.json
      </code>
      , or <code className={classes.command}>push_model(…, contract=infer(sample))</code> in Python.
    </>
  );
}

function Runtime({ runtime }: { runtime: string }) {
  const found = runtimeIn(runtime);
  if (found === undefined) return runtime;
  const at = found.version === undefined ? '' : `?version=${found.version}`;
  return <Link href={`/catalogue/${encodeURIComponent(found.name)}${at}`}>{runtime}</Link>;
}

const Metrics = ({ of }: { of: NonNullable<Contract['metrics']> }) =>
  Object.entries(of)
    .map(([name, one]) => `${name} ${value(one)}`)
    .join(', ');

function Columns({ columns }: { columns: readonly ContractColumn[] }) {
  return (
    <Wide label="What it expects">
      <Table fz="sm" verticalSpacing={4} aria-label="Expects">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Expects</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th>Range</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {columns.map((column) => (
            <Table.Tr key={column.name}>
              <Table.Td>
                <code>{column.name}</code>
              </Table.Td>
              <Table.Td>{column.dtype}</Table.Td>
              <Table.Td>{column.unit}</Table.Td>
              <Table.Td>{rangeSays(column)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Outputs({ outputs }: { outputs: readonly ContractOutput[] }) {
  return (
    <Wide label="What it gives">
      <Table fz="sm" verticalSpacing={4} aria-label="Gives">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Gives</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th>Shape</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {outputs.map(({ name, dtype, unit, shape }) => (
            <Table.Tr key={name}>
              <Table.Td>
                <code>{name}</code>
              </Table.Td>
              <Table.Td>{dtype}</Table.Td>
              <Table.Td>{unit}</Table.Td>
              <Table.Td>{shapeSays(shape)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
