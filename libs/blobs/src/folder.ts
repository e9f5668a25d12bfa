/**
 * A folder of blobs: bytes by digest on a node's disk.
 *
 * Guarantee: a blob that `has` knows was checked whole and is on the disk; a crash at any instant leaves at
 * most partial files, which the next pull goes on from. The folder never grows past its quota. One process
 * owns a folder; what names a blob, and for how long, is known by the caller alone (`collect`).
 */
import { Failure } from '@millrace/schemas';
import * as nodeFiles from 'node:fs/promises';
import { join } from 'node:path';
import { hashStream, parseDigest, type Digest } from './digest.js';
import { codeOf, freeBytes, makeFolder, noSpace, syncFolder, type Files } from './files.js';
import { download, partial, type Pulled, type Source } from './pull.js';

export interface StoredBlob {
  digest: Digest;
  size: number;
  /** Epoch milliseconds of the last pull that finished or found the blob here. */
  usedAt: number;
  /** A download that was cut; `size` is what came so far. */
  partial: boolean;
}

export interface PullOptions {
  signal?: AbortSignal;
  /** Bytes that are here, of the signed size. */
  onProgress?: (done: number, size: number) => void;
  /** Default 1 KiB/s: below that even small models would take hours. */
  minBytesPerSecond?: number;
  /** Milliseconds over which the rate is taken, and the longest silence. Default 30 s. */
  patienceMs?: number;
  /** Most bytes that the whole folder may hold, partial files included. Default: no quota. */
  quotaBytes?: number;
}

/** A text that is no digest is refused with `catalogue.invalid-digest` by every method. */
export interface BlobFolder {
  readonly dir: string;
  has(digest: string): Promise<boolean>;
  /** Where the blob lies, or would lie. Only what `has` confirms may be read. */
  path(digest: string): string;
  /** Whole and partial blobs; files that are neither are not touched and not listed. */
  list(): Promise<StoredBlob[]>;
  /**
   * Brings a blob here unless it is here. Throws `catalogue.digest-mismatch`, `platform.no-space`,
   * `platform.download-too-slow`, `platform.download-cut`, the source's own Failure, or the signal's reason.
   * Pulls of one digest that run at the same time are one download.
   */
  pull(digest: string, size: number, source: Source, options?: PullOptions): Promise<Pulled>;
  /** Reads a blob again. A damaged one is removed, so that the next pull brings it anew. */
  reverify(digest: string): Promise<'intact' | 'damaged' | 'absent'>;
  /** Removes what is not kept and was not used for `olderThanMs`. What is being pulled stays. */
  collect(keep: ReadonlySet<string>, olderThanMs: number): Promise<{ removed: Digest[]; bytes: number }>;
}

export interface BlobFolderOptions {
  /** Bytes of the file system that blobs leave to state, logs and outbox. Default 64 MiB. */
  reserveBytes?: number;
  now?: () => number;
  files?: Files;
}

interface Running {
  size: number;
  /** Its bytes were found to fit, and are kept free for it. */
  reserved: boolean;
  promise: Promise<Pulled>;
  controller: AbortController;
  callers: Set<PullOptions>;
}

/** Opens the folder, making it when it is missing. */
export async function openBlobFolder(dir: string, options: BlobFolderOptions = {}): Promise<BlobFolder> {
  const { files = nodeFiles, now = Date.now, reserveBytes = 64 * 1024 * 1024 } = options;
  await makeFolder(dir, files);
  const running = new Map<Digest, Running>();
  /** One space check at a time: two pulls must not both count on the same free bytes. */
  let spaceChecked: Promise<void> = Promise.resolve();

  const path = (digest: string) => join(dir, parseDigest(digest).slice('sha256:'.length));

  async function sizeOf(file: string): Promise<number | undefined> {
    try {
      return (await files.stat(file)).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async function list(): Promise<StoredBlob[]> {
    const found: StoredBlob[] = [];
    for (const name of await files.readdir(dir)) {
      const match = /^([0-9a-f]{64})(\.part)?$/.exec(name);
      if (!match) continue;
      try {
        const { size, mtimeMs } = await files.stat(join(dir, name));
        found.push({ digest: `sha256:${match[1]!}`, size, usedAt: mtimeMs, partial: match[2] !== undefined });
      } catch (error) {
        // Renamed or collected since the folder was read.
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
    return found;
  }

  async function reserve(digest: Digest, entry: Running, quotaBytes: number | undefined): Promise<void> {
    const stored = await list();
    let promised = 0;
    let used = 0;
    for (const [other, { size, reserved }] of running) {
      if (!reserved && other !== digest) continue;
      const here = stored.find((blob) => blob.partial && blob.digest === other)?.size ?? 0;
      promised += Math.max(0, size - here);
    }
    for (const blob of stored) used += blob.size;
    const needed = promised + reserveBytes;
    const free = await freeBytes(dir, files);
    if (needed > free) {
      throw noSpace(dir, needed, free, `${reserveBytes} of them stay reserved for state and logs`);
    }
    if (quotaBytes !== undefined && used + promised > quotaBytes) {
      const left = Math.max(0, quotaBytes - used);
      throw noSpace(
        dir,
        promised,
        left,
        `the quota for blobs is ${quotaBytes}; ${digest} does not fit in it`,
      );
    }
    entry.reserved = true;
  }

  async function run(digest: Digest, entry: Running, source: Source, options: PullOptions): Promise<Pulled> {
    const target = path(digest);
    const stored = await sizeOf(target);
    if (stored !== undefined) {
      if (stored !== entry.size) throw otherSize(digest, stored, entry.size);
      // Young again, so that `collect` does not take it before its caller has named it.
      const seconds = now() / 1000;
      await files.utimes(target, seconds, seconds);
      return { path: target, fetched: 0, resumedAt: 0 };
    }
    const check = spaceChecked.then(() => reserve(digest, entry, options.quotaBytes));
    spaceChecked = check.catch(() => undefined);
    await check;
    return download({
      digest,
      size: entry.size,
      path: target,
      source,
      signal: entry.controller.signal,
      onProgress(done) {
        for (const caller of entry.callers) caller.onProgress?.(done, entry.size);
      },
      minBytesPerSecond: options.minBytesPerSecond ?? 1024,
      patienceMs: options.patienceMs ?? 30_000,
      files,
    });
  }

  function begin(digest: Digest, size: number, source: Source, options: PullOptions): Running {
    const entry: Running = {
      size,
      reserved: false,
      controller: new AbortController(),
      callers: new Set(),
      promise: Promise.resolve({ path: '', fetched: 0, resumedAt: 0 }),
    };
    running.set(digest, entry);
    entry.promise = run(digest, entry, source, options).finally(() => running.delete(digest));
    // Every caller may have left by then.
    entry.promise.catch(() => undefined);
    return entry;
  }

  return {
    dir,
    path,
    list,
    has: async (digest) => (await sizeOf(path(digest))) !== undefined,

    async pull(name, size, source, options = {}) {
      const digest = parseDigest(name);
      // A download that everybody left is closing its partial file; this pull begins after it.
      for (let old = running.get(digest); old?.controller.signal.aborted; old = running.get(digest)) {
        await old.promise.catch(() => undefined);
      }
      options.signal?.throwIfAborted();
      const entry = running.get(digest) ?? begin(digest, size, source, options);
      if (entry.size !== size) throw otherSize(digest, entry.size, size);
      entry.callers.add(options);
      const leave = () => {
        entry.callers.delete(options);
        if (entry.callers.size === 0) entry.controller.abort(options.signal?.reason);
      };
      try {
        return await unlessAborted(entry.promise, options.signal, leave);
      } finally {
        leave();
        // The last one to leave waits until the partial file is closed.
        if (entry.callers.size === 0) await entry.promise.catch(() => undefined);
      }
    },

    async reverify(digest) {
      let file: nodeFiles.FileHandle;
      try {
        file = await files.open(path(digest), 'r');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return 'absent';
        throw error;
      }
      const found = await hashStream(file.createReadStream());
      if (found.digest === digest) return 'intact';
      await files.rm(path(digest), { force: true });
      await syncFolder(dir, files);
      return 'damaged';
    },

    async collect(keep, olderThanMs) {
      const removed: Digest[] = [];
      let bytes = 0;
      for (const blob of await list()) {
        const busy = keep.has(blob.digest) || running.has(blob.digest);
        if (busy || now() - blob.usedAt < olderThanMs) continue;
        await files.rm(blob.partial ? partial(path(blob.digest)) : path(blob.digest), { force: true });
        removed.push(blob.digest);
        bytes += blob.size;
      }
      if (removed.length > 0) await syncFolder(dir, files);
      return { removed, bytes };
    },
  };
}

/** Leaves at the caller's signal, at once, while the download may go on for others. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  onLeave: () => void,
): Promise<T> {
  if (!signal) return promise;
  let leave!: () => void;
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      onLeave();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([promise, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

function otherSize(digest: Digest, found: number, signed: number): Failure {
  return new Failure(
    'catalogue.digest-mismatch',
    `${digest} has ${found} bytes, and this payload was signed for ${signed}: digest and size contradict each ` +
      'other. Publish the resource again.',
  );
}
