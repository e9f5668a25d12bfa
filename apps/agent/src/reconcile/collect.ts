/**
 * Removes resources that nothing names any more: neither what is desired, nor what is on the disk to run, nor, while
 * there is room, what was good before.
 */
import type { BlobFolder } from '@millrace/blobs';
import type { DesiredPayload } from '@millrace/schemas';
import { readSet } from '../flows/sets.js';
import type { Log } from '../log.js';
import type { Lane } from './lane.js';

export async function collectBlobs(
  blobs: BlobFolder,
  lanes: ReadonlyMap<string, Lane>,
  accepted: DesiredPayload | null,
  log: Log,
  tight = false,
): Promise<void> {
  const keep = new Set<string>();
  for (const { resources } of accepted?.flows ?? []) {
    for (const { digest } of Object.values(resources)) keep.add(digest);
  }
  try {
    for (const { record, folders, wanted } of lanes.values()) {
      if (wanted === null) continue;
      for (const set of [record.good, record.trying]) {
        if (set === null) continue;
        const { resources } = await readSet(folders, set.key);
        for (const { digest } of Object.values(resources)) keep.add(digest);
      }
    }
    if (!tight) for (const digest of await namedBefore(lanes)) keep.add(digest);
    const { removed, bytes } = await blobs.collect(keep, 0);
    if (removed.length > 0)
      log.info({ removed: removed.length, bytes }, 'resources that nothing names were removed');
  } catch (error) {
    // With one set unreadable it is not known what it names, so nothing is removed.
    log.warn({ error: String(error) }, 'resources are not collected');
  }
}

/** Of sets that were good before. One that cannot be read is no way back, and keeps nothing. */
async function namedBefore(lanes: ReadonlyMap<string, Lane>): Promise<string[]> {
  const digests: string[] = [];
  for (const { record, folders, wanted } of lanes.values()) {
    if (wanted === null) continue;
    for (const { key } of record.previous) {
      const set = await readSet(folders, key).catch(() => undefined);
      digests.push(...Object.values(set?.resources ?? {}).map(({ digest }) => digest));
    }
  }
  return digests;
}
