/** Makes a flow: its name, and what it begins with. */
import { Button, FileInput, Group, Modal, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { Failure } from '@millrace/schemas';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../data/api.js';
import { WentWrong } from '../ui/page.js';
import { nameIn, named, textOf, wrongFile, wrongName, type Beginning } from './beginnings.js';

const ABOUT: Readonly<Record<Beginning, string>> = {
  blank: 'An empty canvas.',
  example: 'A simulated pump whose pressure is cleaned and watched: runs as it is.',
  file: 'A flow as YAML or JSON, such as one of version control. Its comments stay.',
};

export default function NewFlow({ taken, onClose }: { taken: ReadonlySet<string>; onClose(): void }) {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [beginning, setBeginning] = useState<Beginning>('blank');
  const [file, setFile] = useState<{ file: File; text: string }>();
  const [refused, setRefused] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const wrong = wrongName(name, taken);
  const ready = name !== '' && wrong === undefined && (beginning !== 'file' || file !== undefined);

  const take = async (given: File | null) => {
    setFile(undefined);
    setRefused(given === null ? undefined : wrongFile(given));
    if (given === null || wrongFile(given) !== undefined) return;
    const text = await given.text();
    setFile({ file: given, text });
    if (name === '') setName(nameIn(text) ?? given.name.replace(/\.(?:ya?ml|json)$/i, ''));
  };
  const make = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const text = beginning === 'file' ? named(file?.text ?? '', name) : textOf(beginning, name);
      await api().flows.create({ name, text });
      void queries.invalidateQueries({ queryKey: ['flows'] });
      go(`/flows/${encodeURIComponent(name)}`);
    } catch (thrown) {
      setError(thrown as Error);
      setBusy(false);
    }
  };
  const taking = error instanceof Failure && error.code === 'flows.name-taken';

  return (
    <Modal opened onClose={onClose} title="New flow" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void make();
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            label="Name"
            description="Letters, digits, dots, dashes and underscores."
            placeholder="pump-watch"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={wrong ?? (taking ? error.message : undefined)}
          />
          <div>
            <Text size="sm" fw={500} mb={4} id="beginning">
              Begin with
            </Text>
            <SegmentedControl
              fullWidth
              aria-labelledby="beginning"
              value={beginning}
              onChange={(value) => setBeginning(value as Beginning)}
              data={[
                { value: 'blank', label: 'Nothing' },
                { value: 'example', label: 'An example' },
                { value: 'file', label: 'A file' },
              ]}
            />
            <Text size="xs" c="dimmed" mt={4}>
              {ABOUT[beginning]}
            </Text>
          </div>
          {beginning === 'file' && (
            <FileInput
              label="File"
              placeholder="flow.yaml"
              accept=".yaml,.yml,.json"
              value={file?.file ?? null}
              onChange={(given) => void take(given)}
              error={refused}
            />
          )}
          {file !== undefined && beginning === 'file' && nameIn(file.text) === undefined && (
            <Text size="sm">
              This file cannot be read as a flow. It becomes the draft as it is, and the editor says what is
              wrong.
            </Text>
          )}
          {error && !taking && <WentWrong error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={!ready} loading={busy}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
