/**
 * One download into a folder of blobs: verified as it streams, resumed after a cut, then renamed into place.
 *
 * Guarantee: the final name appears only when every byte has been checked against the signed digest and is
 * on the disk. Whatever happens before that leaves at most `<name>.part`, which is read again, not trusted,
 * and thrown away as soon as it turns out to be wrong. Space, quota and sharing are the folder's business.
 */
import { Failure } from '@millrace/schemas';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { verifier, type Digest, type Verifier } from './digest.js';
import { freeBytes, isFull, noSpace, syncFolder, type Files } from './files.js';

/** Opens the content from a byte offset. Called once a pull, so a signed link can be asked for each time. */
export type Source = (offset: number, signal: AbortSignal) => Promise<Readable>;

export interface Download {
  digest: Digest;
  /** The signed size in bytes; not one byte more is written. */
  size: number;
  /** The final path; the partial file lies beside it. */
  path: string;
  source: Source;
  signal: AbortSignal;
  onProgress(done: number): void;
  /** Below this rate over a whole `patienceMs` the pull is given up. */
  minBytesPerSecond: number;
  /** Also the longest wait for the source to open and for any single byte. */
  patienceMs: number;
  files: Files;
}

export interface Pulled {
  path: string;
  /** Bytes that came over the network in this pull. */
  fetched: number;
  /** Bytes of an earlier, cut pull that were read again from the partial file. */
  resumedAt: number;
}

/** What came is written when it is so much, or after so long: over a thin line a kill must not cost minutes of it. */
const WRITE_BYTES = 1024 * 1024;
const WRITE_MS = 500;

export const partial = (path: string) => `${path}.part`;

export async function download(order: Download): Promise<Pulled> {
  const { files, path } = order;
  const part = partial(path);
  const file = await files.open(part, 'a+');
  let pulled: Pulled;
  try {
    pulled = await fill(file, order);
    await file.sync();
  } catch (error) {
    await file.close();
    if (isWrong(error) || isFull(error)) await files.rm(part, { force: true });
    if (!isFull(error)) throw error;
    const free = await freeBytes(dirname(path), files);
    throw noSpace(dirname(path), order.size, free, `fetching ${order.digest}`, error);
  }
  await file.close();
  await files.rename(part, path);
  await syncFolder(dirname(path), files);
  return pulled;
}

async function fill(file: FileHandle, order: Download): Promise<Pulled> {
  const kept = await rehash(file, order);
  try {
    const fetched = await append(file, order, kept.check);
    return { path: order.path, fetched, resumedAt: kept.bytes };
  } catch (error) {
    // Pages that a power cut lost, or an earlier source that lied, must not block the blob for ever.
    if (kept.bytes === 0 || !isWrong(error)) throw error;
    await file.truncate(0);
    const fetched = await append(file, order, verifier(order.digest, order.size));
    return { path: order.path, fetched, resumedAt: 0 };
  }
}

/** Brings the hash to where the partial file ends; a partial file that is too long starts over. */
async function rehash(file: FileHandle, order: Download): Promise<{ check: Verifier; bytes: number }> {
  const check = verifier(order.digest, order.size);
  const { size } = await file.stat();
  if (size > order.size) {
    await file.truncate(0);
    return { check, bytes: 0 };
  }
  const buffer = Buffer.allocUnsafe(Math.min(1024 * 1024, Math.max(size, 1)));
  while (check.bytes < size) {
    order.signal.throwIfAborted();
    const { bytesRead } = await file.read(
      buffer,
      0,
      Math.min(buffer.length, size - check.bytes),
      check.bytes,
    );
    if (bytesRead === 0) break;
    check.take(buffer.subarray(0, bytesRead));
  }
  return { check, bytes: check.bytes };
}

async function append(file: FileHandle, order: Download, check: Verifier): Promise<number> {
  const start = check.bytes;
  order.onProgress(start);
  if (start < order.size) {
    // A write costs as much as hashing many chunks of a socket, so several go in one.
    const waiting: Uint8Array[] = [];
    let size = 0;
    let wroteAt = performance.now();
    const write = async () => {
      const chunks = waiting.splice(0);
      size = 0;
      wroteAt = performance.now();
      if (chunks.length > 0) await file.appendFile(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      order.onProgress(check.bytes);
    };
    try {
      for await (const chunk of watched(order, start)) {
        check.take(chunk);
        waiting.push(chunk);
        size += chunk.length;
        if (size >= WRITE_BYTES || performance.now() - wroteAt >= WRITE_MS) await write();
      }
    } catch (error) {
      // What came before a cut is kept.
      await write();
      throw error;
    }
    await write();
    if (check.bytes < order.size) throw cut(order, check.bytes, 'the source ended too early');
  }
  check.finish();
  return check.bytes - start;
}

/** The source's chunks, until it fails, stalls, drips below the least rate, or the caller gives up. */
async function* watched(order: Download, start: number): AsyncGenerator<Uint8Array> {
  const { patienceMs, minBytesPerSecond } = order;
  const giveUp = new AbortController();
  const signal = AbortSignal.any([order.signal, giveUp.signal]);
  let received = start;
  let atLastLook = start;
  const watch = setInterval(() => {
    const rate = ((received - atLastLook) * 1000) / patienceMs;
    // At least one byte, so that a silent source is always given up.
    if (rate < Math.max(1, minBytesPerSecond)) giveUp.abort(tooSlow(order, received, rate));
    atLastLook = received;
  }, patienceMs);
  let stream: Readable | undefined;
  const stop = () => stream?.destroy();
  signal.addEventListener('abort', stop);
  try {
    stream = await opened(order.source(start, signal), signal);
    for await (const chunk of stream) {
      received += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Failure ? error : cut(order, received, messageOf(error), error);
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    stream?.destroy();
  }
}

/** Waits for the source, but no longer than the signal allows; a stream that opens too late is closed. */
async function opened(source: Promise<Readable>, signal: AbortSignal): Promise<Readable> {
  let abandon!: () => void;
  const abandoned = new Promise<never>((_, reject) => {
    abandon = () => reject(signal.reason as Error);
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    return await Promise.race([source, abandoned]);
  } catch (error) {
    void source.then((late) => late.destroy()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

function isWrong(error: unknown): boolean {
  return error instanceof Failure && error.code === 'catalogue.digest-mismatch';
}

function cut(order: Download, at: number, why: string, cause?: unknown): Failure {
  return new Failure(
    'platform.download-cut',
    `The download of ${order.digest} stopped at byte ${at} of ${order.size}: ${why}. What came is kept; the ` +
      'next try goes on from there.',
    { cause },
  );
}

function tooSlow(order: Download, at: number, rate: number): Failure {
  return new Failure(
    'platform.download-too-slow',
    `The download of ${order.digest} was given up at byte ${at} of ${order.size}: ${Math.round(rate)} bytes/s ` +
      `over ${order.patienceMs / 1000} s, and at least ${order.minBytesPerSecond} are wanted. What came is ` +
      'kept; the next try goes on from there.',
  );
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
