/** The moves of an upload, and its bounds. Pure. */
import type { Upload } from '@millrace/schemas';

export type UploadState = Upload['state'];

/** `sealing` has a version that waits for the verdict; `sealed` has it, whatever it is. */
export const moves = {
  open: ['sealing', 'aborted'],
  // A piece whose bytes are not the ones that were declared has no version that could say so.
  sealing: ['sealed', 'aborted'],
  sealed: [],
  aborted: [],
} as const satisfies Record<UploadState, readonly UploadState[]>;

export function mayMove(from: UploadState, to: UploadState): boolean {
  return (moves[from] as readonly UploadState[]).includes(to);
}

/** An upload that nobody completes is given up; the disk store clears what is older at its start. */
export const UPLOAD_LIVES_MS = 24 * 3_600_000;
/** A piece that no runtime names by then is removed. */
export const PIECE_LIVES_MS = 24 * 3_600_000;
/** A link is for one part of 16 MiB or little more. */
export const PART_LINK_SECONDS = 15 * 60;
export const CONTENT_LINK_SECONDS = 5 * 60;
/** Links in one answer: 1,000 parts of 16 MiB are 15 GiB. */
export const LINKS_AT_ONCE = 1_000;
/** Whoever seals has that long: 5 GiB at 10 MiB a second is 9 minutes. Afterwards another one may begin. */
export const LEASE_MS = 15 * 60_000;

/** How often a verdict is tried: what the world outside may mend, and what only a person can. */
const OUTAGES_AT_MOST = 20;
const BUGS_AT_MOST = 3;

/** When to try again after `attempts` failures, in milliseconds; undefined: not any more. */
export function retryAfter(attempts: number, kind: 'outage' | 'bug'): number | undefined {
  if (attempts >= (kind === 'bug' ? BUGS_AT_MOST : OUTAGES_AT_MOST)) return undefined;
  return Math.min(5_000 * 2 ** (attempts - 1), 300_000);
}
