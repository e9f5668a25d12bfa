/**
 * A flow as it runs on a node: values on its graph, charts of its signals and scores below, alerts as bands.
 *
 * Guarantee: read only; it says when it is not live and since when, and goes on by itself.
 */
import { Button, Loader, SegmentedControl } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { FlowDocument, Node } from '@millrace/schemas';
import { Pause, Play } from 'lucide-react';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { api } from '../../data/api.js';
import { usePlaceName } from '../../data/place-names.js';
import type { Band } from '../../ui/chart.js';
import { Empty, Page, Show, WentWrong } from '../../ui/page.js';
import { useNow } from '../../ui/when.js';
import { folded } from '../graph/folding.js';
import { isUnplaced } from '../graph/places.js';
import { extrasOf, type Extras } from '../watch/extras.js';
import type { Frames } from '../watch/frames.js';
import { useFrames } from '../watch/use-frames.js';
import { WirePanel } from '../watch/wire-panel.js';

import classes from './live.module.css';
import { LiveCharts } from './live-charts.js';
import { Figures, LiveWord, Notice } from './live-header.js';
import { allFields, firstPicks, keyOf, readPick, written, type Pick } from './picks.js';
import { useLiveFlow, type LiveFlow } from './use-live.js';

const FlowGraph = lazy(() => import('../graph/flow-graph.js'));
const Refit = lazy(() => import('./refit.js'));

const WINDOWS = [
  { value: '1', label: '1 min' },
  { value: '3', label: '3 min' },
  { value: '10', label: '10 min' },
];
const WINDOW = '3';
/** Frames come every second; this long without one, and time goes on without them. */
const OVERDUE_MS = 3_000;

export default function LivePage({ node, flow }: { node: string; flow: string }) {
  const asked = useQuery({ queryKey: ['fleet', 'node', node], queryFn: () => api().fleet.node(node) });
  usePlaceName(`/nodes/${node}`, asked.data?.name);
  const report = asked.data?.flows.find((one) => one.flow === flow);
  const number = report?.runningVersion ?? report?.desiredVersion ?? undefined;
  const version = useQuery({
    queryKey: ['flows', 'version', flow, number],
    queryFn: () => api().flows.version(flow, number!),
    enabled: number !== undefined,
    staleTime: 'static',
  });
  if (asked.data && number === undefined) return <NotThere node={asked.data} flow={flow} />;
  if (!asked.data || !version.data) {
    return (
      <Page title={flow}>
        <Show of={asked}>{() => <Show of={version}>{() => null}</Show>}</Show>
      </Page>
    );
  }
  return <Live key={version.data.digest} node={asked.data} flow={flow} document={version.data.document} />;
}

function NotThere({ node, flow }: { node: Node; flow: string }) {
  return (
    <Page title={flow}>
      <Empty
        title={`${node.name} does not have ${flow}`}
        action={
          <Button component={Link} href={`/nodes/${encodeURIComponent(node.id)}`}>
            See what {node.name} runs
          </Button>
        }
      >
        {node.status === 'online' ? '' : `${node.name} is ${node.status}. `}
        Nothing of this flow was brought to it, or it was removed. Deploy the flow to a group that the node is
        in.
      </Empty>
    </Page>
  );
}

interface LiveProps {
  node: Node;
  flow: string;
  document: FlowDocument;
}

function Live({ node, flow, document }: LiveProps) {
  const [search, setSearch] = useSearchParams();
  const live = useLiveFlow(node.id, flow, document);
  const newest = useFrames(live.watch)!;
  const [still, setStill] = useState<{ frames: Frames; overdue: number }>();
  const frames = still?.frames ?? newest;
  const overdue = useOverdue(live, still?.overdue);
  const extras = useExtras(frames);
  const alerts = useAlertBands(node.id, flow);
  const [picks, pick] = usePicks(frames, document);
  const wire = readWire(search.get('wire'));
  const change = (name: string, value: string | undefined) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === undefined) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const minutes = WINDOWS.some(({ value }) => value === search.get('minutes'))
    ? search.get('minutes')!
    : WINDOW;
  const report = node.flows.find((one) => one.flow === flow);
  const { ref, placed } = usePlaced(document);
  return (
    <Page
      full
      title={flow}
      beside={<LiveWord status={live.status} paused={still !== undefined} />}
      actions={
        <>
          <SegmentedControl
            aria-label="Time that the charts show"
            data={WINDOWS}
            value={minutes}
            onChange={(to) => change('minutes', to === WINDOW ? undefined : to)}
          />
          <Button
            variant="default"
            leftSection={still ? <Play size={14} /> : <Pause size={14} />}
            onClick={() => setStill(still ? undefined : { frames: live.watch.still(), overdue })}
          >
            {still ? 'Resume' : 'Pause'}
          </Button>
        </>
      }
    >
      <Figures node={node} report={report} frames={frames} />
      <div className={classes.body} data-wire={wire !== undefined || undefined}>
        <div className={classes.canvas} ref={ref}>
          <Suspense fallback={<Loader m="auto" />}>
            {placed && (
              <FlowGraph
                document={placed}
                modules={extras.modules}
                wires={extras.wires}
                onWire={({ from, port, to }) => change('wire', `${from}.${port}>${to}`)}
                label={`${flow} as it runs on ${node.name}`}
              >
                <Refit />
              </FlowGraph>
            )}
          </Suspense>
          <Notice status={live.status} node={node} onRetry={live.retry} />
        </div>
        {wire && (
          <aside className={classes.aside}>
            <WirePanel frames={frames} wire={wire} onClose={() => change('wire', undefined)} />
          </aside>
        )}
        <div className={classes.strip} role="region" aria-label="Charts">
          {alerts.error && <WentWrong error={alerts.error} retry={alerts.retry} />}
          <LiveCharts
            frames={frames}
            modules={document.modules}
            picks={picks}
            onPick={pick}
            alerts={alerts.bands}
            windowMs={Number(minutes) * 60_000}
            overdue={overdue}
          />
        </div>
      </div>
    </Page>
  );
}

/** A size that changes by less moves nothing. */
const GRAIN = 48;

/** What nobody has placed is laid out for the room that there is, and is there at once. */
function usePlaced(document: FlowDocument) {
  const { ref, width, height } = useElementSize();
  const [across, down] = [Math.round(width / GRAIN) * GRAIN, Math.round(height / GRAIN) * GRAIN];
  const placed = useMemo(() => {
    if (!isUnplaced(document)) return document;
    if (across === 0) return undefined;
    return { ...document, layout: folded(document, { width: across, height: down }) };
  }, [document, across, down]);
  return { ref, placed };
}

/** In whole seconds, so that it does not draw more often than the clock ticks. */
function useOverdue({ heardAt }: LiveFlow, still: number | undefined): number {
  const now = useNow();
  if (still !== undefined) return still;
  const since = heardAt === undefined ? 0 : now - heardAt;
  return since < OVERDUE_MS ? 0 : Math.floor(since / 1_000) * 1_000;
}

/** What did not change stays the same object from tick to tick. */
function useExtras(frames: Frames): Extras {
  const before = useRef<Extras>(undefined);
  return useMemo(() => (before.current = extrasOf(frames, before.current)), [frames]);
}

const ALERTS = 100;

function useAlertBands(node: string, flow: string) {
  const query = useQuery({
    queryKey: ['alerts', 'bands', node, flow],
    queryFn: () => api().alerts.list({ node, flow, limit: ALERTS }),
  });
  const items = query.data?.items;
  const bands = useMemo(
    () =>
      (items ?? []).map(({ t, clearedT }): Band => ({ from: t, to: clearedT ?? undefined, kind: 'alert' })),
    [items],
  );
  return { bands, error: items === undefined ? query.error : null, retry: query.refetch };
}

/** As the address says; until somebody chose, what one would choose first. */
function usePicks(
  frames: Frames,
  { modules }: FlowDocument,
): [readonly Pick[], (picks: readonly Pick[]) => void] {
  const [search, setSearch] = useSearchParams();
  const chosen = search.getAll('chart');
  const key = chosen.join(' ');
  // Only when a field is new: a choice that follows the values would jump.
  const known = allFields(frames).map(keyOf).join('\n');
  const [first, setFirst] = useState<{ known: string; picks: readonly Pick[] }>({ known: '', picks: [] });
  if (first.known !== known) setFirst({ known, picks: firstPicks(frames, modules) });
  const picks = useMemo(() => (key === '' ? first.picks : key.split(' ').map(readPick)), [key, first]);
  const pick = (next: readonly Pick[]) =>
    setSearch(
      (before) => {
        const params = new URLSearchParams(before);
        params.delete('chart');
        for (const one of next) params.append('chart', written(one));
        return params;
      },
      { replace: true },
    );
  return [picks, pick];
}

function readWire(text: string | null): { from: string; port: string; to: string } | undefined {
  const [, from, port, to] = /^([^.>]+)\.([^>]+)>(.+)$/.exec(text ?? '') ?? [];
  return from && port && to ? { from, port, to } : undefined;
}
