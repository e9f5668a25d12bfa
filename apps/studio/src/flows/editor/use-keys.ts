/** Keys and the clipboard of the editor; what is typed into a field or a dialog is left alone. */
import { useEffect, useEffectEvent } from 'react';

export interface KeyDeeds {
  undo(): void;
  redo(): void;
  selectAll(): void;
  selectNone(): void;
  remove(): void;
  fit(): void;
  zoom(way: 1 | -1): void;
  arrange(): void;
  connect(): void;
  search(): void;
  help(): void;
  /** Undefined: nothing is selected, and the browser copies as it would. */
  copied(): string | undefined;
  paste(text: string): void;
}

export function useKeys(deeds: KeyDeeds): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (isTyped(event.target) || event.defaultPrevented || event.altKey) return;
    const deed = deedOf(event, deeds);
    if (deed === undefined) return;
    event.preventDefault();
    deed();
  });
  const clip = useEffectEvent((event: ClipboardEvent) => {
    if (isTyped(event.target)) return;
    if (event.type === 'paste') {
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (text.trim() === '') return;
      event.preventDefault();
      deeds.paste(text);
      return;
    }
    // A word of the page that somebody marked is what they want to copy.
    if (getSelection()?.isCollapsed === false) return;
    const text = deeds.copied();
    if (text === undefined) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    if (event.type === 'cut') deeds.remove();
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => press(event);
    const onClip = (event: ClipboardEvent) => clip(event);
    document.addEventListener('keydown', onKey);
    for (const type of CLIPS) document.addEventListener(type, onClip);
    return () => {
      document.removeEventListener('keydown', onKey);
      for (const type of CLIPS) document.removeEventListener(type, onClip);
    };
  }, []);
}

const CLIPS = ['copy', 'cut', 'paste'] as const;

function deedOf(event: KeyboardEvent, deeds: KeyDeeds): (() => void) | undefined {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') return event.shiftKey ? deeds.redo : deeds.undo;
    if (key === 'y') return deeds.redo;
    if (key === 'a') return deeds.selectAll;
    return undefined;
  }
  const plain: Readonly<Record<string, () => void>> = {
    delete: deeds.remove,
    backspace: deeds.remove,
    escape: deeds.selectNone,
    f: deeds.fit,
    l: deeds.arrange,
    c: deeds.connect,
    '/': deeds.search,
    '?': deeds.help,
    '+': () => deeds.zoom(1),
    '=': () => deeds.zoom(1),
    '-': () => deeds.zoom(-1),
  };
  return plain[key];
}

function isTyped(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return (
    target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]') !==
    null
  );
}
