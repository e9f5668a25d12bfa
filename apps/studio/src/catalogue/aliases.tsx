/** The aliases of a resource: where each stands, every move that it made, and moving it. */
import { Badge, Button, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ALIAS, type Alias, type ResourceVersion } from '@millrace/schemas';
import { useState, type FormEvent } from 'react';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { done } from '../ui/notify.js';
import { Card, Show, WentWrong } from '../ui/page.js';
import { When } from '../ui/when.js';
import { point } from './uploads.js';

export function Aliases({ name, versions }: { name: string; versions: readonly ResourceVersion[] }) {
  const aliases = useQuery({
    queryKey: ['catalogue', 'aliases', name],
    queryFn: () => api().catalogue.aliases(name),
  });
  const [opened, setOpened] = useState<string>();
  const [moving, setMoving] = useState<Alias | 'new'>();
  const mayMove = useMay('catalogue.promote');
  const nameOf = useActors();
  return (
    <Card
      title="Aliases"
      actions={
        mayMove &&
        versions.length > 0 && (
          <Button variant="subtle" onClick={() => setMoving('new')}>
            New alias
          </Button>
        )
      }
    >
      <Show of={aliases} lines={1}>
        {({ items }) => (
          <Stack gap="xs">
            {items.length === 0 && (
              <Text size="sm" c="dimmed">
                An alias, such as production, is a name that moves from version to version. Flows that name it
                get what it stands for when they are published.
              </Text>
            )}
            {items.map((alias) => (
              <div key={alias.alias}>
                <Group gap="sm">
                  <Badge variant="light" tt="none" fw={500}>
                    {alias.alias} @{alias.version}
                  </Badge>
                  <Text size="sm" c="dimmed">
                    moved <When at={alias.movedAt} /> by{' '}
                    <span title={alias.movedBy}>{nameOf(alias.movedBy)}</span>
                  </Text>
                  <Button
                    variant="subtle"
                    aria-expanded={opened === alias.alias}
                    onClick={() => setOpened(opened === alias.alias ? undefined : alias.alias)}
                  >
                    History
                  </Button>
                  {mayMove && (
                    <Button variant="subtle" onClick={() => setMoving(alias)}>
                      Move
                    </Button>
                  )}
                </Group>
                {opened === alias.alias && <History name={name} alias={alias} />}
              </div>
            ))}
          </Stack>
        )}
      </Show>
      {moving && <Move name={name} alias={moving} versions={versions} onClose={() => setMoving(undefined)} />}
    </Card>
  );
}

function History({ name, alias }: { name: string; alias: Alias }) {
  const nameOf = useActors();
  const history = useQuery({
    queryKey: ['catalogue', 'alias', name, alias.alias, alias.revision],
    queryFn: () => api().catalogue.aliasHistory(name, alias.alias, { limit: 50 }),
  });
  return (
    <Show of={history} lines={2}>
      {({ items }) => (
        <Table fz="sm" verticalSpacing={4} aria-label={`History of ${alias.alias}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>From</Table.Th>
              <Table.Th>To</Table.Th>
              <Table.Th>When</Table.Th>
              <Table.Th>By</Table.Th>
              <Table.Th>Note</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((move) => (
              <Table.Tr key={move.revision}>
                <Table.Td>{move.from === null ? 'new' : `@${move.from}`}</Table.Td>
                <Table.Td>@{move.to}</Table.Td>
                <Table.Td>
                  <When at={move.movedAt} />
                </Table.Td>
                <Table.Td title={move.movedBy}>{nameOf(move.movedBy)}</Table.Td>
                <Table.Td>{move.note}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Show>
  );
}

interface MoveProps {
  name: string;
  alias: Alias | 'new';
  versions: readonly ResourceVersion[];
  onClose(): void;
}

function Move({ name, alias, versions, onClose }: MoveProps) {
  const queries = useQueryClient();
  const ready = versions.filter(({ state }) => state === 'ready');
  const [word, setWord] = useState(alias === 'new' ? '' : alias.alias);
  const [version, setVersion] = useState(String(ready[0]?.version ?? ''));
  const [note, setNote] = useState('');
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const move = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await point(name, word, Number(version), note === '' ? undefined : note);
      done(`${name}@${word} is version ${version} now.`);
      await queries.invalidateQueries({ queryKey: ['catalogue'] });
      onClose();
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  const wrong = word !== '' && !ALIAS.test(word) && 'begins with a letter; letters, digits, dots, dashes';
  return (
    <Modal
      opened
      onClose={onClose}
      title={alias === 'new' ? 'New alias' : `Move ${alias.alias}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={(event) => void move(event)}>
        <Stack gap="sm">
          {alias === 'new' && (
            <TextInput
              label="Alias"
              placeholder="production"
              required
              data-autofocus
              error={wrong}
              value={word}
              onChange={(event) => setWord(event.currentTarget.value.trim())}
            />
          )}
          <Select
            label="Version"
            data={ready.map((one) => ({
              value: String(one.version),
              label: `@${one.version} ${one.note ?? one.fileName}`,
            }))}
            allowDeselect={false}
            value={version}
            onChange={(value) => setVersion(value ?? '')}
          />
          <TextInput
            label="Note"
            placeholder="why"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Text size="xs" c="dimmed">
            Moving an alias changes no node. Flows that name it get the new version when they are published
            and deployed.
          </Text>
          {error && <WentWrong error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={word === '' || Boolean(wrong) || version === ''}>
              Point {word === '' ? 'it' : word} at @{version}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
