/** What people decide about a node: its name, its labels, and the parameters that its flows get here only. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { NAME, type FlowParameters, type Node, type NodeChange } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { done, failed } from '../ui/notify.js';
import { Card } from '../ui/page.js';
import { LabelsForm, labelsOf, rowsOf } from './labels-form.js';
import { ParametersForm } from './parameters-form.js';
import { Quiet } from './parts.js';

export function NodeSettings({ node }: { node: Node }) {
  const mayWrite = useMay('fleet.write');
  const [name, setName] = useState(node.name);
  const [rows, setRows] = useState(() => rowsOf(node.labels));
  const [parameters, setParameters] = useState<FlowParameters>(node.parameters);
  const [wrong, setWrong] = useState(false);
  const [busy, setBusy] = useState(false);
  const labels = labelsOf(rows);
  const nameWrong = !NAME.test(name);
  const change: NodeChange = {
    ...(name !== node.name && { name }),
    ...(labels !== undefined && !same(labels, node.labels) && { labels }),
    ...(!same(parameters, node.parameters) && { parameters }),
  };
  const may = mayWrite && !wrong && !nameWrong && labels !== undefined && Object.keys(change).length > 0;
  const save = async () => {
    setBusy(true);
    try {
      const saved = await api().fleet.changeNode(node.id, change);
      queries.setQueryData(['fleet', 'node', node.id], saved);
      void queries.invalidateQueries({ queryKey: ['fleet'] });
      done(`${saved.name} is saved`);
    } catch (error) {
      failed('Could not save the node', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack>
      {!mayWrite && <Quiet>Your role may look at nodes, not change them.</Quiet>}
      <fieldset disabled={!mayWrite} style={{ display: 'contents' }}>
        <Card title="Name and labels">
          <Stack gap="sm" align="flex-start">
            <TextInput
              label="Name"
              value={name}
              maxLength={128}
              w={360}
              onChange={(event) => setName(event.currentTarget.value)}
              error={nameWrong && 'Letters, digits, dots, dashes and underscores'}
            />
            <LabelsForm rows={rows} onChange={setRows} />
            <Quiet>
              Groups with a selector choose by labels: a change may bring flows here or take them away.
            </Quiet>
          </Stack>
        </Card>
        <Card title="Parameters on this node only">
          <Text size="sm" c="dimmed" mb="sm">
            An empty field leaves what its group, the deployment or the flow itself says.
          </Text>
          <ParametersForm
            value={parameters}
            onChange={setParameters}
            flows={node.flows.map(({ flow }) => flow)}
            onWrong={setWrong}
          />
        </Card>
      </fieldset>
      <Group>
        <Button disabled={!may} loading={busy} onClick={() => void save()}>
          Save
        </Button>
        {may && change.parameters !== undefined && <Quiet>Flows whose parameters change start anew.</Quiet>}
      </Group>
    </Stack>
  );
}

const same = (one: object, other: object): boolean => sorted(one) === sorted(other);

function sorted(of: object): string {
  return JSON.stringify(of, (_, value: unknown) =>
    value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}
