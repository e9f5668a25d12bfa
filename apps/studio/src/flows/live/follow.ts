/**
 * Follows a flow on a node through lost connections, waiting nodes and new starts.
 *
 * Guarantee: what it says is what is so now, with since when; a refusal ends it, an outage does not.
 */
import { Failure, type LiveFlowEvent, type TapFrame } from '@millrace/schemas';

export interface LiveStatus {
  /** `waiting`: the director answers, the node or the flow is not there; `refused`: it makes no sense to go on. */
  is: 'connecting' | 'open' | 'waiting' | 'ended' | 'reconnecting' | 'refused';
  /** Why, in a sentence; empty where the word says all. */
  detail: string;
  /** Epoch milliseconds. */
  since: number;
  error?: Error;
}

interface FollowOptions {
  signal: AbortSignal;
  onFrame(frame: TapFrame): void;
  onStatus(status: LiveStatus): void;
  now?(): number;
  /** Waits; ends early when the signal does. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

type Begin = (options: { signal: AbortSignal }) => AsyncIterable<LiveFlowEvent>;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export async function followLive(begin: Begin, options: FollowOptions): Promise<void> {
  const { signal, onFrame, onStatus, pause, now = Date.now } = options;
  let status: LiveStatus = { is: 'connecting', detail: '', since: now() };
  onStatus(status);
  const say = (is: LiveStatus['is'], detail: string, error?: Error) => {
    if (status.is === is && status.detail === detail) return;
    status = { is, detail, since: status.is === is ? status.since : now(), ...(error && { error }) };
    onStatus(status);
  };
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for await (const event of begin({ signal })) {
        failures = 0;
        if (event.event === 'frame') onFrame(event.frame);
        else say(event.state, event.detail);
      }
      // What has ended may begin again, such as after a restart of the director; if not, it is refused next.
      if (status.is !== 'ended') say('reconnecting', 'the director ended the line');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Failure && error.row.kind !== 'outage') {
        return say('refused', error.message, error);
      }
      say('reconnecting', error instanceof Error ? error.message : String(error));
    }
    await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 8)), signal);
  }
}
