/**
 * Who this node is: ids, credential and the organization's keys in one file, the private key in another, both
 * readable by their owner alone.
 *
 * Guarantee: an identity is read whole or not at all, and is never made up. How it is gained is in enrol.ts.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readJson } from '@millrace/blobs';
import { EnrolReply, Failure } from '@millrace/schemas';
import { z } from 'zod';
import type { Folders } from '../folders.js';

export const StoredIdentity = z.object({
  /** The director's address, without a slash at its end. */
  url: z.string(),
  ...EnrolReply.omit({ time: true }).shape,
});
export type StoredIdentity = z.infer<typeof StoredIdentity>;

export interface Identity extends StoredIdentity {
  privateKey: KeyObject;
}

export async function readIdentity(folders: Folders): Promise<Identity | undefined> {
  const stored = await readJson(folders.identity);
  if (stored === undefined) return undefined;
  const parsed = StoredIdentity.safeParse(stored);
  if (!parsed.success) throw damaged(folders.identity, parsed.error);
  try {
    return { ...parsed.data, privateKey: createPrivateKey(await readFile(folders.privateKey, 'utf8')) };
  } catch (cause) {
    throw damaged(folders.privateKey, cause);
  }
}

function damaged(path: string, cause: unknown): Failure {
  return new Failure(
    'platform.unreadable-file',
    `${path} is not a readable part of this node's identity. Bring it back from a backup, or move the data ` +
      'folder away and join the node anew with a join token.',
    { cause },
  );
}
