/**
 * A beat every so often, for sources that act by the clock.
 *
 * Guarantee: beats stand on a grid that is computed and never added up, so they do not drift; each place of the
 * grid has at most one; those that were slept through are told as a number and never made up for.
 */
import type { Clock } from '@millrace/engine';

export interface BeatOptions {
  everyMs: number;
  /** On whole multiples of the time by the wall clock; else from the start on, by the monotonic one. */
  aligned: boolean;
}

/** The longest sleep: a wall clock may be put back or forward meanwhile, and timers take no more than 24 days. */
const SLEEP_MS = 1000;

/** @param beat gets the time of the beat, epoch ms, and how many before it were missed. Returns how to stop. */
export function startBeat(
  { everyMs, aligned }: BeatOptions,
  clock: Clock,
  beat: (t: number, missed: number) => void,
): () => void {
  const now = aligned ? () => clock.wall() : () => clock.monotonic();
  const origin = aligned ? 0 : now();
  const placeOf = (time: number): number => Math.floor((time - origin) / everyMs);
  let next = aligned ? placeOf(now()) + 1 : 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const place = placeOf(now());
    if (place >= next) {
      const missed = place - next;
      next = place + 1;
      beat(aligned ? place * everyMs : clock.wall(), missed);
    } else if (place + 1 < next) next = place + 1; // The clock was put back.
    sleep();
  };
  const sleep = (): void => {
    const due = origin + next * everyMs - now();
    timer = setTimeout(look, Math.min(SLEEP_MS, Math.max(1, due)));
  };
  if (aligned) sleep();
  else timer = setTimeout(look, 0);
  return () => clearTimeout(timer);
}
