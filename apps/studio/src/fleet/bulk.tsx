/** What can be done with the marked nodes; each says to how many before, and how far it is while it works. */
import { Button, Group, Progress, Select, Text, TextInput } from '@mantine/core';
import { LABEL_NAME, type Node } from '@millrace/schemas';
import { useState, type ReactNode } from 'react';
import { api } from '../data/api.js';
import { Confirm } from '../ui/confirm.js';
import { MarkedBar } from '../ui/counts.js';
import { done } from '../ui/notify.js';
import { many } from '../ui/units.js';
import { inTurn, orThrow } from '../data/in-turn.js';
import { useGroups } from './nodes.js';

interface BulkProps {
  nodes: readonly Node[];
  onDone(ids: string[]): void;
  onClear(): void;
}

type Deed = 'label' | 'group' | 'revoke' | 'remove';

export function Bulk({ nodes, onDone, onClear }: BulkProps) {
  const [deed, setDeed] = useState<Deed>();
  const [progress, setProgress] = useState<number>();
  const how = many(nodes.length, 'node');
  const close = () => setDeed(undefined);
  const each = async (act: (node: Node) => Promise<unknown>, said: string) => {
    setProgress(0);
    try {
      const result = await inTurn(nodes, act, (n) => setProgress((100 * n) / nodes.length));
      orThrow(result, ({ name }) => name);
    } finally {
      setProgress(undefined);
    }
    ended(said);
  };
  const ended = (said: string) => {
    done(said);
    onDone(nodes.map(({ id }) => id));
  };
  const bar = progress === undefined ? null : <Progress value={progress} aria-label="How far it is" />;
  return (
    <>
      <MarkedBar label="With the marked nodes">
        <strong>{how} marked</strong>
        <Button variant="default" onClick={() => setDeed('label')}>
          Add a label
        </Button>
        <Button variant="default" onClick={() => setDeed('group')}>
          Add to a group
        </Button>
        <Button variant="default" onClick={() => setDeed('revoke')}>
          Revoke
        </Button>
        <Button variant="default" c="var(--broken)" onClick={() => setDeed('remove')}>
          Delete
        </Button>
        <Button variant="subtle" color="gray" onClick={onClear}>
          Clear the marks
        </Button>
      </MarkedBar>
      <AddLabel
        opened={deed === 'label'}
        onClose={close}
        how={how}
        progress={bar}
        act={(name, value) =>
          each(
            (node) => api().fleet.changeNode(node.id, { labels: { ...node.labels, [name]: value } }),
            `${how} now have ${name}=${value}`,
          )
        }
      />
      <AddToGroup
        opened={deed === 'group'}
        onClose={close}
        how={how}
        act={async (group, name) => {
          await api().fleet.changeGroup(group, { add: nodes.map(({ id }) => id) });
          ended(`${how} are in ${name}`);
        }}
      />
      <Confirm
        opened={deed === 'revoke'}
        onClose={close}
        title={`Revoke ${how}?`}
        verb={`Revoke ${how}`}
        act={() => each((node) => api().fleet.revokeNode(node.id), `${how} revoked`)}
      >
        <Names nodes={nodes} />
        They lose their identity for good: the director hears nothing from them any more and gives them
        nothing. What runs on them goes on until somebody stops it. To come back a machine joins anew.
        {bar}
      </Confirm>
      <Confirm
        opened={deed === 'remove'}
        onClose={close}
        title={`Delete ${how}?`}
        verb={`Delete ${how}`}
        act={() => each((node) => api().fleet.removeNode(node.id), `${how} deleted`)}
      >
        <Names nodes={nodes} />
        Their history and their metrics go with them, and their identity is worth nothing from then on. What
        runs on the machines goes on until somebody stops it.
        {bar}
      </Confirm>
    </>
  );
}

const NAMED = 5;

function Names({ nodes }: { nodes: readonly Node[] }) {
  const rest = nodes.length - NAMED;
  return (
    <Text size="sm" mb="xs" style={{ overflowWrap: 'anywhere' }}>
      <strong>
        {nodes
          .slice(0, NAMED)
          .map(({ name }) => name)
          .join(', ')}
      </strong>
      {rest > 0 && ` and ${rest} more`}
    </Text>
  );
}

interface DeedProps {
  opened: boolean;
  onClose(): void;
  how: string;
}

function AddLabel({
  opened,
  onClose,
  how,
  act,
  progress,
}: DeedProps & { progress: ReactNode; act(name: string, value: string): Promise<void> }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const wrong = name !== '' && !LABEL_NAME.test(name);
  return (
    <Confirm
      harmless
      opened={opened}
      onClose={onClose}
      title={`Add a label to ${how}`}
      verb={`Add to ${how}`}
      ready={name !== '' && !wrong}
      act={() => act(name, value)}
    >
      <Text size="sm">A label of the same name gets the new value.</Text>
      <Group grow align="flex-start">
        <TextInput
          label="Label"
          placeholder="line"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={wrong && 'Letters, digits, . _ / and -, a letter first'}
          data-autofocus
        />
        <TextInput
          label="Value"
          placeholder="3"
          value={value}
          maxLength={200}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      </Group>
      {progress}
    </Confirm>
  );
}

function AddToGroup({
  opened,
  onClose,
  how,
  act,
}: DeedProps & { act(id: string, name: string): Promise<void> }) {
  const [group, setGroup] = useState<string | null>(null);
  const byHand = useGroups().data?.items.filter(({ selector }) => selector === null) ?? [];
  return (
    <Confirm
      harmless
      opened={opened}
      onClose={onClose}
      title={`Add ${how} to a group`}
      verb={`Add ${how}`}
      ready={group !== null}
      act={() => act(group!, byHand.find(({ id }) => id === group)!.name)}
    >
      <Select
        label="Group"
        description="Only groups whose members are chosen by hand. Nodes get the flows that the group runs."
        placeholder={byHand.length === 0 ? 'There is no such group yet' : 'Choose'}
        data={byHand.map(({ id, name, size }) => ({ value: id, label: `${name} (${many(size, 'node')})` }))}
        value={group}
        onChange={setGroup}
        searchable
        data-autofocus
      />
    </Confirm>
  );
}
