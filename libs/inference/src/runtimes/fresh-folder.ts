/**
 * A folder that is built: in a fresh one beside it, put on the disk, renamed into place.
 *
 * Guarantee: the folder is there whole or not at all, whatever fails and whenever the power goes; what a failure
 * left is removed at once, what a kill left by `sweepFresh`. Two that build the same at once do not meet, and
 * the first one stays.
 */
import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, isFull, freeBytes, makeFolder, noSpace, syncFolder } from '@millrace/blobs';

const MARK = '.building-';
/** Files that are put on the disk together: a runtime has thousands of small ones. */
const AT_A_TIME = 32;

/** `build` fills the folder that it is given, and may name one inside of it as the one that is meant. */
export async function freshFolder(
  to: string,
  build: (fresh: string) => Promise<string | void>,
): Promise<void> {
  const parent = dirname(to);
  await makeFolder(parent);
  const fresh = join(parent, `${basename(to)}${MARK}${randomBytes(6).toString('hex')}`);
  try {
    await makeFolder(fresh);
    const meant = (await build(fresh)) ?? fresh;
    await syncTree(meant);
    await rename(meant, to).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
    });
    await syncFolder(parent);
  } catch (error) {
    if (!isFull(error)) throw error;
    throw noSpace(parent, 0, await freeBytes(parent), `building ${to}`, error);
  } finally {
    await rm(fresh, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What a kill left in this folder. Nobody may be building there what is that old. */
export async function sweepFresh(parent: string, olderThanMs = 0): Promise<string[]> {
  const swept: string[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.includes(MARK)) continue;
    const path = join(parent, name);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || (olderThanMs > 0 && Date.now() - found.mtimeMs < olderThanMs)) continue;
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    swept.push(name);
  }
  return swept;
}

/** Every file and folder; links lead to what is synced itself, or is not ours. */
async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await syncTree(join(folder, entry.name));
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  while (files.length > 0) await Promise.all(files.splice(0, AT_A_TIME).map(syncFile));
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  // An installer may have left a file that its owner cannot read; then there is nothing to sync it by.
  if (((await lstat(path)).mode & 0o400) === 0) return;
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
