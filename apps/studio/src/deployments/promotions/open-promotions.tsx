/** Promotions that wait for whoever looks, and those of a resource that have not ended: each a line with its link. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Promotion } from '@millrace/schemas';
import { Link } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { useMay, useMe } from '../../data/me.js';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import { withNames } from '../words.js';
import classes from './promotions.module.css';
import { addressOf, PROMOTION_STATES, titleOf, waitsFor } from './words.js';

const SHOWN = 5;
const READ = 50;
const OPEN = new Set<Promotion['state']>(['awaiting-approval', 'rolling']);

export function useWaitingForMe(): readonly Promotion[] {
  const me = useMe();
  const mayApprove = useMay('promotions.approve');
  const awaiting = useQuery({
    queryKey: ['deployments', 'promotions', 'awaiting'],
    queryFn: () => api().promotions.list({ state: 'awaiting-approval', limit: READ }),
    enabled: mayApprove,
  });
  return (awaiting.data?.items ?? []).filter((one) => waitsFor(one, me));
}

export function WaitsForYou() {
  return <Lines label="Waits for you" of={useWaitingForMe()} />;
}

export function OpenPromotions({ resource }: { resource: string }) {
  const newest = useQuery({
    queryKey: ['deployments', 'promotions', 'of', resource],
    queryFn: () => api().promotions.list({ resource, limit: READ }),
    enabled: useMay('promotions.read'),
  });
  const open = (newest.data?.items ?? []).filter(({ state }) => OPEN.has(state));
  return <Lines label="Promotions under way" of={open} />;
}

function Lines({ label, of }: { label: string; of: readonly Promotion[] }) {
  const who = useActors();
  const me = useMe();
  if (of.length === 0) return null;
  return (
    <ul className={classes.notices} aria-label={label}>
      {of.slice(0, SHOWN).map((promotion) => {
        const { id, state, says, createdBy, createdAt } = promotion;
        const mine = waitsFor(promotion, me);
        return (
          <li key={id}>
            <State is={PROMOTION_STATES[state].is} soft>
              {mine ? 'waits for you' : PROMOTION_STATES[state].word}
            </State>
            <b>{titleOf(promotion)}</b>
            <span>{mine ? `${who(createdBy)} asks for it` : withNames(says, [], who)}</span>
            <When at={createdAt} />
            <Button
              component={Link}
              href={addressOf(id)}
              variant={mine ? 'filled' : 'default'}
              aria-label={`${mine ? 'Look at' : 'Watch'} ${titleOf(promotion)}`}
            >
              {mine ? 'Look' : 'Watch'}
            </Button>
          </li>
        );
      })}
      {of.length > SHOWN && (
        <li>
          <span>and {of.length - SHOWN} more</span>
          <Link href="/catalogue?tab=promotions&state=awaiting-approval">All of them</Link>
        </li>
      )}
    </ul>
  );
}
