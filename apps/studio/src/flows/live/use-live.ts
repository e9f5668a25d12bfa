/** A flow on a node, followed for as long as the page is open. */
import type { FlowDocument } from '@millrace/schemas';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../../data/api.js';
import { pause } from '../../data/pause.js';
import { watchOf, type Watch } from '../watch/use-frames.js';
import { followLive, type LiveStatus } from './follow.js';

export interface LiveFlow {
  watch: Watch;
  status: LiveStatus;
  /** When the newest frame came, by this browser's clock; undefined: none came yet. */
  heardAt: number | undefined;
  /** Tries again after a refusal. */
  retry(): void;
}

export function useLiveFlow(node: string, flow: string, document: FlowDocument): LiveFlow {
  const [status, setStatus] = useState<LiveStatus>({ is: 'connecting', detail: '', since: Date.now() });
  const [turn, setTurn] = useState(0);
  const heardAt = useRef<number>(undefined);
  // Another version has other modules.
  const watch = useMemo(() => watchOf({ document, live: true }), [document]);
  useEffect(() => {
    const away = new AbortController();
    heardAt.current = undefined;
    void followLive((options) => api().fleet.live(node, flow, options), {
      signal: away.signal,
      onStatus: setStatus,
      pause,
      onFrame(frame) {
        heardAt.current = Date.now();
        watch.add(frame);
      },
    });
    return () => away.abort();
  }, [node, flow, watch, turn]);
  return { watch, status, heardAt: heardAt.current, retry: () => setTurn((before) => before + 1) };
}
