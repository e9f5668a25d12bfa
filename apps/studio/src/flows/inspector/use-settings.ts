/** Settings while one types: shown at once, handed on 150 ms later or when the field or the module is left. */
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react';
import { changed, joined, type Change, type Settings } from './settings.js';

const TYPING_MS = 150;

export interface EditedSettings {
  /** With what was typed and is not handed on yet. */
  settings: Settings;
  set(change: Change, typing: boolean): void;
  flush(): void;
}

export function useSettings(from: Settings, hand: (settings: Settings) => void): EditedSettings {
  const [waiting, setWaiting] = useState<readonly Change[]>([]);
  const changes = useRef<readonly Change[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ from, hand });
  useEffect(() => {
    latest.current = { from, hand };
  });
  const put = (next: readonly Change[]) => {
    changes.current = next;
    setWaiting(next);
  };
  const flush = () => {
    clearTimeout(timer.current);
    const now = changes.current;
    if (now.length === 0) return;
    put([]);
    latest.current.hand(changed(latest.current.from, now));
  };
  const leave = useEffectEvent(flush);
  useEffect(() => {
    // A page that is hidden may be closed next.
    const hidden = () => leave();
    document.addEventListener('visibilitychange', hidden);
    return () => document.removeEventListener('visibilitychange', hidden);
  }, []);
  // As a layout effect it ends before the draft is closed, when the whole page goes: what was typed last is in it.
  useLayoutEffect(
    () => () => {
      clearTimeout(timer.current);
      const now = changes.current;
      changes.current = [];
      if (now.length > 0) latest.current.hand(changed(latest.current.from, now));
    },
    [],
  );
  return {
    settings: changed(from, waiting),
    set(change, typing) {
      put(joined(changes.current, change));
      clearTimeout(timer.current);
      if (typing) timer.current = setTimeout(flush, TYPING_MS);
      else flush();
    },
    flush,
  };
}
