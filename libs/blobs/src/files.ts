/**
 * State on disk: whole or not at all.
 *
 * Guarantee: after a kill or a power cut at any instant, a file written here holds the old bytes or the new
 * ones, never a mixture; once the call has returned, the new ones. Each of temp, fsync, rename and fsync of
 * the folder is needed for that: left out, power cuts were measured to leave files stale or unreadable.
 * One process owns a file; two processes that write the same path are not kept apart.
 */
import { Failure } from '@millrace/schemas';
import * as nodeFiles from 'node:fs/promises';
import { dirname } from 'node:path';

/** What is used of the file system: an argument, so that a test can cut the power at any call. */
export type Files = Pick<
  typeof nodeFiles,
  'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'rm' | 'stat' | 'statfs' | 'utimes'
>;

const queues = new Map<string, Promise<void>>();

/** Writes of one path follow one another in the order of the calls. `mode` such as 0o600 for secrets. */
export function writeAtomically(
  path: string,
  bytes: Uint8Array | string,
  options: { mode?: number; files?: Files } = {},
): Promise<void> {
  const before = queues.get(path) ?? Promise.resolve();
  const write = before.then(() => replace(path, bytes, options));
  const settled = write
    .catch(() => undefined)
    .then(() => {
      if (queues.get(path) === settled) queues.delete(path);
    });
  queues.set(path, settled);
  return write;
}

/** The parsed file, or undefined when there is none. A file that is no JSON is `platform.unreadable-file`. */
export async function readJson(path: string, files: Files = nodeFiles): Promise<unknown> {
  let text: string;
  try {
    text = await files.readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Failure(
      'platform.unreadable-file',
      `${path} is not readable JSON. Millrace replaces its files whole, so something else has changed it: ` +
        'bring it back from a backup, or move it away to start without it.',
      { cause },
    );
  }
}

/** Makes a folder and those above it, so that they outlive a power cut. */
export async function makeFolder(path: string, files: Files = nodeFiles): Promise<void> {
  const first = await files.mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made), files);
  }
}

/** Puts a folder's entries on the disk: a rename or a new file is only then sure. */
export async function syncFolder(path: string, files: Files = nodeFiles): Promise<void> {
  // Windows can't open a folder, and its file systems keep their own journal of names.
  if (process.platform === 'win32') return;
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Bytes that this process may still write in the folder's file system. */
export async function freeBytes(path: string, files: Files = nodeFiles): Promise<number> {
  const { bavail, bsize } = await files.statfs(path);
  return bavail * bsize;
}

/** `platform.no-space` with the bytes needed and free, in its sentence and in `current`. */
export function noSpace(place: string, needed: number, free: number, why: string, cause?: unknown): Failure {
  return new Failure(
    'platform.no-space',
    `No space in ${place}: ${needed} bytes are needed and ${free} are free (${why}). What runs now goes on; ` +
      'make room and it is tried again.',
    { current: { needed, free }, cause },
  );
}

/** ENOSPC: the disk is full. EDQUOT: this user's share of it is. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

/** The system's code, such as ENOENT. By shape: an error may come from another realm of the process. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

async function replace(
  path: string,
  bytes: Uint8Array | string,
  { mode, files = nodeFiles }: { mode?: number; files?: Files },
): Promise<void> {
  const folder = dirname(path);
  // A fixed name: what a crash left is removed by the next write and cannot pile up.
  const temporary = `${path}.tmp`;
  const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  try {
    await files.rm(temporary, { force: true });
    const file = await files.open(temporary, 'wx', mode ?? 0o666);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
    await syncFolder(folder, files);
  } catch (error) {
    await files.rm(temporary, { force: true }).catch(() => undefined);
    if (!isFull(error)) throw error;
    const free = await freeBytes(folder, files);
    throw noSpace(folder, content.length, free, `writing ${path}`, error);
  }
}
