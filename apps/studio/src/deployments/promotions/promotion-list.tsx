/** All promotions, newest first; what waits for whoever looks says so. */
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { PromotionState, type Me, type Promotion } from '@millrace/schemas';
import { useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { useMe } from '../../data/me.js';
import { usePages } from '../../data/pages.js';
import { Ident } from '../../ui/ident.js';
import { List, type Column } from '../../ui/list.js';
import { Empty } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import { Counts } from '../counts.js';
import { withNames } from '../words.js';
import { addressOf, countsOf, PROMOTION_STATES, waitsFor } from './words.js';

const LIMIT = 100;
const SETTLE_MS = 300;
const STATES = PromotionState.options.map((value) => ({ value, label: PROMOTION_STATES[value].word }));

/** Its filter is in the address: `state`, `resource`. */
export function PromotionList() {
  const [params, setParams] = useSearchParams();
  const [, go] = useLocation();
  const who = useActors();
  const me = useMe();
  const state = PromotionState.safeParse(params.get('state')).data;
  const resource = params.get('resource') ?? undefined;
  const [text, setText] = useState(resource ?? '');
  const pages = usePages(['deployments', 'promotions', 'list', state, resource], (cursor) =>
    api().promotions.list({ state, resource, limit: LIMIT, cursor }),
  );
  const set = (name: string, value: string | null) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    });
  const settle = useDebouncedCallback((to: string) => set('resource', to), SETTLE_MS);
  const showAll = () => {
    setText('');
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const name of ['state', 'resource']) next.delete(name);
      return next;
    });
  };
  return (
    <>
      <Group mb="sm" gap="xs">
        <Select
          aria-label="In state"
          placeholder="Any state"
          data={STATES}
          value={state ?? null}
          onChange={(to) => set('state', to)}
          clearable
          clearButtonProps={{ 'aria-label': 'Any state' }}
          w={180}
        />
        <TextInput
          aria-label="Of resource"
          placeholder="Any resource"
          value={text}
          onChange={({ currentTarget: { value } }) => {
            setText(value);
            settle(value.trim());
          }}
          w={200}
        />
      </Group>
      <List
        name="Promotions"
        columns={columns(who, me)}
        pages={pages}
        keyOf={({ id }) => id}
        open={({ id }) => go(addressOf(id))}
        height="calc(100vh - 268px)"
        empty={
          state !== undefined || resource !== undefined ? (
            <Empty
              title="No promotion is like this"
              action={
                <Button variant="default" onClick={showAll}>
                  Show all
                </Button>
              }
            />
          ) : (
            <Empty title="Nothing was promoted yet">
              A promotion points an alias, such as production, at a version, and brings every flow that
              follows it to its nodes. It begins at a version of a resource.
            </Empty>
          )
        }
      />
    </>
  );
}

const columns = (who: (actor: string) => string, me: Me | undefined): Column<Promotion>[] => [
  {
    key: 'state',
    title: 'State',
    width: '140px',
    cell: (promotion) => {
      const { is, word } = PROMOTION_STATES[promotion.state];
      return <State is={is}>{waitsFor(promotion, me) ? 'waits for you' : word}</State>;
    },
  },
  {
    key: 'what',
    title: 'Version',
    width: 'minmax(120px, 1.4fr)',
    cell: ({ resource, to }) => (
      <b title={`${resource}@${to}`}>
        {resource}@{to}
      </b>
    ),
  },
  {
    key: 'alias',
    title: 'Alias',
    width: 'minmax(88px, 1fr)',
    cell: ({ alias, from }) => (
      <span title={from === null ? `${alias} is new` : `${alias} from @${from}`}>
        {alias}
        {from !== null && `, from @${from}`}
      </span>
    ),
  },
  { key: 'flows', title: 'Flows', width: '48px', cell: ({ flows }) => flows.length },
  {
    key: 'nodes',
    title: 'Nodes',
    width: '152px',
    cell: (promotion) => <Counts of={countsOf(promotion)} />,
  },
  {
    key: 'says',
    title: 'How it stands',
    width: 'minmax(96px, 2fr)',
    cell: ({ says }) => {
      const said = withNames(says, [], who);
      return <span title={said}>{said}</span>;
    },
  },
  {
    key: 'who',
    title: 'By',
    width: '104px',
    cell: ({ createdBy }) => <span title={createdBy}>{who(createdBy)}</span>,
  },
  { key: 'when', title: 'Asked', width: '88px', cell: ({ createdAt }) => <When at={createdAt} /> },
  {
    key: 'id',
    title: 'Id',
    width: '72px',
    extra: true,
    cell: ({ id }) => <Ident id={id} label="promotion" />,
  },
];
