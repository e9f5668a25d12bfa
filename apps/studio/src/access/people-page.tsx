/** The people of the organization and their roles. */
import { ActionIcon, Button, Group, Modal, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Role, type User } from '@millrace/schemas';
import { Trash2, UserPlus } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { api } from '../data/api.js';
import { useMay, useMe } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { Confirm } from '../ui/confirm.js';
import { List, type Column } from '../ui/list.js';
import { done, failed } from '../ui/notify.js';
import { Empty, WentWrong } from '../ui/page.js';
import { When } from '../ui/when.js';

const KEY = ['access', 'people'];

export function PeoplePage() {
  const queries = useQueryClient();
  const pages = usePages(KEY, (cursor) => api().access.users({ cursor, limit: 100 }));
  const mayWrite = useMay('access.write');
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User>();
  const again = () => queries.invalidateQueries({ queryKey: KEY });
  const changeRole = async (user: User, role: Role) => {
    try {
      await api().access.changeUser(user.id, { role });
      done(`${user.name} is ${role} now.`);
    } catch (error) {
      failed(`The role of ${user.name} was not changed`, error);
    }
    await again();
  };
  const columns: Column<User>[] = [
    { key: 'name', title: 'Name', width: 'minmax(140px, 1fr)', cell: ({ name }) => <strong>{name}</strong> },
    { key: 'email', title: 'Email', width: 'minmax(180px, 2fr)', cell: ({ email }) => email },
    {
      key: 'role',
      title: 'Role',
      width: '180px',
      cell: (user) =>
        mayWrite ? (
          <Select
            aria-label={`Role of ${user.name}`}
            data={Role.options}
            value={user.role}
            allowDeselect={false}
            onChange={(role) => role && void changeRole(user, role as Role)}
          />
        ) : (
          user.role
        ),
    },
    { key: 'created', title: 'Here since', width: '120px', cell: ({ createdAt }) => <When at={createdAt} /> },
    {
      key: 'remove',
      title: 'Remove',
      width: '72px',
      cell: (user) =>
        mayWrite &&
        user.id !== me?.id && (
          <ActionIcon aria-label={`Remove ${user.name}`} onClick={() => setRemoving(user)}>
            <Trash2 size={14} />
          </ActionIcon>
        ),
    },
  ];
  return (
    <Stack>
      {mayWrite && (
        <Group>
          <Button leftSection={<UserPlus size={14} />} onClick={() => setAdding(true)}>
            Add a person
          </Button>
        </Group>
      )}
      <List
        name="people"
        columns={columns}
        pages={pages}
        keyOf={({ id }) => id}
        empty={<Empty title="Nobody" />}
      />
      <NewPerson opened={adding} onClose={() => setAdding(false)} added={again} />
      <Confirm
        opened={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Remove ${removing?.name}?`}
        verb="Remove"
        act={async () => {
          await api().access.removeUser(removing!.id);
          done(`${removing!.name} was removed.`);
          await again();
        }}
      >
        Their sessions end at once, and the tokens that they made can do nothing any more. What they published
        and deployed stays.
      </Confirm>
    </Stack>
  );
}

const NOBODY = { email: '', name: '', role: 'viewer' as Role, password: '' };

function NewPerson({
  opened,
  onClose,
  added,
}: {
  opened: boolean;
  onClose(): void;
  added(): Promise<unknown>;
}) {
  const [person, setPerson] = useState(NOBODY);
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const close = () => {
    setPerson(NOBODY);
    setError(undefined);
    onClose();
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await api().access.createUser(person);
      done(`${person.name} may sign in now with ${person.email}.`);
      await added();
      close();
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  const field = (key: 'email' | 'name' | 'password') => ({
    value: person[key],
    onChange: (event: { currentTarget: { value: string } }) =>
      setPerson({ ...person, [key]: event.currentTarget.value }),
  });
  return (
    <Modal opened={opened} onClose={close} title="Add a person" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => void add(event)}>
        <Stack gap="sm">
          <TextInput label="Name" required data-autofocus maxLength={120} {...field('name')} />
          <TextInput label="Email" type="email" required {...field('email')} />
          <Select
            label="Role"
            description="What each role may do is under Roles."
            data={Role.options}
            allowDeselect={false}
            value={person.role}
            onChange={(role) => role && setPerson({ ...person, role: role as Role })}
          />
          <PasswordInput
            label="First password"
            description="At least 10 characters. Give it to them; they change it under You."
            required
            minLength={10}
            autoComplete="new-password"
            {...field('password')}
          />
          {error && <WentWrong error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Add
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
