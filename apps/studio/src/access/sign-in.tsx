/** The first page: sign in with the address and password that `millrace up` printed, or that an admin gave. */
import { Alert, Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { api } from '../data/api.js';
import { session } from '../data/session.js';
import { WentWrong } from '../ui/page.js';
import classes from './sign-in.module.css';

export function SignIn() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const why = session.whyEnded();
  useEffect(() => {
    document.title = 'Sign in · Millrace';
  }, []);
  const signIn = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const { token, expiresAt } = await api().access.signIn({ email, password });
      session.start({ token, expiresAt });
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={(event) => void signIn(event)}>
        <Stack>
          <img src="/icon.svg" alt="" width={36} height={36} />
          <Title order={1}>Sign in to Millrace</Title>
          {why && <Alert color="yellow">{why}</Alert>}
          <TextInput
            label="Email"
            size="sm"
            type="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            size="sm"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {error && <WentWrong error={error} />}
          <Button type="submit" size="sm" loading={busy}>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            Started it yourself? <code>npm start</code> printed both when it was ready.
          </Text>
        </Stack>
      </form>
    </main>
  );
}
