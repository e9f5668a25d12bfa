/**
 * Frames for React: they may come as fast as they like, and the page hears of them at most four times a second.
 */
import type { TapFrame } from '@millrace/schemas';
import { useSyncExternalStore } from 'react';
import { FrameCollector, type Frames, type Looking } from './frames.js';

const TICK_MS = 250;

export interface Watch {
  add(frame: TapFrame): void;
  /** Nothing more will come. */
  end(): void;
  /** The same until the next tick. */
  now(): Frames;
  /** As it is now, also when more comes. */
  still(): Frames;
  subscribe(listener: () => void): () => void;
}

export function watchOf(looking: Looking): Watch {
  const frames = new FrameCollector(looking);
  const listeners = new Set<() => void>();
  let view = frames.view();
  let ticking: ReturnType<typeof setTimeout> | undefined;
  const tick = () => {
    ticking = undefined;
    view = frames.view();
    for (const listener of listeners) listener();
  };
  return {
    add(frame) {
      frames.add(frame);
      ticking ??= setTimeout(tick, TICK_MS);
    },
    end() {
      clearTimeout(ticking);
      frames.end();
      tick();
    },
    now: () => view,
    still: () => frames.copy().view(),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const nothing = { subscribe: () => () => undefined, now: () => undefined };

export function useFrames(watch: Watch | undefined): Frames | undefined {
  const { subscribe, now }: Pick<Watch, 'subscribe'> & { now(): Frames | undefined } = watch ?? nothing;
  return useSyncExternalStore(subscribe, now);
}
