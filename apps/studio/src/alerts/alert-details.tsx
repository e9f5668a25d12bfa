/** One alert: what it says, the signal around it, what the model saw, and what became of it. */
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Alert } from '@millrace/schemas';
import { Check } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { Ident } from '../ui/ident.js';
import { done, failed } from '../ui/notify.js';
import { Loading, Show } from '../ui/page.js';
import { duration } from '../ui/units.js';
import { When } from '../ui/when.js';
import { AlertHistory } from './alert-history.js';
import { AlertIs, SeverityIs } from './alert-words.js';
import classes from './alerts.module.css';
import { shownValue, valuesOf } from './shown-values.js';

const AlertSignal = lazy(() => import('./alert-signal.js'));

export function AlertDetails({ id, onChanged }: { id: string; onChanged(): void }) {
  const alert = useQuery({ queryKey: ['alerts', 'alert', id], queryFn: () => api().alerts.get(id) });
  return (
    <Show of={alert} lines={8}>
      {(data) => <Details alert={data} onChanged={onChanged} />}
    </Show>
  );
}

function Details({ alert, onChanged }: { alert: Alert; onChanged(): void }) {
  const mayWrite = useMay('alerts.write');
  const [busy, setBusy] = useState(false);
  const acknowledge = async () => {
    setBusy(true);
    try {
      queries.setQueryData(['alerts', 'alert', alert.id], await api().alerts.acknowledge(alert.id));
      done('The alert is acknowledged');
      onChanged();
    } catch (error) {
      failed('Could not acknowledge the alert', error);
    } finally {
      setBusy(false);
    }
  };
  const node = encodeURIComponent(alert.node);
  const flow = encodeURIComponent(alert.flow);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Stack gap={6}>
          <Title order={3} size="h2" className={classes.said}>
            {alert.message}
          </Title>
          <Group gap="xs">
            <SeverityIs of={alert.severity} soft />
            <AlertIs of={alert.state} soft />
            <Text size="sm" c="dimmed">
              <When at={alert.t} />
              {alert.clearedT !== null && `, for ${duration(Math.max(0, alert.clearedT - alert.t))}`}
            </Text>
            <Ident id={alert.id} label="alert id" />
          </Group>
        </Stack>
        {alert.state === 'raised' && mayWrite && (
          <Button leftSection={<Check size={14} />} loading={busy} onClick={() => void acknowledge()}>
            Acknowledge
          </Button>
        )}
      </Group>
      <dl className={classes.facts}>
        <dt>Node</dt>
        <dd>
          <Link href={`/nodes/${node}`}>{alert.nodeName}</Link>
        </dd>
        <dt>Flow</dt>
        <dd>
          <Link href={`/flows/${flow}`}>{alert.flow}</Link>, version {alert.version}
        </dd>
        <dt>Module</dt>
        <dd>
          {alert.module}
          {alert.key !== null && ` (key ${alert.key})`},{' '}
          <Link href={`/nodes/${node}/flows/${flow}?module=${encodeURIComponent(alert.module)}`}>
            see it live
          </Link>
        </dd>
      </dl>
      <section aria-label="The signal around it">
        <Title order={4} size="h3" mb="xs">
          The signal around it
        </Title>
        <Suspense fallback={<Loading />}>
          <AlertSignal alert={alert} />
        </Suspense>
      </section>
      <section aria-label="What the model saw">
        <Title order={4} size="h3" mb="xs">
          What the model saw
        </Title>
        <Values alert={alert} />
      </section>
      <section aria-label="What became of it">
        <Title order={4} size="h3" mb="xs">
          What became of it
        </Title>
        <AlertHistory alert={alert} />
      </section>
    </Stack>
  );
}

function Values({ alert }: { alert: Alert }) {
  const entries = valuesOf(alert);
  if (entries.length === 0)
    return (
      <Text size="sm" c="dimmed">
        The record that raised it had no values.
      </Text>
    );
  return (
    <dl className={classes.values}>
      {entries.map(([name, one]) => (
        <div key={name}>
          <dt title={name}>{name}</dt>
          <dd title={String(one)}>{shownValue(one)}</dd>
        </div>
      ))}
    </dl>
  );
}
