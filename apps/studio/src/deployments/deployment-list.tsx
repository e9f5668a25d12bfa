/** All deployments, newest first. */
import { Button, Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Failure, type Deployment } from '@millrace/schemas';
import { Link, useLocation, useSearchParams } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { usePages } from '../data/pages.js';
import { FilterLine } from '../ui/filter-line.js';
import { Ident } from '../ui/ident.js';
import { List, type Column } from '../ui/list.js';
import { Empty } from '../ui/page.js';
import { State } from '../ui/state.js';
import { When } from '../ui/when.js';
import { Counts } from './counts.js';
import classes from './counts.module.css';
import { STATES, withNames } from './words.js';

const LIMIT = 100;
const UNDER_WAY = 'state=in=(rolling,paused,soaking)';
const EXAMPLES = [UNDER_WAY, 'state==failed', 'flow==hydraulic-cooler', 'groupName==line-1;state==partial'];

export function DeploymentList() {
  const [params, setParams] = useSearchParams();
  const [, go] = useLocation();
  const who = useActors();
  const filter = params.get('filter') ?? '';
  const [flow, group] = [params.get('flow') ?? undefined, params.get('group') ?? undefined];
  const query = { filter: filter || undefined, flow: params.has('new') ? undefined : flow, limit: LIMIT };
  const asked = { ...query, group: params.has('new') ? undefined : group };
  const pages = usePages(['deployments', 'list', asked], (cursor) =>
    api().deployments.list({ ...asked, cursor }),
  );
  const set = (name: string, value: string | null) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    });
  const wrong = pages.error instanceof Failure ? pages.error.message : undefined;
  const chosen = filter !== '' || asked.flow !== undefined || asked.group !== undefined;
  return (
    <>
      <Group mb="sm" gap="xs" align="flex-start">
        <FilterLine
          name="deployments"
          value={filter}
          onChange={(to) => set('filter', to)}
          examples={EXAMPLES}
          error={filter === '' ? undefined : wrong}
        />
        <Choice what="flow" value={asked.flow} onChange={(to) => set('flow', to)} />
        <Choice what="group" value={asked.group} onChange={(to) => set('group', to)} />
      </Group>
      <List
        name="Deployments"
        columns={columns(who)}
        pages={pages}
        keyOf={({ id }) => id}
        open={({ id }) => go(`/deployments/${id}`)}
        height="calc(100vh - 268px)"
        empty={
          chosen ? (
            <Empty
              title="No deployment is like this"
              action={
                <Button variant="default" onClick={() => setParams({})}>
                  Show all
                </Button>
              }
            />
          ) : (
            <Empty
              title="Nothing was deployed yet"
              action={
                <Button component={Link} href="/deployments?new">
                  Deploy a flow
                </Button>
              }
            >
              A deployment brings a flow version to the nodes of a group, wave by wave, and goes back when it
              does not prove itself.
            </Empty>
          )
        }
      />
    </>
  );
}

function Choice({
  what,
  value,
  onChange,
}: {
  what: 'flow' | 'group';
  value: string | undefined;
  onChange(to: string | null): void;
}) {
  const names = useQuery({
    queryKey: [what === 'flow' ? 'flows' : 'fleet', 'names', what],
    queryFn: async () =>
      (what === 'flow'
        ? await api().flows.list({ limit: 200 })
        : await api().fleet.groups({ limit: 200 })
      ).items.map(({ name }) => name),
  });
  return (
    <Select
      aria-label={`Of ${what}`}
      placeholder={`Any ${what}`}
      data={[...new Set([...(names.data ?? []), ...(value === undefined ? [] : [value])])]}
      value={value ?? null}
      onChange={onChange}
      clearable
      clearButtonProps={{ 'aria-label': `Any ${what}` }}
      searchable
      w={160}
    />
  );
}

const Says = ({ children }: { children: string }) => <span title={children}>{children}</span>;

const columns = (who: (actor: string) => string): Column<Deployment>[] => [
  {
    key: 'state',
    title: 'State',
    width: '104px',
    cell: ({ state }) => <State is={STATES[state].is}>{STATES[state].word}</State>,
  },
  {
    key: 'what',
    title: 'Flow',
    width: 'minmax(96px, 1.4fr)',
    cell: ({ flow, version }) => (
      <b className={classes.what} title={`${flow}@${version}`}>
        <span>{flow}</span>@{version}
      </b>
    ),
  },
  {
    key: 'group',
    title: 'Group',
    width: 'minmax(64px, 0.8fr)',
    cell: ({ groupName }) => <span title={groupName}>{groupName}</span>,
  },
  { key: 'nodes', title: 'Nodes', width: '152px', cell: ({ targets }) => <Counts of={targets} /> },
  {
    key: 'says',
    title: 'How it stands',
    width: 'minmax(96px, 2fr)',
    cell: ({ says }) => <Says>{withNames(says, [], who)}</Says>,
  },
  {
    key: 'who',
    title: 'By',
    width: '104px',
    cell: ({ createdBy }) => <span title={createdBy}>{who(createdBy)}</span>,
  },
  { key: 'when', title: 'Begun', width: '88px', cell: ({ createdAt }) => <When at={createdAt} /> },
  {
    key: 'id',
    title: 'Id',
    width: '72px',
    extra: true,
    cell: ({ id }) => <Ident id={id} label="deployment" />,
  },
];
