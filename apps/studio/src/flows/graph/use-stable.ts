/**
 * A callback that stays the same function and does what the newest one does.
 *
 * React Flow tells a thousand listeners of every prop that changed, so that props must not change in a drag.
 */
import { useCallback, useLayoutEffect, useRef } from 'react';

export function useStable<Args extends unknown[], Result>(
  newest: (...args: Args) => Result,
): (...args: Args) => Result {
  const ref = useRef(newest);
  useLayoutEffect(() => {
    ref.current = newest;
  });
  return useCallback((...args: Args) => ref.current(...args), []);
}
