/**
 * Removes resources, and what was built of them, that nothing names any more: neither what is desired, nor what is on
 * the disk to run, nor, while there is room, what was good before.
 */
import type { BlobFolder } from '@millrace/blobs';
import type { DesiredPayload, LockedResource } from '@millrace/schemas';
import type { BuiltFolder } from '../blobs/built.js';
import { readSet } from '../flows/sets.js';
import type { Log } from '../log.js';
import type { Lane } from './lane.js';

export async function collectBlobs(
  { blobs, built }: { blobs: BlobFolder; built: BuiltFolder },
  lanes: ReadonlyMap<string, Lane>,
  accepted: DesiredPayload | null,
  log: Log,
  tight = false,
): Promise<void> {
  const named: LockedResource[] = (accepted?.flows ?? []).flatMap(({ resources }) =>
    Object.values(resources),
  );
  try {
    for (const { record, folders, wanted } of lanes.values()) {
      if (wanted === null) continue;
      for (const set of [record.good, record.trying]) {
        if (set === null) continue;
        const { resources } = await readSet(folders, set.key);
        named.push(...Object.values(resources));
      }
    }
    if (!tight) named.push(...(await namedBefore(lanes)));
    const keep = new Set(named.flatMap(({ digest, contract }) => [digest, contract?.digest ?? digest]));
    const gone = await built.collect(keep);
    // Packages are of no use once the runtime is built.
    for (const resource of named) {
      const pieces = await built.pieces(resource).catch(() => []);
      for (const { digest } of pieces) keep.add(digest);
    }
    const { removed, bytes } = await blobs.collect(keep, 0);
    if (removed.length + gone.length > 0)
      log.info({ removed: removed.length, bytes, built: gone.length }, 'what nothing names was removed');
  } catch (error) {
    // With one set unreadable it is not known what it names, so nothing is removed.
    log.warn({ error: String(error) }, 'resources are not collected');
  }
}

/** Of sets that were good before. One that cannot be read is no way back, and keeps nothing. */
async function namedBefore(lanes: ReadonlyMap<string, Lane>): Promise<LockedResource[]> {
  const named: LockedResource[] = [];
  for (const { record, folders, wanted } of lanes.values()) {
    if (wanted === null) continue;
    for (const { key } of record.previous) {
      const set = await readSet(folders, key).catch(() => undefined);
      named.push(...Object.values(set?.resources ?? {}));
    }
  }
  return named;
}
