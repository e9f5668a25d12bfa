/** Tokens for programs: what each may do, until when; a new one is shown once. */
import {
  ActionIcon,
  Alert,
  Button,
  Code,
  CopyButton,
  Group,
  Modal,
  MultiSelect,
  Select,
  Stack,
  TextInput,
} from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Permission, type ApiToken } from '@millrace/schemas';
import { KeyRound, Trash2 } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { useMay, useMe } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { Confirm } from '../ui/confirm.js';
import { List, type Column } from '../ui/list.js';
import { done } from '../ui/notify.js';
import { Empty, WentWrong } from '../ui/page.js';
import { When } from '../ui/when.js';

const KEY = ['access', 'tokens'];
const DAY_MS = 86_400_000;
const LIVES = [
  { value: '1', label: 'A day' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
];

export function TokensPage() {
  const queries = useQueryClient();
  const pages = usePages(KEY, (cursor) => api().access.tokens({ cursor, limit: 100 }));
  const mayWrite = useMay('access.write');
  const nameOf = useActors();
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<ApiToken>();
  const again = () => queries.invalidateQueries({ queryKey: KEY });
  const columns: Column<ApiToken>[] = [
    { key: 'name', title: 'Name', width: 'minmax(140px, 1fr)', cell: ({ name }) => <strong>{name}</strong> },
    {
      key: 'scopes',
      title: 'May',
      width: 'minmax(200px, 2fr)',
      cell: ({ scopes }) => <span title={scopes.join(', ')}>{scopes.join(', ')}</span>,
    },
    {
      key: 'by',
      title: 'Made by',
      width: '160px',
      cell: ({ createdBy }) => <span title={createdBy}>{nameOf(`user:${createdBy}`)}</span>,
    },
    { key: 'ends', title: 'Ends', width: '120px', cell: ({ expiresAt }) => <When at={expiresAt} /> },
    {
      key: 'end',
      title: 'Revoke',
      width: '72px',
      cell: (token) =>
        mayWrite && (
          <ActionIcon aria-label={`Revoke ${token.name}`} onClick={() => setEnding(token)}>
            <Trash2 size={14} />
          </ActionIcon>
        ),
    },
  ];
  const make = (
    <Button leftSection={<KeyRound size={14} />} onClick={() => setMaking(true)}>
      Make a token
    </Button>
  );
  return (
    <Stack>
      {mayWrite && <Group>{make}</Group>}
      <List
        name="tokens"
        columns={columns}
        pages={pages}
        keyOf={({ id }) => id}
        empty={
          <Empty title="No tokens yet">
            A token lets a program use the REST API in your name, with the rights that you choose.
          </Empty>
        }
      />
      <NewToken opened={making} onClose={() => setMaking(false)} made={again} />
      <Confirm
        opened={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={`Revoke ${ending?.name}?`}
        verb="Revoke"
        act={async () => {
          await api().access.revokeToken(ending!.id);
          done(`${ending!.name} can do nothing any more.`);
          await again();
        }}
      >
        Every program that uses it is refused from now on.
      </Confirm>
    </Stack>
  );
}

function NewToken({ opened, onClose, made }: { opened: boolean; onClose(): void; made(): Promise<unknown> }) {
  const me = useMe();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState('30');
  const [token, setToken] = useState<string>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const close = () => {
    setName('');
    setScopes([]);
    setToken(undefined);
    setError(undefined);
    onClose();
  };
  const make = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      const created = await api().access.createToken({ name, scopes: scopes as Permission[], expiresAt });
      setToken(created.token);
      await made();
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title="Make a token" closeButtonProps={{ 'aria-label': 'Close' }}>
      {token === undefined ? (
        <form onSubmit={(event) => void make(event)}>
          <Stack gap="sm">
            <TextInput
              label="Name"
              description="Where it is used, so that you know it later."
              required
              data-autofocus
              maxLength={120}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <MultiSelect
              label="What it may do"
              data={me?.permissions ?? []}
              searchable
              required
              value={scopes}
              onChange={setScopes}
            />
            <Select
              label="For"
              data={LIVES}
              allowDeselect={false}
              value={days}
              onChange={(value) => setDays(value ?? '30')}
            />
            {error && <WentWrong error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={busy} disabled={name.trim() === '' || scopes.length === 0}>
                Make it
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Alert color="yellow">Copy it now: it is shown this once, and nobody can read it again.</Alert>
          <Code block>{token}</Code>
          <Group justify="flex-end">
            <CopyButton value={token}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
