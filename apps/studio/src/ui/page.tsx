/** The frame of a page's content: its title, what one can do, and the three states of what it shows. */
import { Alert, Anchor, Button, Center, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { Failure, type ProblemPlace } from '@millrace/schemas';
import { useEffect, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { usePlaceName } from '../data/place-names.js';
import classes from './page.module.css';

interface PageProps {
  title: string;
  /** Beside the title: a state, an id. */
  beside?: ReactNode;
  /** Buttons at the right. */
  actions?: ReactNode;
  /** Editor and live pages take the whole width. */
  full?: boolean;
  children: ReactNode;
}

export function Page({ title, beside, actions, full, children }: PageProps) {
  const [path] = useLocation();
  usePlaceName(path, title);
  useEffect(() => {
    document.title = `${title} · Millrace`;
  }, [title]);
  return (
    <div className={full ? classes.full : classes.page}>
      <Group justify="space-between" wrap="wrap" gap="sm" className={classes.head}>
        <Group gap="sm" wrap="wrap">
          <Title order={1}>{title}</Title>
          {beside}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
}: {
  title?: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.card} aria-label={title}>
      {title !== undefined && (
        <Group justify="space-between" mb="xs">
          <Title order={2} size="h3">
            {title}
          </Title>
          {actions}
        </Group>
      )}
      {children}
    </section>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  refetch?: () => unknown;
}

/** What was asked for, or its loading shape, or what went wrong. An answer that is there stays while a new one fails. */
export function Show<T>({
  of,
  lines = 4,
  children,
}: {
  of: Asked<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  if (of.error) return <WentWrong error={of.error} retry={of.refetch} />;
  return <Loading lines={lines} />;
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={32} radius={6} width={`${100 - ((line * 7) % 23)}%`} />
      ))}
    </Stack>
  );
}

/** Nothing is there yet: what this place is for, and the next thing to do. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Center py={48}>
      <Stack align="center" gap="xs" maw={440}>
        <Title order={2}>{title}</Title>
        {children && (
          <Text c="dimmed" ta="center" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}

/** A failure with its code, its places and a way out. */
export function WentWrong({ error, retry }: { error: Error; retry?: () => unknown }) {
  const failure = error instanceof Failure ? error : undefined;
  return (
    <Alert color="red" title={failure ? failure.message : 'Something went wrong in the studio'} role="alert">
      <Stack gap="xs" align="flex-start">
        {!failure && <Text size="sm">{error.message}</Text>}
        {failure && <Places places={failure.errors} />}
        <Group gap="sm">
          {retry && (
            <Button variant="default" onClick={() => void retry()}>
              Try again
            </Button>
          )}
          {failure && <code>{failure.code}</code>}
        </Group>
      </Stack>
    </Alert>
  );
}

const PLACES_SHOWN = 8;

export function Places({ places }: { places: readonly ProblemPlace[] }) {
  if (places.length === 0) return null;
  return (
    <ul className={classes.places}>
      {places.slice(0, PLACES_SHOWN).map((place) => (
        <li key={`${place.pointer ?? ''}${place.module ?? ''}${place.detail}`}>
          {place.module && <strong>{place.module}: </strong>}
          {place.detail}
        </li>
      ))}
      {places.length > PLACES_SHOWN && <li>and {places.length - PLACES_SHOWN} more</li>}
    </ul>
  );
}

/** For a link that goes nowhere. */
export function NoSuchPage() {
  return (
    <Page title="Not found">
      <Empty title="There is no such page" action={<Anchor href="/">Go home</Anchor>}>
        The address may be mistyped, or what it showed was deleted.
      </Empty>
    </Page>
  );
}
