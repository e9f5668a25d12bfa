/** What happened, by whom, newest first, as it happens. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Bell, Boxes, Rocket, Server, ShieldCheck, Workflow, type LucideIcon } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { useLive } from '../data/live.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { Card, Loading, WentWrong } from '../ui/page.js';
import { duration } from '../ui/units.js';
import { When } from '../ui/when.js';
import { alertEvents, auditEvents, deploymentEvents, timelineOf, type Entry, type Room } from './happened.js';
import classes from './home.module.css';

const READ = { audit: 100, alerts: 60, deployments: 30 };
const SHOWN = 25;
const SETTLE_MS = 1_500;
/** Shorter than this is said as one time. */
const LONG_MS = 60_000;

const ICONS: Readonly<Record<Room, LucideIcon>> = {
  flows: Workflow,
  catalogue: Boxes,
  fleet: Server,
  deployments: Rocket,
  alerts: Bell,
  access: ShieldCheck,
};

export function Happened() {
  const who = useActors();
  const mayAudit = useMay('audit.read');
  const audit = useQuery({
    queryKey: ['home', 'audit'],
    queryFn: () => api().access.audit({ limit: READ.audit }),
    enabled: mayAudit,
  });
  const alerts = useQuery({
    queryKey: ['alerts', 'home'],
    queryFn: () => api().alerts.list({ limit: READ.alerts }),
  });
  const deployments = useQuery({
    queryKey: ['deployments', 'home'],
    queryFn: () => api().deployments.list({ limit: READ.deployments }),
  });
  useAuditAnew();
  const all = [audit, alerts, deployments];
  const wrong = all.find(({ error, data }) => error !== null && data === undefined);
  const entries = timelineOf(
    [
      ...auditEvents(audit.data?.items ?? []),
      ...alertEvents(alerts.data?.items ?? []),
      ...deploymentEvents(deployments.data?.items ?? []),
    ],
    SHOWN,
  );
  const loading = entries.length === 0 && all.some(({ isLoading }) => isLoading);
  return (
    <Card
      title="What happened"
      actions={
        mayAudit && (
          <Anchor component={Link} href="/settings/audit" size="xs">
            Audit log
          </Anchor>
        )
      }
    >
      {wrong?.error && <WentWrong error={wrong.error} retry={wrong.refetch} />}
      {loading && <Loading lines={6} />}
      {!loading && entries.length === 0 && <p className={classes.none}>Nothing has happened yet.</p>}
      <ol className={classes.happened}>
        {entries.map((entry) => (
          <Line key={entry.key} entry={entry} who={who} />
        ))}
      </ol>
    </Card>
  );
}

function Line({ entry, who }: { entry: Entry; who(actor: string): string }) {
  const Icon = ICONS[entry.room];
  const actor = entry.actor === undefined || entry.actor === 'system' ? '' : `${who(entry.actor)} `;
  return (
    <li>
      <span className={classes.icon} data-is={entry.is}>
        <Icon size={14} aria-hidden />
      </span>
      <Link href={entry.to} className={classes.event}>
        {actor && <b>{actor}</b>}
        {entry.says}
        {entry.at - entry.since >= LONG_MS && (
          <span className={classes.over}> over {duration(entry.at - entry.since)}</span>
        )}
      </Link>
      <span className={classes.when}>
        <When at={entry.at} />
      </span>
    </li>
  );
}

/** The audit log has no room of its own in the events; whatever changed something else has left a line there. */
function useAuditAnew(): void {
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useLive('', ({ type }) => {
    if (type === 'node.reported' || type === 'targets.moved') return;
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      void queries.invalidateQueries({ queryKey: ['home'] });
    }, SETTLE_MS);
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
}
