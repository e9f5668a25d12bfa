/**
 * One test run as the page sees it: begun, followed, ended, with what it said.
 *
 * Guarantee: it always ends with a reason in words, whatever happens to the line; the page hears of it at most
 * four times a second, and what is kept of alerts and logs is bounded.
 */
import { Failure, type FlowDocument, type TestRunEvent, type TestRunRequest } from '@millrace/schemas';
import { watchOf, type Watch } from '../watch/use-frames.js';

export type TestAlert = Extract<TestRunEvent, { event: 'alert' }>;
export type TestLog = Extract<TestRunEvent, { event: 'log' }>;
type Ended = Extract<TestRunEvent, { event: 'ended' }>;
export type TestEnd = Pick<Ended, 'reason' | 'detail' | 'problems'>;

export interface RunView {
  /** `preparing`: the director fetches what the flow reads. */
  state: 'preparing' | 'running' | 'ended';
  /** Of the request, and of the first word that it runs; epoch milliseconds of this browser. */
  askedAt: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  limits: { seconds: number; memoryMb: number } | undefined;
  /** Newest first. */
  alerts: readonly TestAlert[];
  alertCount: number;
  logs: readonly TestLog[];
  /** The director did not take the run. */
  refused: Failure | undefined;
  end: TestEnd | undefined;
}

export interface TestRun {
  watch: Watch;
  now(): RunView;
  subscribe(listener: () => void): () => void;
  stop(): void;
}

type Begin = (request: TestRunRequest, options: { signal: AbortSignal }) => AsyncIterable<TestRunEvent>;

const TICK_MS = 250;
const KEPT = 200;
/** What a person asked for needs no explanation. */
const STOPPED = 'You stopped the run.';

export function testRun(
  begin: Begin,
  request: TestRunRequest,
  document: FlowDocument,
  clock: () => number = Date.now,
): TestRun {
  const away = new AbortController();
  const watch = watchOf({ document, live: false });
  const listeners = new Set<() => void>();
  let ticking: ReturnType<typeof setTimeout> | undefined;
  let view: RunView = {
    state: 'preparing',
    askedAt: clock(),
    startedAt: undefined,
    endedAt: undefined,
    limits: undefined,
    alerts: [],
    alertCount: 0,
    logs: [],
    refused: undefined,
    end: undefined,
  };
  let shown = view;
  const show = () => {
    clearTimeout(ticking);
    ticking = undefined;
    shown = view;
    for (const listener of listeners) listener();
  };
  const change = (some: Partial<RunView>, atOnce = false) => {
    view = { ...view, ...some };
    if (atOnce) show();
    else ticking ??= setTimeout(show, TICK_MS);
  };
  const end = (some: Partial<RunView>) => {
    if (view.state === 'ended') return;
    watch.end();
    change({ ...some, state: 'ended', endedAt: clock() }, true);
  };
  const hear = (event: TestRunEvent) => {
    if (event.event === 'frame') watch.add(event.frame);
    else if (event.event === 'started') {
      change({ state: 'running', startedAt: clock(), limits: event.limits }, true);
    } else if (event.event === 'alert') {
      change({ alerts: [event, ...view.alerts].slice(0, KEPT), alertCount: view.alertCount + 1 });
    } else if (event.event === 'log') change({ logs: [event, ...view.logs].slice(0, KEPT) });
    else end({ end: event });
  };

  void (async () => {
    try {
      for await (const event of begin(request, { signal: away.signal })) {
        if (view.state === 'ended') return;
        hear(event);
      }
      end({ end: { reason: 'failed', detail: 'The run was cut off before it said how it ended.' } });
    } catch (error) {
      if (away.signal.aborted) return end({ end: { reason: 'stopped', detail: STOPPED } });
      const failure = error instanceof Failure ? error : new Failure('platform.unavailable', String(error));
      if (view.state === 'preparing') end({ refused: failure });
      else end({ end: { reason: 'failed', detail: failure.message } });
    }
  })();

  return {
    watch,
    now: () => shown,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      away.abort();
      end({ end: { reason: 'stopped', detail: STOPPED } });
    },
  };
}
