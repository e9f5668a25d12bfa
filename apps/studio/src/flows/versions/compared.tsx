/** Two graphs laid over each other, with the list of what changed beside them. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { FlowDocument, type FlowVersion } from '@millrace/schemas';
import { lazy, Suspense, useMemo, useState } from 'react';
import { api } from '../../data/api.js';
import { Empty, Loading, WentWrong } from '../../ui/page.js';
import { State, type Standing } from '../../ui/state.js';
import { changesOf, laidOver, summaryOf, type Group } from './changes.js';
import { DRAFT, sideWord, type Side } from './sides.js';
import classes from './versions.module.css';

const FlowGraph = lazy(() => import('../graph/flow-graph.js'));

interface ComparedProps {
  name: string;
  from: Side | undefined;
  to: Side;
  versions: readonly FlowVersion[];
  onFrom(side: Side): void;
}

/** A flow that nothing is in, for what has nothing to be compared with. */
const SAME = { same: true, added: [], removed: [], rewired: [], changed: [], parameters: [] };
const MARKS: Readonly<Record<Group['mark'], Standing>> = {
  added: 'good',
  removed: 'broken',
  changed: 'look',
};

export function Compared({ name, from, to, versions, onFrom }: ComparedProps) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const after = useDocument(name, to);
  const before = useDocument(name, from ?? to);
  const diff = useQuery({
    queryKey: ['flows', 'of', name, 'diff', from, to],
    queryFn: () => (from === undefined ? { ...SAME, from: to, to } : api().flows.diff(name, { from, to })),
  });
  const shown = useMemo(() => {
    if (!diff.data || !after.data || !before.data) return undefined;
    return {
      ...laidOver(diff.data, before.data, after.data),
      groups: changesOf(diff.data, before.data, after.data),
    };
  }, [diff.data, after.data, before.data]);
  const wrong = [after, before, diff].find(({ error, data }) => error !== null && data === undefined);
  const others = [
    ...(to === DRAFT ? [] : [DRAFT]),
    ...versions.map(({ version }) => String(version)).filter((one) => one !== to),
  ];
  if (wrong?.error) return <WentWrong error={wrong.error} retry={wrong.refetch} />;
  if (after.data === null || before.data === null)
    return (
      <Empty title="The draft cannot be drawn">
        It is kept as it was written, but is no flow that could be read. The editor shows where it breaks.
      </Empty>
    );
  return (
    <>
      <div className={classes.graph}>
        <div className={classes.head}>
          <Select
            aria-label="Compare with"
            leftSection="from"
            leftSectionWidth={40}
            w={140}
            data={others.map((side) => ({ value: side, label: sideWord(side) }))}
            value={from ?? null}
            placeholder="nothing"
            allowDeselect={false}
            searchable
            onChange={(side) => side !== null && onFrom(side)}
          />
          <span>
            to <b>{sideWord(to)}</b>
            {shown && `: ${from === undefined ? 'there is nothing before it' : summaryOf(shown.groups)}`}
          </span>
        </div>
        <div className={classes.canvas}>
          {shown ? (
            <Suspense fallback={<Loading lines={6} />}>
              <FlowGraph
                document={shown.document}
                modules={shown.modules}
                wires={shown.wires}
                selected={selected}
                onSelect={setSelected}
                label={`Changes from ${sideWord(from ?? to)} to ${sideWord(to)}`}
              />
            </Suspense>
          ) : (
            <Loading lines={6} />
          )}
        </div>
      </div>
      <aside className={classes.changes} aria-label="Changes">
        {shown?.groups.length === 0 && (
          <p className={classes.none}>
            {from === undefined
              ? 'The first version.'
              : 'Nothing that runs differs. Where cards stand on the canvas is no change.'}
          </p>
        )}
        {shown?.groups.map((group) => (
          <Change
            key={group.id}
            group={group}
            selected={selected.has(group.id)}
            onSelect={() => setSelected(new Set([group.id]))}
          />
        ))}
      </aside>
    </>
  );
}

function Change({ group, selected, onSelect }: { group: Group; selected: boolean; onSelect(): void }) {
  const { id, title, mark, lines } = group;
  const module = !id.startsWith('/');
  return (
    <section className={classes.change} data-selected={selected || undefined}>
      <h2>
        {module ? (
          <button type="button" onClick={onSelect} title="Show it on the canvas">
            {id}
          </button>
        ) : (
          title
        )}
        {module && <span className={classes.type}>{title}</span>}
        <State is={MARKS[mark]}>{mark}</State>
      </h2>
      <dl>
        {lines.map(({ what, before, after, says }) => (
          <div key={what}>
            {what !== mark && <dt>{what}</dt>}
            {says !== undefined ? (
              <dd>{says}</dd>
            ) : (
              <dd>
                <Value of={before} gone />
                <span aria-label="becomes"> → </span>
                <Value of={after} />
              </dd>
            )}
          </div>
        ))}
      </dl>
    </section>
  );
}

function Value({ of, gone }: { of: string | undefined; gone?: boolean }) {
  if (of === undefined) return <span className={classes.absent}>{gone ? 'not set' : 'taken out'}</span>;
  return gone ? <del>{of}</del> : <ins>{of}</ins>;
}

/** Null: a draft that is no flow. */
function useDocument(name: string, side: Side) {
  return useQuery({
    queryKey: ['flows', 'of', name, 'document', side],
    staleTime: side === DRAFT ? 0 : Infinity,
    queryFn: async () => {
      if (side !== DRAFT) return (await api().flows.version(name, Number(side))).document;
      const { document } = (await api().flows.draft(name)).value;
      return FlowDocument.safeParse(document).data ?? null;
    },
  });
}
