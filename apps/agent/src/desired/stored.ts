/**
 * The desired state that was accepted last, on the disk as it was signed.
 *
 * Guarantee: what is read is judged again by everything but its age, since a disk can be written by others; one that
 * does not pass counts as none, and the director is asked.
 */
import { readJson, writeAtomically } from '@millrace/blobs';
import { judgeDesired } from '@millrace/fleet';
import { SignedDesired, type DesiredPayload } from '@millrace/schemas';
import type { Folders } from '../folders.js';
import type { Identity } from '../identity/identity.js';
import { verifySignature } from '../identity/keys.js';
import type { Log } from '../log.js';

export const saveAccepted = (folders: Folders, state: SignedDesired): Promise<void> =>
  writeAtomically(folders.desired, JSON.stringify(state));

export async function readAccepted(
  folders: Folders,
  identity: Identity,
  log: Log,
): Promise<DesiredPayload | null> {
  try {
    const stored = await readJson(folders.desired);
    if (stored === undefined) return null;
    const { success } = SignedDesired.safeParse(stored);
    if (!success) throw new Error('it does not have the form of a desired state');
    // As it was signed, with fields that this agent does not know.
    const state = stored as SignedDesired;
    const { organization, node, keys } = identity;
    const trust = { organization, node, keys, threshold: 1, accepted: null, now: 0 };
    const judgement = judgeDesired(state, trust, verifySignature);
    if (judgement.verdict === 'refuse') throw new Error(judgement.detail);
    return state.payload;
  } catch (error) {
    log.error(
      { error: String(error) },
      `${folders.desired} cannot be used; what runs goes on, and the director is asked`,
    );
    return null;
  }
}
