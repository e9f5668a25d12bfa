/** Every target of a deployment: its state, why, and what the swap cost its node. */
import { Button, Group, SegmentedControl } from '@mantine/core';
import { Failure, type Target } from '@millrace/schemas';
import { Link, useLocation } from 'wouter';
import { api } from '../../data/api.js';
import { usePages } from '../../data/pages.js';
import { FilterLine } from '../../ui/filter-line.js';
import { List, type Column } from '../../ui/list.js';
import { Card, Empty } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { count, duration } from '../../ui/units.js';
import { When } from '../../ui/when.js';
import { reasonWord, targetState } from '../words.js';

const LIMIT = 200;
const FAILED = 'outcome=in=(failed,rolled-back,refused,timed-out)';
const EXAMPLES = [
  FAILED,
  'online==false',
  'wave==1',
  'reason==START_FAILED',
  'attempt>1',
  'progress==probation',
];
const QUICK = [
  { value: '', label: 'All' },
  { value: FAILED, label: 'Failed' },
  { value: 'online==false', label: 'Offline' },
];

interface TargetsProps {
  id: string;
  /** Puts names into a sentence. */
  says(text: string): string;
  total: number;
  filter: string;
  onFilter(filter: string): void;
}

export function Targets({ id, says, total, filter, onFilter }: TargetsProps) {
  const [, go] = useLocation();
  const pages = usePages(['deployments', 'one', id, 'table', filter], (cursor) =>
    api().deployments.targets(id, { filter: filter || undefined, limit: LIMIT, cursor }),
  );
  const wrong = pages.error instanceof Failure ? pages.error.message : undefined;
  return (
    <Card title="Targets">
      <Group mb="sm" gap="xs" align="flex-start">
        <SegmentedControl
          aria-label="Which targets"
          data={QUICK}
          value={QUICK.some(({ value }) => value === filter) ? filter : ' '}
          onChange={onFilter}
        />
        <FilterLine
          name="targets"
          value={filter}
          onChange={onFilter}
          examples={EXAMPLES}
          error={filter === '' ? undefined : wrong}
        />
      </Group>
      <List
        name="Targets"
        columns={columns(says)}
        pages={pages}
        keyOf={({ node }) => node}
        open={({ node }) => go(`/nodes/${node}`)}
        total={filter === '' ? total : undefined}
        height={400}
        empty={
          <Empty
            title={filter === '' ? 'It has no nodes' : 'No target is like this'}
            action={
              filter !== '' && (
                <Button variant="default" onClick={() => onFilter('')}>
                  Show all
                </Button>
              )
            }
          />
        }
      />
    </Card>
  );
}

const columns = (says: (text: string) => string): Column<Target>[] => [
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(88px, 1fr)',
    cell: ({ node, nodeName }) => (
      <Link href={`/nodes/${node}`} title={nodeName} onClick={(event) => event.stopPropagation()}>
        {nodeName}
      </Link>
    ),
  },
  { key: 'wave', title: 'Wave', width: '48px', cell: ({ wave }) => wave },
  {
    key: 'state',
    title: 'State',
    width: '128px',
    cell: (target) => {
      const { word, is } = targetState(target);
      return <State is={is}>{word}</State>;
    },
  },
  {
    key: 'reason',
    title: 'Reason',
    width: 'minmax(160px, 3fr)',
    cell: ({ reason }) =>
      reason === null ? null : (
        <span title={`${reason.code}: ${says(reason.detail)}`}>
          {says(reason.detail) || reasonWord(reason.code)}
          {reason.until !== undefined && (
            <>
              {' '}
              (<When at={reason.until} />)
            </>
          )}
        </span>
      ),
  },
  {
    key: 'gap',
    title: 'Stood still',
    width: '80px',
    cell: ({ gapMs }) => (gapMs === null ? '–' : duration(gapMs)),
  },
  { key: 'lost', title: 'Lost', width: '64px', cell: ({ lost }) => (lost === null ? '–' : count(lost)) },
  { key: 'attempt', title: 'Try', width: '40px', cell: ({ attempt }) => attempt },
  {
    key: 'since',
    title: 'Since',
    width: '96px',
    cell: ({ startedAt, endedAt }) =>
      startedAt === null && endedAt === null ? '–' : <When at={endedAt ?? startedAt} />,
  },
  {
    key: 'deadline',
    title: 'Deadline',
    width: '96px',
    extra: true,
    cell: ({ deadline }) => (deadline === null ? '–' : <When at={deadline} />),
  },
];
