/**
 * A flow on a node as it runs: one line of frames, which lives as long as somebody reads it.
 *
 * Guarantee: leaving the loop, or the signal, gives the look up; a line that is cut or silent is a Failure and
 * never looks as if it had ended well. It is not opened again: the caller knows whether that makes sense.
 */
import { Failure, LiveFlowEvent } from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';
import { asJson, sentEvents } from './sse.js';

export interface LiveOptions {
  signal?: AbortSignal;
  /** Absent: all. */
  modules?: readonly string[];
}

/** The director speaks at least every 15 s. */
const SILENT_MS = 45_000;

export const liveOf = (http: Http, silentMs = SILENT_MS) =>
  /** The state first and at each change, then frames. The node goes by id or name. */
  async function* live(
    node: string,
    flow: string,
    { signal, modules }: LiveOptions = {},
  ): AsyncGenerator<LiveFlowEvent> {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => over.abort(cutOff('it has been silent for too long')), silentMs);
    };
    try {
      const response = await http.stream(`/v1/nodes/${segment(node)}/flows/${segment(flow)}/live`, {
        query: { modules: modules?.join(',') },
        headers: { accept: 'text/event-stream' },
        signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal,
      });
      heard();
      for await (const { data } of sentEvents(response, heard)) {
        const event = LiveFlowEvent.safeParse(asJson(data));
        if (!event.success) continue;
        yield event.data;
        if (event.data.event === 'state' && event.data.state === 'ended') return;
      }
      throw cutOff('the director ended it');
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error instanceof Failure ? error : cutOff(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  };

const cutOff = (why: string): Failure =>
  new Failure('platform.unavailable', `The line to the director was cut: ${why}.`);
