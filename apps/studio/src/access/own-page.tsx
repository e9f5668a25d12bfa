/** The person who is signed in: who they are here, how it looks, their password. */
import { Button, PasswordInput, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { api } from '../data/api.js';
import { useMe } from '../data/me.js';
import { session } from '../data/session.js';
import { Card, WentWrong } from '../ui/page.js';
import classes from './settings.module.css';

const LEAST = 10;

export function OwnPage() {
  const me = useMe();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className={classes.columns}>
      <Card title="You">
        <Stack gap={4}>
          <Text fw={600}>{me?.name}</Text>
          {me?.email && <Text size="sm">{me.email}</Text>}
          <Text size="sm">
            {me?.role ?? me?.kind} in {me?.organization.name}
          </Text>
        </Stack>
      </Card>
      <Card title="Theme">
        <SegmentedControl
          aria-label="Theme"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as 'auto' | 'light' | 'dark')}
          data={[
            { value: 'auto', label: 'As the system' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
      </Card>
      {me?.kind === 'user' && <Password />}
    </div>
  );
}

function Password() {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const change = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await api().access.changePassword({ current, password });
      session.end('The password is changed, and all your sessions have ended. Sign in with the new one.');
    } catch (thrown) {
      setError(thrown as Error);
      setBusy(false);
    }
  };
  const short = password !== '' && password.length < LEAST;
  return (
    <Card title="Password">
      <form onSubmit={(event) => void change(event)}>
        <Stack gap="sm">
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description={`At least ${LEAST} characters. All your sessions end when it changes.`}
            autoComplete="new-password"
            error={short && `${LEAST - password.length} more characters`}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {error && <WentWrong error={error} />}
          <Button
            type="submit"
            variant="default"
            loading={busy}
            disabled={current === '' || password.length < LEAST}
            style={{ alignSelf: 'flex-start' }}
          >
            Change password
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
