/** The alias, the way it goes and why, with the plan that follows what is chosen. */
import { Autocomplete, Button, Group, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ALIAS, type Alias, type PromotionCreate } from '@millrace/schemas';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../data/api.js';
import { useMay } from '../../data/me.js';
import { queries } from '../../data/queries.js';
import { done } from '../../ui/notify.js';
import { Loading, WentWrong } from '../../ui/page.js';
import { many } from '../../ui/units.js';
import { HowStep } from '../deploy/how-step.js';
import { howOf, strategyOf } from '../deploy/how.js';
import { PromotionPlanView } from './promotion-plan.js';
import classes from './promotions.module.css';
import { addressOf } from './words.js';

const SETTLE_MS = 350;
const USUAL = 'production';

interface PromoteFormProps {
  resource: string;
  version: number;
  asked: string | undefined;
  onClose(): void;
}

export function PromoteForm({ resource, version, asked, onClose }: PromoteFormProps) {
  const [, go] = useLocation();
  const mayDeploy = useMay('deployments.write');
  const [typed, setAlias] = useState(asked);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [how, setHow] = useState<ReturnType<typeof howOf>>();
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();

  const aliases = useQuery({
    queryKey: ['catalogue', 'aliases', resource],
    queryFn: () => api().catalogue.aliases(resource),
  }).data?.items;
  const alias = typed ?? (aliases === undefined ? '' : (usual(aliases) ?? ''));
  const wrong = alias !== '' && !ALIAS.test(alias) && 'begins with a letter; letters, digits, dots, dashes';
  const stands = aliases?.find((one) => one.alias === alias);

  // Who follows the alias does not depend on who is left out.
  const [named] = useDebouncedValue(alias, SETTLE_MS);
  const everybody = useQuery({
    queryKey: ['deployments', 'promotions', 'followers', resource, version, named],
    queryFn: () => api().promotions.plan({ resource, version, alias: named }),
    enabled: left.length > 0 && ALIAS.test(named),
  }).data?.value.flows.map(({ flow }) => flow);
  const flows = everybody?.filter((flow) => !left.includes(flow));
  const ready = alias !== '' && !wrong && (left.length === 0 || (flows?.length ?? 0) > 0);
  const wanted: PromotionCreate | undefined = ready
    ? {
        resource,
        version,
        alias,
        ...(how && { strategy: strategyOf(how) }),
        ...(left.length > 0 && flows && { flows }),
      }
    : undefined;
  const [settled] = useDebouncedValue(JSON.stringify(wanted), SETTLE_MS);
  const plan = useQuery({
    queryKey: ['deployments', 'promotions', 'plan', settled],
    queryFn: () => api().promotions.plan(JSON.parse(settled!) as PromotionCreate),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
  });
  const fresh = settled === JSON.stringify(wanted) && !plan.isPlaceholderData;
  const planned = wanted === undefined ? undefined : plan.data?.value;

  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const why = note.trim();
      const made = await api().promotions.promote(
        { ...wanted!, ...(why !== '' && { note: why }) },
        plan.data!.etag,
      );
      done(`${resource}@${version} to ${alias}: ${made.says}`);
      await Promise.all(
        ['deployments', 'catalogue'].map((room) => queries.invalidateQueries({ queryKey: [room] })),
      );
      go(addressOf(made.id));
    } catch (thrown) {
      setError(thrown as Error);
      setBusy(false);
      void plan.refetch();
    }
  };

  const verb = planned === undefined ? 'Promote' : verbOf(planned.approval, planned.nodes);
  return (
    <div className={classes.form}>
      <div className={classes.fields}>
        <Autocomplete
          label="Alias"
          description={aliases && alias !== '' ? standSays(stands) : 'A name that flows follow'}
          placeholder={USUAL}
          data={(aliases ?? []).map((one) => one.alias)}
          error={wrong}
          value={alias}
          onChange={(to) => {
            setAlias(to.trim());
            setLeft([]);
          }}
        />
        <Textarea
          label="Note"
          description="Why; kept with it"
          placeholder="less false alarms on line 3"
          autosize
          maxLength={10_000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </div>
      <details
        className={classes.how}
        onToggle={(event) => event.currentTarget.open && setHow(how ?? howOf())}
      >
        <summary>How it goes: {how ? 'as said here' : 'one node first, then the rest'}</summary>
        {how && (
          <div>
            <HowStep how={how} onChange={setHow} nodes={planned?.nodes ?? 0} sizes={undefined} />
          </div>
        )}
      </details>
      <section className={classes.plan} aria-label="Plan">
        <h2>Plan</h2>
        {wanted === undefined && left.length === 0 && (
          <p className={classes.meta}>Choose an alias, and what a promotion would do appears here.</p>
        )}
        {wanted === undefined && left.length > 0 && (
          <p className={classes.meta}>Every flow is left out. Bring at least one along.</p>
        )}
        {wanted !== undefined && plan.error && <WentWrong error={plan.error} retry={plan.refetch} />}
        {wanted !== undefined && !plan.error && planned === undefined && <Loading lines={4} />}
        {planned && !plan.error && (
          <PromotionPlanView
            plan={planned}
            fresh={fresh}
            approval={planned.approval ? whyApproval(stands, mayDeploy) : undefined}
            onLeaveOut={(flow) => setLeft([...left, flow])}
          />
        )}
        {left.length > 0 && (
          <Group gap="xs" mt="xs">
            <span className={classes.meta}>Left out: {left.join(', ')}</span>
            <Button variant="subtle" size="compact-xs" onClick={() => setLeft([])}>
              Bring all along
            </Button>
          </Group>
        )}
      </section>
      <div className={classes.foot}>
        {error && <WentWrong error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            onClick={() => void start()}
            loading={busy}
            disabled={!planned?.valid || plan.error !== null || !fresh}
          >
            {verb}
          </Button>
        </Group>
      </div>
    </div>
  );
}

const usual = (aliases: readonly Alias[]): string | undefined =>
  (aliases.find(({ alias }) => alias === USUAL) ?? aliases[0])?.alias;

const standSays = (alias: Alias | undefined): string =>
  alias === undefined
    ? 'New: no flow follows it yet'
    : `Stands at @${alias.version}${alias.approval ? ', guarded' : ''}`;

const whyApproval = (alias: Alias | undefined, mayDeploy: boolean): string =>
  alias?.approval === true || mayDeploy
    ? `${alias?.alias ?? 'The alias'} is guarded: nothing happens until somebody else approves.`
    : 'Your role may not deploy by itself: nothing happens until somebody else approves.';

const verbOf = (approval: boolean, nodes: number): string => {
  if (approval) return 'Ask for approval';
  return nodes === 0 ? 'Promote, no node changes' : `Promote to ${many(nodes, 'node')}`;
};
