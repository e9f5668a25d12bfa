/**
 * Uploads under way in this page: they go on while one walks to other pages.
 *
 * Guarantee: a file is read in slices, never whole; what was sent is kept by the director when one is stopped or
 * cut, and the same file goes on where it was; leaving the page asks first.
 */
import { useSyncExternalStore } from 'react';
import { paceMeter, pushContent } from '@millrace/client';
import { Failure, type ResourceKind } from '@millrace/schemas';
import { api } from '../data/api.js';
import { queries } from '../data/queries.js';
import { digestOf } from './digest.js';
import { fileContent } from './send.js';

export interface Wanted {
  file: File;
  name: string;
  kind: ResourceKind;
  /** Set to the new version when it is ready; empty: none. */
  alias: string;
  note: string;
}

export type Step = 'hashing' | 'sending' | 'verifying' | 'ready' | 'failed' | 'stopped';

export interface Running extends Wanted {
  id: number;
  step: Step;
  doneBytes: number;
  /** Of the step that it is in. */
  bytesPerSecond?: number;
  msLeft?: number;
  version?: number;
  /** The director had all of it already. */
  known?: boolean;
  error?: Error;
  /** At the director, while it can be gone on with. */
  upload?: string;
}

let running: readonly Running[] = [];
let next = 1;
const ends = new Map<number, AbortController>();
const listeners = new Set<() => void>();

export const useUploads = (): readonly Running[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => running,
  );

export function startUpload(wanted: Wanted): void {
  const id = next++;
  change([...running, { ...wanted, id, step: 'hashing', doneBytes: 0 }]);
  void push(id, wanted);
}

/** What was sent stays at the director for a while: the same file goes on where this one stopped. */
export function stopUpload(id: number): void {
  ends.get(id)?.abort(new DOMException('stopped', 'AbortError'));
}

export function goOn(one: Running): void {
  update(one.id, { step: 'hashing', doneBytes: 0, error: undefined });
  void push(one.id, one);
}

/** Forgets it here, and what was sent of it at the director. */
export async function discard({ id, name, upload, step }: Running): Promise<void> {
  if (upload !== undefined && step !== 'ready') await api().catalogue.abortUpload(name, upload);
  change(running.filter((one) => one.id !== id));
}

async function push(id: number, { file, name, kind, alias, note }: Wanted): Promise<void> {
  const end = new AbortController();
  ends.set(id, end);
  const { catalogue } = api();
  try {
    const digest = await digestOf(file, stepOf(id, 'hashing', file.size), end.signal);
    await catalogue.create({ name }).catch(unlessThere);
    const pushed = await pushContent(
      catalogue,
      name,
      { kind, fileName: file.name, size: file.size, digest, ...(note !== '' && { note }) },
      fileContent(file),
      {
        signal: end.signal,
        onBegun: (upload) => update(id, { upload }),
        onProgress: stepOf(id, 'sending', file.size),
        onVerified: stepOf(id, 'verifying', file.size),
      },
    );
    const { version } = pushed.version;
    if (alias !== '') await point(name, alias, version);
    update(id, { step: 'ready', version, doneBytes: file.size, known: pushed.sentBytes === 0 });
  } catch (error) {
    if (end.signal.aborted) update(id, { step: 'stopped' });
    else update(id, { step: 'failed', error: error as Error });
  } finally {
    ends.delete(id);
    void queries.invalidateQueries({ queryKey: ['catalogue'] });
  }
}

/** Moves an alias to a version, or makes it. */
export async function point(name: string, alias: string, version: number, note?: string): Promise<void> {
  const { catalogue } = api();
  const now = await catalogue.alias(name, alias).catch((error: unknown) => {
    if (error instanceof Failure && error.row.status === 404) return undefined;
    throw error;
  });
  if (now?.value.version === version) return;
  await catalogue.moveAlias(name, alias, { version, note }, now?.etag);
}

/** Tells of one step how far it is, how fast, and how long it still takes. */
function stepOf(id: number, step: Step, size: number): (doneBytes: number) => void {
  const pace = paceMeter();
  return (doneBytes) => {
    const { bytesPerSecond, msLeft } = pace(doneBytes, size);
    update(id, { step, doneBytes, bytesPerSecond, msLeft });
  };
}

function unlessThere(error: unknown): void {
  if (!(error instanceof Failure) || error.row.status !== 409) throw error;
}

function update(id: number, to: Partial<Running>): void {
  change(running.map((one) => (one.id === id ? { ...one, ...to } : one)));
}

function change(to: readonly Running[]): void {
  running = to;
  for (const listener of listeners) listener();
}

window.addEventListener('beforeunload', (event) => {
  if (ends.size > 0) event.preventDefault();
});
