/**
 * Who is signed in, in this browser: kept over reloads and restarts, the same in every tab.
 *
 * The page's content security policy lets no foreign script run, so that the token can lie here.
 */
import { useSyncExternalStore } from 'react';
import { queries } from './queries.js';

const KEY = 'millrace.session';

export interface SignedIn {
  token: string;
  /** ISO 8601. */
  expiresAt: string;
}

type Said = SignedIn | undefined;

let current: Said = read();
/** Why there is none any more, for the page that asks to sign in. */
let ended: string | undefined;
const listeners = new Set<() => void>();

export const session = {
  get: (): Said => current,
  whyEnded: (): string | undefined => ended,
  start(signedIn: SignedIn): void {
    ended = undefined;
    localStorage.setItem(KEY, JSON.stringify(signedIn));
    change(signedIn);
  },
  end(why?: string): void {
    if (current === undefined) return;
    ended = why;
    localStorage.removeItem(KEY);
    change(undefined);
  },
};

export const useSession = (): Said => useSyncExternalStore(listen, session.get);

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(to: Said): void {
  // What one person has read is not for the next, in this tab and in the others.
  if (to?.token !== current?.token) queries.clear();
  current = to;
  for (const listener of listeners) listener();
}

function read(): Said {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as SignedIn | null;
    return kept !== null && typeof kept.token === 'string' ? kept : undefined;
  } catch {
    return undefined;
  }
}

window.addEventListener('storage', (event) => {
  if (event.key === KEY) change(read());
});
