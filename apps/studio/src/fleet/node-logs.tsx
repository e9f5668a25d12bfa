/** What flows on a node write, asked of the node itself and followed; nothing of it is kept by the director. */
import { Group, Select, Switch, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { LogLine, Node } from '@millrace/schemas';
import { useLayoutEffect, useRef } from 'react';
import { useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { Empty, Show } from '../ui/page.js';
import classes from './node.module.css';

const FOLLOW_MS = 2_000;
/** Lines that are kept here; older ones go. */
const LINES = 2_000;

export default function NodeLogs({ node }: { node: Node }) {
  const [search, setSearch] = useSearchParams();
  const flow = search.get('flow');
  const follows = search.get('follow') !== 'no';
  const cache = useQueryClient();
  const key = ['node-logs', node.id, flow];
  const logs = useQuery({
    queryKey: key,
    queryFn: async () => {
      const before = cache.getQueryData<LogLine[]>(key) ?? [];
      const { lines } = await api().fleet.logs(node.id, { flow: flow ?? undefined, since: before.at(-1)?.t });
      return lines.length === 0 ? before : [...before, ...lines].slice(-LINES);
    },
    enabled: node.status === 'online',
    refetchInterval: follows ? FOLLOW_MS : false,
  });
  const set = (name: string, to: string | null) =>
    setSearch(
      (now) => {
        if (to === null) now.delete(name);
        else now.set(name, to);
        return now;
      },
      { replace: true },
    );
  if (node.status !== 'online')
    return (
      <Empty title="The node cannot be asked now">
        Logs lie on the node itself, and it is not connected. On the machine its agent writes them to stderr.
      </Empty>
    );
  return (
    <>
      <Group mb="sm" gap="md">
        <Select
          aria-label="Flow"
          placeholder="All flows"
          data={node.flows.map((one) => one.flow)}
          value={flow}
          onChange={(to) => set('flow', to)}
          clearable
          clearButtonProps={{ 'aria-label': 'Show all flows' }}
          w={260}
        />
        <Switch
          label="Follow"
          checked={follows}
          onChange={(event) => set('follow', event.currentTarget.checked ? null : 'no')}
        />
        {logs.error !== null && logs.data !== undefined && (
          <Text size="xs" c="var(--look)" role="status">
            Cannot be followed now: {logs.error.message}
          </Text>
        )}
      </Group>
      <Show of={logs} lines={8}>
        {(lines) => <Lines lines={lines} follows={follows} />}
      </Show>
    </>
  );
}

function Lines({ lines, follows }: { lines: readonly LogLine[]; follows: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && follows && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines, follows]);
  const watch = () => {
    const element = box.current!;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  };
  if (lines.length === 0)
    return <Empty title="Its flows have written nothing">Warnings and errors come here.</Empty>;
  return (
    <div ref={box} className={classes.log} onScroll={watch} tabIndex={0} role="log" aria-label="Log lines">
      {lines.map((line) => (
        <div key={`${line.flow}${line.t}`} className={classes.line} data-level={line.level}>
          <time dateTime={new Date(line.t).toISOString()}>{new Date(line.t).toLocaleTimeString()}</time>
          <span>{line.level}</span>
          <span title={line.module === '' ? 'agent' : `${line.flow} ${line.module}`}>
            {line.module || 'agent'}
          </span>
          <span>{line.message}</span>
        </div>
      ))}
    </div>
  );
}
