/** A time as people say it, with the exact one on hover. All of them on a page tick together. */
import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { duration } from './units.js';

const TICK_MS = 1_000;
const JUST_NOW_MS = 2_000;
/** The director's clock may be ahead of ours by this much before it shows. */
const AHEAD_MS = 5_000;
const listeners = new Set<() => void>();
let now = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;

/** Epoch milliseconds, to the second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** `at`: ISO 8601 or epoch milliseconds. */
export function When({ at }: { at: string | number | null | undefined }) {
  const present = useNow();
  if (at === null || at === undefined) return <span>never</span>;
  const time = new Date(at);
  return (
    <Tooltip label={`${time.toLocaleString()} (${time.toISOString()})`}>
      <time dateTime={time.toISOString()}>{relative(time.getTime(), present)}</time>
    </Tooltip>
  );
}

/** `12 s ago`, `in 4 min`, `just now`; further than a week away, the date. */
export function relative(at: number, present: number): string {
  const away = Math.abs(present - at);
  if (away < JUST_NOW_MS || (at > present && away < AHEAD_MS)) return 'just now';
  if (away > 7 * 86_400_000) return new Date(at).toLocaleDateString();
  const said = duration(away - (away % 1_000));
  return at <= present ? `${said} ago` : `in ${said}`;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // While nobody listened it stood still.
  if (ticking === undefined) now = Date.now();
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}
