/**
 * Taps of the director: who looks at which flow of this node, for how long, and the frames on their way up.
 *
 * Guarantee: never more than one frame a tap is on its way; what comes meanwhile is dropped and counted, so a
 * slow line slows no flow and delays no alert by more than that. A tap ends with its lease. It follows the flow
 * to whichever process runs it, and says so when none does.
 */
import { FRAME_BYTES, TAP_LEASE_MS, type Reply, type TapArguments, type TapFrame } from '@millrace/schemas';
import type { FlowProcess } from '../flows/process.js';
import type { Lane } from '../reconcile/lane.js';
import { flowReport, upProcess } from './flow-report.js';
import { thinFrame } from './thin-frame.js';

const INTERVAL_MS = 500;
const PER_PORT = 100;
/** Of all flows together: each costs its share of the line. */
const MOST = 8;
/** A swap closes a flow for less than this. */
const GRACE_MS = 2_000;

export interface TapCounts {
  open: number;
  sent: number;
  dropped: number;
}

export interface TapsOptions {
  lanes: ReadonlyMap<string, Lane>;
  /** Rejects at once where there is no connection. */
  publish(reply: Reply): Promise<void>;
  /** Monotonic and epoch milliseconds. */
  now(): number;
  wall(): number;
}

export interface Taps {
  /** Begins, changes, renews or ends a tap. Gives a sentence when it cannot. */
  tap(command: string, flow: string, wish: TapArguments): string | undefined;
  /** What a process saw for a tap; it left out `missed` frames before this one. */
  frame(tap: string, frame: TapFrame, missed: number): void;
  counts(): TapCounts;
  close(): void;
}

interface Tap {
  id: string;
  flow: string;
  modules?: string[];
  perPort: number;
  /** Monotonic milliseconds. */
  until: number;
  seenOpen: number;
  underWay: boolean;
  process?: FlowProcess;
}

export function startTaps({ lanes, publish, now, wall }: TapsOptions): Taps {
  const taps = new Map<string, Tap>();
  let timer: NodeJS.Timeout | undefined;
  let sent = 0;
  let dropped = 0;

  function openProcess(flow: string): FlowProcess | undefined {
    const lane = lanes.get(flow);
    const process = lane && upProcess(lane)?.process;
    return process?.phase === 'open' ? process : undefined;
  }

  /** Tells a process all who look at it; it keeps what goes on. */
  function tell(process: FlowProcess): void {
    const here = [...taps.values()].filter((tap) => tap.process === process);
    process.look(
      here.map(({ id, modules, perPort, until }) => ({
        id,
        modules,
        perPort,
        intervalMs: INTERVAL_MS,
        leaseMs: Math.max(0, until - now()),
      })),
    );
  }

  function aim(tap: Tap): void {
    const process = openProcess(tap.flow);
    if (process !== undefined) tap.seenOpen = now();
    if (process === tap.process) return;
    const before = tap.process;
    tap.process = process;
    if (before !== undefined) tell(before);
    if (process !== undefined) tell(process);
  }

  function end(tap: Tap): void {
    taps.delete(tap.id);
    if (tap.process !== undefined) tell(tap.process);
    if (taps.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function beat(): void {
    for (const tap of taps.values()) {
      if (now() >= tap.until) end(tap);
      else {
        aim(tap);
        if (now() - tap.seenOpen < GRACE_MS) continue;
        end(tap);
        publish({ id: tap.id, ok: false, detail: whyNot(tap.flow) }).catch(() => undefined);
      }
    }
  }

  function whyNot(flow: string): string {
    const lane = lanes.get(flow);
    if (lane === undefined) return `no flow ${flow} is on this node`;
    const { reason, progress } = flowReport(lane, null, { now: now(), wall: wall() });
    const finished = [...lane.processes.values()].some(({ phase }) => phase === 'finished');
    if (finished) return `the flow ${flow} has read its sources to the end`;
    return `the flow ${flow} does not run: ${reason?.detail ?? `it is ${progress}`}`;
  }

  return {
    tap(command, flow, { tap: id = command, modules, perPort = PER_PORT, leaseMs }) {
      const known = taps.get(id);
      if (leaseMs === 0) {
        if (known !== undefined) end(known);
        return undefined;
      }
      const until = now() + Math.min(leaseMs, TAP_LEASE_MS);
      if (known !== undefined) {
        Object.assign(known, { modules, perPort, until });
        if (known.process !== undefined) tell(known.process);
        return undefined;
      }
      if (openProcess(flow) === undefined) return whyNot(flow);
      if (taps.size >= MOST) return `${MOST} looks at flows of this node are open already; end one of them`;
      const tap: Tap = { id, flow, modules, perPort, until, seenOpen: now(), underWay: false };
      taps.set(id, tap);
      timer ??= setInterval(beat, INTERVAL_MS);
      aim(tap);
      return undefined;
    },

    frame(id, frame, missed) {
      dropped += missed;
      const tap = taps.get(id);
      if (tap === undefined) return;
      if (tap.underWay) {
        dropped++;
        return;
      }
      tap.underWay = true;
      publish({ id, ok: true, result: { frame: thinFrame(frame, FRAME_BYTES) } })
        .then(
          () => sent++,
          () => dropped++,
        )
        .finally(() => (tap.underWay = false));
    },

    counts: () => ({ open: taps.size, sent, dropped }),
    close: () => {
      for (const tap of taps.values()) end(tap);
    },
  };
}
