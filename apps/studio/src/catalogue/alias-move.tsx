/** Points an alias at a version by hand: no node changes by that. */
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { ALIAS, type Alias, type ResourceVersion } from '@millrace/schemas';
import { useState, type FormEvent } from 'react';
import { done } from '../ui/notify.js';
import { WentWrong } from '../ui/page.js';
import { point } from './uploads.js';

interface AliasMoveProps {
  name: string;
  alias: Alias | 'new';
  versions: readonly ResourceVersion[];
  onClose(): void;
}

export function AliasMove({ name, alias, versions, onClose }: AliasMoveProps) {
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
