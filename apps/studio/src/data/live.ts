/**
 * The stream of events of the organization: one for the whole page. What happens makes stale what is shown, and
 * pages may listen themselves.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { LiveEvent } from '@millrace/schemas';
import { api } from './api.js';
import { pause } from './pause.js';
import { queries } from './queries.js';

export interface Connection {
  state: 'live' | 'reconnecting';
  /** Epoch milliseconds. */
  since: number;
  /** Why it is cut. */
  detail?: string;
}

/** Which rooms' data is stale after an event, by the first word of its type. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  flow: ['flows', 'overview'],
  node: ['fleet', 'overview'],
  group: ['fleet'],
  deployment: ['deployments', 'overview', 'fleet'],
  targets: ['deployments', 'fleet'],
  promotion: ['deployments', 'catalogue'],
  assignment: ['deployments', 'overview'],
  alert: ['alerts', 'overview'],
  resource: ['catalogue'],
};
const EVERYTHING = ['flows', 'fleet', 'deployments', 'alerts', 'catalogue', 'overview'];
/** A busy fleet says much; a room is read again at most this often. */
const SETTLE_MS = 700;
/** Until it is tried again after a refusal. */
const REFUSED_MS = 15_000;

let connection: Connection = { state: 'reconnecting', since: Date.now() };
const watchers = new Set<() => void>();
const handlers = new Set<(event: LiveEvent) => void>();
const stale = new Set<string>();
let settling: ReturnType<typeof setTimeout> | undefined;

/** Follows until the signal ends it; a refusal may be over soon, such as of a proxy while a director starts. */
export async function followEvents(signal: AbortSignal): Promise<void> {
  let lastEventId: string | undefined;
  const cut = (detail: string) => {
    const since = connection.state === 'live' ? Date.now() : connection.since;
    connect({ state: 'reconnecting', since, detail });
  };
  while (!signal.aborted) {
    try {
      const onOpen = () => connect({ state: 'live', since: Date.now() });
      for await (const event of api().events.follow({ signal, lastEventId, onOpen, onCut: cut })) {
        lastEventId = event.id;
        hear(event);
      }
    } catch (error) {
      if (!signal.aborted) cut(error instanceof Error ? error.message : String(error));
    }
    await pause(REFUSED_MS, signal);
  }
}

export const useConnection = (): Connection =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => connection,
  );

/** Calls back for events whose type begins so, such as `alert.`; `gap` means that some may have been missed. */
export function useLive(prefix: string, heard: (event: LiveEvent) => void): void {
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  useEffect(() => {
    const handler = (event: LiveEvent) => {
      if (event.type.startsWith(prefix) || event.type === 'gap') latest.current(event);
    };
    handlers.add(handler);
    return () => void handlers.delete(handler);
  }, [prefix]);
}

function hear(event: LiveEvent): void {
  const rooms = event.type === 'gap' ? EVERYTHING : (ROOMS[event.type.split('.')[0]!] ?? []);
  for (const room of rooms) stale.add(room);
  settling ??= setTimeout(() => {
    settling = undefined;
    for (const room of stale) void queries.invalidateQueries({ queryKey: [room] });
    stale.clear();
  }, SETTLE_MS);
  for (const handler of handlers) handler(event);
}

function connect(to: Connection): void {
  // After a cut anything may have changed, whether or not events were missed.
  if (to.state === 'live' && connection.state !== 'live') void queries.invalidateQueries();
  connection = to;
  for (const watcher of watchers) watcher();
}
