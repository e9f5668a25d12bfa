/** All alerts as they come; one is opened beside the list, under its own address. */
import { Button, Group, Stack } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Alert, AlertQuery } from '@millrace/schemas';
import { ArrowUp, Check } from 'lucide-react';
import { useRef, useState, type UIEvent } from 'react';
import { useLocation, useParams, useSearch, useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { useFollowed } from '../data/followed.js';
import { inTurn, orThrow } from '../data/in-turn.js';
import { useMay } from '../data/me.js';
import { unreadOf } from '../data/unread.js';
import { Count, Counts, MarkedBar } from '../ui/counts.js';
import { FilterLine } from '../ui/filter-line.js';
import { List } from '../ui/list.js';
import { done, failed } from '../ui/notify.js';
import { Empty, Page } from '../ui/page.js';
import { Sheet } from '../ui/sheet.js';
import { count, many } from '../ui/units.js';
import { alertColumns } from './alert-columns.js';
import { AlertDetails } from './alert-details.js';
import { SEVERITIES, STATES } from './alert-words.js';
import classes from './alerts.module.css';

const EXAMPLES = [
  'state==raised;severity=in=(high,critical)',
  'flow==hydraulic-cooler',
  'nodeName==node-1',
  'module==failing',
  'version==1',
  'key==pump-3',
];
const ROW_PX = 40;

export function AlertsPage() {
  const { id } = useParams<{ id?: string }>();
  const [search, setSearch] = useSearchParams();
  const query = useSearch();
  const [, go] = useLocation();
  const [scrolled, setScrolled] = useState(false);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const mayWrite = useMay('alerts.write');
  const list = useRef<HTMLDivElement>(null);
  const filter = search.get('filter') ?? '';
  const state = STATES.find((one) => one === search.get('state'));
  const severity = SEVERITIES.find((one) => one === search.get('severity'));
  const chosen: AlertQuery = { filter: filter || undefined, state, severity };
  const alerts = useFollowed<Alert>({
    key: ['alerting', filter, state, severity],
    read: (page) => api().alerts.list({ ...chosen, ...page }),
    idOf: (alert) => alert.id,
    events: 'alert.',
    isNew: ({ type }) => type === 'alert.raised',
    hold: scrolled,
  });
  const unread = unreadOf(alerts.error);
  const ofFilter = useQuery({
    queryKey: ['alerts', 'count', filter],
    queryFn: () => api().alerts.count({ filter: filter || undefined }),
    placeholderData: keepPreviousData,
  }).data;
  const total = useQuery({
    queryKey: ['alerts', 'total', filter, state, severity],
    queryFn: () => api().alerts.count(chosen),
    placeholderData: keepPreviousData,
  }).data?.total;
  const set = (name: 'filter' | 'state' | 'severity', to: string | undefined) => {
    setMarked(new Set());
    setScrolled(false);
    setSearch(
      (now) => {
        if (to === undefined || to === '') now.delete(name);
        else now.set(name, to);
        return now;
      },
      { replace: true },
    );
  };
  const look = (event: UIEvent) => {
    const { scrollTop } = event.target as HTMLElement;
    setScrolled(scrollTop > ROW_PX / 2);
    alerts.looking(Math.floor(scrollTop / ROW_PX));
  };
  const toTop = () => {
    alerts.takeIn();
    for (const part of list.current?.querySelectorAll('[role=rowgroup]') ?? []) part.scrollTop = 0;
    setScrolled(false);
  };
  const beside = query === '' ? '' : `?${query}`;
  const narrowed = filter !== '' || state !== undefined || severity !== undefined;
  return (
    <Page title="Alerts">
      <Stack gap="sm">
        <FilterLine
          name="alerts"
          value={filter}
          onChange={(to) => set('filter', to)}
          examples={EXAMPLES}
          error={unread?.message}
        />
        <Group gap="lg">
          <Counts label="State">
            <Count on={state === undefined} onClick={() => set('state', undefined)}>
              {ofFilter ? `${count(ofFilter.total)} in all` : 'All'}
            </Count>
            {STATES.map((one) => (
              <Count
                key={one}
                on={state === one}
                onClick={() => set('state', state === one ? undefined : one)}
              >
                {ofFilter ? count(ofFilter.byState[one] ?? 0) : ''} {one}
              </Count>
            ))}
          </Counts>
          <Counts label="Severity">
            {SEVERITIES.map((one) => (
              <Count
                key={one}
                on={severity === one}
                onClick={() => set('severity', severity === one ? undefined : one)}
              >
                {ofFilter ? count(ofFilter.bySeverity[one] ?? 0) : ''} {one}
              </Count>
            ))}
          </Counts>
        </Group>
        <div ref={list} className={classes.list} onScrollCapture={look}>
          {alerts.waiting > 0 && (
            <Button
              className={classes.fresh}
              size="compact-sm"
              leftSection={<ArrowUp size={12} />}
              onClick={toTop}
            >
              {narrowed ? 'New alerts' : `${count(alerts.waiting)} new`}
            </Button>
          )}
          <List
            name="alerts"
            columns={alertColumns}
            pages={unread ? { ...alerts, error: null, loading: false } : alerts}
            keyOf={(alert) => alert.id}
            open={(alert) => go(`/alerts/${encodeURIComponent(alert.id)}${beside}`)}
            marked={mayWrite ? marked : undefined}
            onMark={mayWrite ? setMarked : undefined}
            total={total}
            height="calc(100vh - 304px)"
            empty={
              unread ? (
                <Empty title="The filter cannot be read yet">
                  What is wrong with it is said below its line.
                </Empty>
              ) : narrowed ? (
                <Empty
                  title="No alert fits"
                  action={
                    <Button variant="default" onClick={() => setSearch({}, { replace: true })}>
                      Show all
                    </Button>
                  }
                />
              ) : (
                <Empty title="There are no alerts">
                  Flows raise them: put a <code>route.alert</code> module behind a model or a rule, say when
                  it holds, publish and deploy. What it raises on a node is here within a second, also what
                  the node kept while it was offline.
                </Empty>
              )
            }
          />
        </div>
      </Stack>
      {marked.size > 0 && (
        <Acknowledge
          alerts={alerts.items.filter((alert) => marked.has(alert.id))}
          onDone={() => {
            alerts.again(marked);
            setMarked(new Set());
          }}
          onClear={() => setMarked(new Set())}
        />
      )}
      <Sheet opened={id !== undefined} onClose={() => go(`/alerts${beside}`)} title="Alert" width={760}>
        {id !== undefined && <AlertDetails key={id} id={id} onChanged={() => alerts.again([id])} />}
      </Sheet>
    </Page>
  );
}

interface AcknowledgeProps {
  alerts: readonly Alert[];
  onDone(): void;
  onClear(): void;
}

function Acknowledge({ alerts, onDone, onClear }: AcknowledgeProps) {
  const [at, setAt] = useState<number>();
  const raised = alerts.filter(({ state }) => state === 'raised');
  const go = async () => {
    setAt(0);
    try {
      orThrow(
        await inTurn(raised, ({ id }) => api().alerts.acknowledge(id), setAt),
        ({ message }) => message,
      );
      done(`${many(raised.length, 'alert')} acknowledged`);
    } catch (error) {
      failed('Could not acknowledge them all', error);
    } finally {
      setAt(undefined);
      onDone();
    }
  };
  return (
    <MarkedBar label="With the marked alerts">
      <strong>{many(alerts.length, 'alert')} marked</strong>
      <Button
        leftSection={<Check size={14} />}
        disabled={raised.length === 0}
        loading={at !== undefined}
        onClick={() => void go()}
      >
        Acknowledge {count(raised.length)}
      </Button>
      {at !== undefined && (
        <span role="status">
          {at} of {raised.length}
        </span>
      )}
      {raised.length < alerts.length && (
        <span>{count(alerts.length - raised.length)} need no acknowledging</span>
      )}
      <Button variant="subtle" color="gray" onClick={onClear}>
        Clear the marks
      </Button>
    </MarkedBar>
  );
}
