/** One promotion as it goes: who asked, who approved, what follows the alias, and the deployments of each flow. */
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Promotion, PromotionFlow } from '@millrace/schemas';
import { Link } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { useMe } from '../../data/me.js';
import { Ident } from '../../ui/ident.js';
import { Card, Page, Show } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { duration } from '../../ui/units.js';
import { When } from '../../ui/when.js';
import { Wide } from '../../ui/wide.js';
import { Counts } from '../counts.js';
import { sentence, STATES, withNames } from '../words.js';
import { PromotionButtons } from './promotion-buttons.js';
import { PromotionPlanView } from './promotion-plan.js';
import classes from './promotions.module.css';
import { PROMOTION_STATES, titleOf, waitsFor } from './words.js';

/** Narrower its sentences would be columns of words. */
const MIN_PX = 720;

export function PromotionPage({ id }: { id: string }) {
  const promotion = useQuery({
    queryKey: ['deployments', 'promotions', 'one', id],
    queryFn: () => api().promotions.get(id),
  });
  if (promotion.data !== undefined) return <Watched promotion={promotion.data} />;
  return (
    <Page title="Promotion">
      <Show of={promotion} lines={8}>
        {() => null}
      </Show>
    </Page>
  );
}

function Watched({ promotion }: { promotion: Promotion }) {
  const { id, state, says, resource, alias, from, to, note, flows } = promotion;
  const who = useActors();
  const me = useMe();
  const { is, word } = PROMOTION_STATES[state];
  const page = `/catalogue/${encodeURIComponent(resource)}`;
  const awaiting = state === 'awaiting-approval';
  return (
    <Page
      title={titleOf(promotion)}
      beside={
        <>
          <State is={is} soft>
            {waitsFor(promotion, me) ? 'waits for you' : word}
          </State>
          <Ident id={id} label="promotion" />
        </>
      }
      actions={<PromotionButtons promotion={promotion} />}
    >
      <p className={classes.says} role="status">
        {sentence(withNames(says, [], who))}
      </p>
      <p className={classes.facts}>
        Asked for <When at={promotion.createdAt} /> by {who(promotion.createdBy)}
        <Decided of={promotion} who={who} />
        {promotion.endedAt !== null && (
          <>
            , ended <When at={promotion.endedAt} /> (took{' '}
            {duration(Date.parse(promotion.endedAt) - Date.parse(promotion.createdAt))})
          </>
        )}
        .{' '}
        <Link href={page}>
          {alias} of {resource}
        </Link>{' '}
        {from === null ? 'is new with ' : 'from '}
        {from !== null && (
          <>
            <Link href={`${page}?version=${from}`}>@{from}</Link> to{' '}
          </>
        )}
        <Link href={`${page}?version=${to}`}>@{to}</Link>
      </p>
      {note !== null && <p className={classes.note}>{note}</p>}
      {awaiting ? (
        <Awaited promotion={promotion} />
      ) : (
        <Card title="Flows">
          {flows.length === 0 ? (
            <p className={classes.meta}>No flow followed {alias}: it moved, and no node changed.</p>
          ) : (
            <Flows flows={flows} who={who} />
          )}
        </Card>
      )}
    </Page>
  );
}

function Decided({ of, who }: { of: Promotion; who(actor: string): string }) {
  if (of.decidedBy === null || of.decidedAt === null) return null;
  const words: Partial<Record<Promotion['state'], string>> = {
    rejected: 'rejected',
    superseded: 'superseded',
    'rolled-back': 'taken back',
  };
  // Where the decision ended it, it was no approval.
  const word = (of.decidedAt === of.endedAt ? words[of.state] : undefined) ?? 'approved';
  return (
    <>
      , {word} <When at={of.decidedAt} /> by {who(of.decidedBy)}
    </>
  );
}

/** While it waits: what would happen if it were approved now. */
function Awaited({ promotion: { resource, to, alias, flows, strategy } }: { promotion: Promotion }) {
  const wanted = {
    resource,
    version: to,
    alias,
    strategy,
    ...(flows.length > 0 && { flows: flows.map(({ flow }) => flow) }),
  };
  const plan = useQuery({
    queryKey: ['deployments', 'promotions', 'plan', JSON.stringify(wanted)],
    queryFn: () => api().promotions.plan(wanted),
  });
  return (
    <Card title="What would happen now">
      <Show of={plan}>{({ value }) => <PromotionPlanView plan={value} />}</Show>
    </Card>
  );
}

function Flows({ flows, who }: { flows: readonly PromotionFlow[]; who(actor: string): string }) {
  return (
    <Wide label="Flows and their deployments">
      <Table fz="sm" verticalSpacing={6} miw={MIN_PX} aria-label="Flows">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Flow</Table.Th>
            <Table.Th>Group</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Nodes</Table.Th>
            <Table.Th>How it stands</Table.Th>
            <Table.Th>Deployment</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {flows.flatMap(({ flow, version, fromVersion, deployments }) => {
            const name = (
              <Link href={`/flows/${encodeURIComponent(flow)}/versions?from=${fromVersion}&to=${version}`}>
                {flow}@{version}
              </Link>
            );
            if (deployments.length === 0)
              return [
                <Table.Tr key={flow}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td colSpan={6}>assigned to no group</Table.Td>
                </Table.Tr>,
              ];
            return deployments.map(({ id, group, groupName, fromVersion: before, state, says, targets }) => (
              <Table.Tr key={id}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Link href={`/nodes/groups/${encodeURIComponent(group)}`}>{groupName}</Link>
                </Table.Td>
                <Table.Td>{before === null ? '–' : `@${before}`}</Table.Td>
                <Table.Td>
                  <State is={STATES[state].is}>{STATES[state].word}</State>
                </Table.Td>
                <Table.Td>
                  <Counts of={targets} />
                </Table.Td>
                <Table.Td>{withNames(says, [], who)}</Table.Td>
                <Table.Td>
                  <Link href={`/deployments/${id}`} aria-label={`Watch ${flow}@${version} on ${groupName}`}>
                    Watch
                  </Link>
                </Table.Td>
              </Table.Tr>
            ));
          })}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
