/** What is kept of old versions, of one resource or of all, and which would be deleted by that. */
import { Button, Group, Modal, NumberInput, Stack, Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CollectableVersion, Retention as Policy, RetentionSet } from '@millrace/schemas';
import { useState, type FormEvent } from 'react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { done } from '../ui/notify.js';
import { Card, Show, WentWrong } from '../ui/page.js';
import { bytes } from '../ui/units.js';
import { When } from '../ui/when.js';
import { Wide } from '../ui/wide.js';
import { fromSays, goesSays, keepSays } from './retention-words.js';

const SHOWN = 100;
const SETTLE_MS = 350;

/** Without a name: of the organization. */
export function Retention({ name }: { name?: string }) {
  const mayWrite = useMay('catalogue.write');
  const [changing, setChanging] = useState(false);
  const policy = useQuery({
    queryKey: ['catalogue', 'retention', name],
    queryFn: () => api().catalogue.retention(name),
  });
  const collectable = useQuery({
    queryKey: ['catalogue', 'collectable', name],
    queryFn: () => api().catalogue.collectable({ resource: name }),
  });
  return (
    <Card
      title="Old versions"
      actions={
        mayWrite &&
        policy.data && (
          <Button variant="subtle" onClick={() => setChanging(true)}>
            Change what is kept
          </Button>
        )
      }
    >
      <Show of={policy} lines={1}>
        {(kept) => (
          <Text size="sm">
            {keepSays(kept)}{' '}
            <Text span c="dimmed">
              {fromSays(kept, name)}
            </Text>
          </Text>
        )}
      </Show>
      <Show of={collectable} lines={1}>
        {({ items, total, bytes: free }) => (
          <>
            <Text size="sm" role="status">
              {name === undefined && total > 0 && 'By the policies of all resources: '}
              {goesSays(total, free)}
            </Text>
            {items.length > 0 && <Going versions={items} total={total} />}
          </>
        )}
      </Show>
      {changing && policy.data && (
        <Change name={name} policy={policy.data} onClose={() => setChanging(false)} />
      )}
    </Card>
  );
}

function Going({ versions, total }: { versions: readonly CollectableVersion[]; total: number }) {
  return (
    <Wide label="Versions that would be deleted">
      <Table fz="sm" verticalSpacing={4} mt="xs" aria-label="Versions that go">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Version</Table.Th>
            <Table.Th>Size</Table.Th>
            <Table.Th>Ready</Table.Th>
            <Table.Th>Goes</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.slice(0, SHOWN).map(({ resource, version, size, sealedAt, collectAt }) => (
            <Table.Tr key={`${resource}@${version}`}>
              <Table.Td>
                <Link href={`/catalogue/${encodeURIComponent(resource)}?version=${version}`}>
                  {resource}@{version}
                </Link>
              </Table.Td>
              <Table.Td>{bytes(size)}</Table.Td>
              <Table.Td>
                <When at={sealedAt} />
              </Table.Td>
              <Table.Td>{collectAt === null ? 'not yet marked' : <When at={collectAt} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {total > SHOWN && (
        <Text size="xs" c="dimmed">
          and {total - SHOWN} more
        </Text>
      )}
    </Wide>
  );
}

interface ChangeProps {
  name: string | undefined;
  policy: Policy;
  onClose(): void;
}

/** What would go by it is shown before it is set. */
function Change({ name, policy, onClose }: ChangeProps) {
  const queries = useQueryClient();
  const { catalogue } = api();
  const [wanted, setWanted] = useState<RetentionSet>({
    keepLast: policy.keepLast,
    keepDays: policy.keepDays,
  });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const keepsAll = wanted.keepLast === null && wanted.keepDays === null;
  const [settled] = useDebouncedValue(wanted, SETTLE_MS);
  const would = useQuery({
    queryKey: ['catalogue', 'collectable', name, settled],
    queryFn: () =>
      catalogue.collectable({
        resource: name,
        keepLast: settled.keepLast ?? undefined,
        keepDays: settled.keepDays ?? undefined,
      }),
    enabled: settled.keepLast !== null || settled.keepDays !== null,
    placeholderData: keepPreviousData,
  });
  const act = async (deed: () => Promise<unknown>, said: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await deed();
      done(said);
      await queries.invalidateQueries({ queryKey: ['catalogue'] });
      onClose();
    } catch (thrown) {
      setError(thrown as Error);
      setBusy(false);
    }
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void act(() => catalogue.setRetention(wanted, name), keepSays(wanted));
  };
  const field = (key: keyof RetentionSet, max: number) => ({
    placeholder: 'no limit',
    min: 1,
    max,
    allowDecimal: false,
    value: wanted[key] ?? '',
    onChange: (to: string | number) => setWanted({ ...wanted, [key]: typeof to === 'number' ? to : null }),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={name === undefined ? 'What is kept' : `What is kept of ${name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={save}>
        <Stack gap="sm">
          <NumberInput label="The newest so many" {...field('keepLast', 100_000)} />
          <NumberInput label="Those younger than so many days" {...field('keepDays', 36_500)} />
          <Text size="sm" role="status">
            {keepSays(wanted)} {!keepsAll && would.data && goesSays(would.data.total, would.data.bytes)}
          </Text>
          <Text size="xs" c="dimmed">
            What an alias, a flow version or a promotion names stays in any case. What goes is marked first,
            and deleted a day later.
          </Text>
          {error && <WentWrong error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            {name !== undefined && policy.own && (
              <Button
                variant="default"
                onClick={() =>
                  void act(() => catalogue.forgetRetention(name), "The organization's policy holds again.")
                }
              >
                As the organization
              </Button>
            )}
            <Button type="submit" loading={busy}>
              Keep so
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
