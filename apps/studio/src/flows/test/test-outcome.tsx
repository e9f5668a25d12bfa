/** What a test run does and did: how far it is, records by module, alerts, log lines, and how it ended. */
import { Button, Group, Loader, Table, Text } from '@mantine/core';
import type { ProblemPlace } from '@millrace/schemas';
import { WentWrong } from '../../ui/page.js';
import { State, type Standing } from '../../ui/state.js';
import { count, duration, many, rate, reduction } from '../../ui/units.js';
import { useNow } from '../../ui/when.js';
import type { Frames } from '../watch/frames.js';
import { clock } from '../watch/records.js';
import type { RunView, TestAlert, TestEnd, TestLog } from './run.js';
import classes from './test.module.css';

interface TestOutcomeProps {
  view: RunView;
  frames: Frames;
  onSelect?(module: string): void;
}

export function TestOutcome({ view, frames, onSelect }: TestOutcomeProps) {
  const places = view.refused?.errors ?? view.end?.problems ?? [];
  return (
    <div className={classes.outcome}>
      <Group gap="md" role="status">
        <HowFar view={view} />
        <Reduction frames={frames} />
      </Group>
      {view.refused && <WentWrong error={view.refused} />}
      {view.end && <Text size="sm">{view.end.detail}</Text>}
      <ToModules places={places} onSelect={onSelect} />
      <div className={classes.lists}>
        {(view.alerts.length > 0 || view.logs.length > 0) && (
          <div className={classes.said}>
            <Alerts alerts={view.alerts} all={view.alertCount} onSelect={onSelect} />
            <Logs logs={view.logs} />
          </div>
        )}
        {frames.modules.size > 0 && <Modules frames={frames} onSelect={onSelect} />}
      </div>
    </div>
  );
}

const ENDS: Readonly<Record<TestEnd['reason'], readonly [Standing, string]>> = {
  finished: ['good', 'Finished'],
  time: ['look', 'Ended at its time limit'],
  memory: ['broken', 'Ended: it needed too much memory'],
  failed: ['broken', 'Failed'],
  stopped: ['off', 'Stopped'],
};

function HowFar({ view }: { view: RunView }) {
  const now = useNow();
  if (view.refused) return <State is="broken">Not started</State>;
  if (view.state === 'preparing') {
    return (
      <Group gap="xs">
        <Loader size={14} />
        <Text size="sm">Checking the draft and fetching what it reads</Text>
      </Group>
    );
  }
  const began = view.startedAt ?? view.askedAt;
  const took = Math.max(0, (view.endedAt ?? now) - began);
  if (view.end) {
    const [is, word] = ENDS[view.end.reason];
    return (
      <>
        <State is={is} soft>
          {word}
        </State>
        <Text size="sm">after {duration(took)}</Text>
      </>
    );
  }
  const limit = view.limits === undefined ? '' : ` of at most ${view.limits.seconds} s`;
  return (
    <>
      <State is="busy" soft>
        Runs
      </State>
      <Text size="sm">
        {Math.floor(took / 1_000)} s{limit}
      </Text>
      {view.limits && <Text className={classes.meta}>may take {count(view.limits.memoryMb)} MiB</Text>}
    </>
  );
}

function Reduction({ frames: { bytesIn, bytesOut } }: { frames: Frames }) {
  // In a test nothing leaves, so that there is something to say only where a sink counts.
  const said = bytesOut > 0 ? reduction(bytesIn, bytesOut) : undefined;
  return said === undefined ? null : <Text className={classes.meta}>what leaves is {said}</Text>;
}

/** Each place is a way to the module that it is about. */
function ToModules({
  places,
  onSelect,
}: {
  places: readonly ProblemPlace[];
  onSelect?(module: string): void;
}) {
  const modules = [...new Set(places.flatMap(({ module }) => module ?? []))];
  if (modules.length === 0 || onSelect === undefined) return null;
  return (
    <Group gap="xs">
      {modules.slice(0, 8).map((module) => (
        <Button key={module} variant="default" onClick={() => onSelect(module)}>
          Show {module}
        </Button>
      ))}
    </Group>
  );
}

function Modules({ frames, onSelect }: { frames: Frames; onSelect?(module: string): void }) {
  const leftOut = [...frames.modules.values()].some(
    ({ counters }) => counters.errors > 0 || droppedOf(counters.dropped) !== '',
  );
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Records by module">
      <Table stickyHeader verticalSpacing={2} horizontalSpacing="xs" fz={13}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Module</Table.Th>
            <Table.Th ta="right">In</Table.Th>
            <Table.Th ta="right">Out</Table.Th>
            {!frames.over && <Table.Th ta="right">A second</Table.Th>}
            {leftOut && <Table.Th>Left out</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {[...frames.modules].map(([id, { counters, ports, rateIn, error }]) => (
            <Table.Tr key={id}>
              <Table.Td maw={160}>
                <button type="button" className={classes.module} onClick={() => onSelect?.(id)} title={id}>
                  {id}
                </button>
              </Table.Td>
              <Table.Td ta="right">{count(counters.in)}</Table.Td>
              <Table.Td ta="right">{count(counters.out)}</Table.Td>
              {!frames.over && <Table.Td ta="right">{rate(ports[0] ? ports[0].rate : rateIn)}</Table.Td>}
              {leftOut && (
                <Table.Td maw={260} className={classes.leftOut} title={error}>
                  {counters.errors > 0 ? (
                    <State is="broken">
                      {many(counters.errors, 'error')}
                      {error !== undefined && `: ${error}`}
                    </State>
                  ) : (
                    droppedOf(counters.dropped)
                  )}
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const droppedOf = (dropped: Readonly<Record<string, number>>): string =>
  Object.entries(dropped)
    .filter(([, times]) => times > 0)
    .map(([why, times]) => `${count(times)} ${why}`)
    .join(', ');

interface AlertsProps {
  alerts: readonly TestAlert[];
  all: number;
  onSelect?(module: string): void;
}

function Alerts({ alerts, all, onSelect }: AlertsProps) {
  if (alerts.length === 0) return null;
  return (
    <section aria-label="Alerts of the run">
      <Text className={classes.said1}>
        {many(all, 'alert')} would have been sent
        {all > alerts.length && `; the last ${alerts.length} are shown`}
      </Text>
      <ul className={classes.lines}>
        {alerts.map((alert, index) => (
          <li key={all - index}>
            <span className={classes.meta}>{clock(alert.t)}</span>
            <State is={alert.change === 'cleared' ? 'good' : standingOf(alert)}>
              {alert.change === 'cleared' ? 'cleared' : alert.severity}
            </State>
            <button type="button" className={classes.module} onClick={() => onSelect?.(alert.module)}>
              {alert.module}
            </button>
            <span className={classes.message} title={alert.message}>
              {alert.message}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const standingOf = ({ severity }: TestAlert): Standing =>
  severity === 'high' || severity === 'critical' ? 'broken' : severity === 'info' ? 'busy' : 'look';

function Logs({ logs }: { logs: readonly TestLog[] }) {
  if (logs.length === 0) return null;
  return (
    <section aria-label="Log of the run">
      <Text className={classes.said1}>Log</Text>
      <ul className={classes.lines}>
        {logs.map(({ level, module, message }, index) => (
          <li key={logs.length - index}>
            <State is={({ info: 'off', warn: 'look', error: 'broken' } as const)[level]}>{level}</State>
            {module !== '' && <strong>{module}</strong>}
            <span className={classes.message} title={message}>
              {message}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
