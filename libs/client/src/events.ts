/**
 * What happens in the organization, as it happens: `GET /v1/events`, followed through lost connections.
 *
 * Guarantee: after a cut it goes on behind the last event that was given; a line that is silent for three
 * heartbeats counts as cut; a refusal ends it with a Failure, an outage does not.
 */
import { Failure, LiveEvent } from '@millrace/schemas';
import { pause, type Http } from './http.js';
import { asJson, sentEvents } from './sse.js';

export interface FollowOptions {
  signal?: AbortSignal;
  lastEventId?: string;
  /** Called each time the stream stands, also after a cut. */
  onOpen?(): void;
  onCut?(why: string): void;
}

/** The director speaks at least every 15 s. */
const SILENT_MS = 45_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

export const eventsOf = (http: Http, timeouts: { silentMs?: number } = {}) => ({
  async *follow(options: FollowOptions = {}): AsyncGenerator<LiveEvent> {
    const { signal } = options;
    let lastId = options.lastEventId;
    let failures = 0;
    for (;;) {
      if (signal?.aborted) return;
      try {
        for await (const event of stream(http, lastId, options, timeouts.silentMs ?? SILENT_MS)) {
          failures = 0;
          lastId = event.id;
          yield event;
        }
        options.onCut?.('the director ended the stream');
      } catch (error) {
        if (signal?.aborted) return;
        if (error instanceof Failure && error.row.kind !== 'outage') throw error;
        options.onCut?.(error instanceof Error ? error.message : String(error));
      }
      failures++;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
      await pause(wait * (0.5 + Math.random() / 2), signal).catch(() => undefined);
    }
  },
});

async function* stream(
  http: Http,
  lastId: string | undefined,
  { signal, onOpen }: FollowOptions,
  silentMs: number,
): AsyncGenerator<LiveEvent> {
  const silence = new AbortController();
  const response = await http.stream('/v1/events', {
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    headers: { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) },
  });
  onOpen?.();
  let timer = setTimeout(() => silence.abort(), silentMs);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silentMs);
  };
  try {
    for await (const { data } of sentEvents(response, heard)) {
      const event = LiveEvent.safeParse(asJson(data));
      if (event.success) yield event.data;
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
