/**
 * The saved state of a running flow on disk: whole or not at all, by `v8.serialize`, since modules keep typed
 * arrays. A state that cannot be read is left aside: a flow then starts afresh, which its caller logs.
 */
import { readFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import { writeAtomically } from '@millrace/blobs';
import type { Snapshot } from '@millrace/engine';

export const stateBytes = (snapshot: Snapshot): Uint8Array => serialize(snapshot);

export const saveState = (path: string, state: Uint8Array): Promise<void> => writeAtomically(path, state);

/** From a file or handed over. undefined: none was saved; null: there is one that cannot be read. */
export async function loadState(from: string | Uint8Array): Promise<Snapshot | undefined | null> {
  let bytes = from;
  try {
    if (typeof bytes === 'string') bytes = await readFile(bytes);
  } catch {
    return undefined;
  }
  try {
    const state: unknown = deserialize(bytes);
    return typeof state === 'object' && state !== null && 'modules' in state ? (state as Snapshot) : null;
  } catch {
    return null;
  }
}
