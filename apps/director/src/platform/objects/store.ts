/**
 * Port: bytes under a key. Behind it stand S3 and a folder on disk; one conformance suite holds both.
 *
 * Guarantee: an object is there whole or not at all. Keys are made by the director (`[a-z0-9/._-]`), never by
 * users.
 */
import type { Readable } from 'node:stream';

export interface ObjectInfo {
  size: number;
}

/** Bytes from `start` to `end`, both included, as HTTP counts. */
export interface Range {
  start: number;
  end: number;
}

export interface Link {
  url: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

export interface Part {
  /** From 1. */
  number: number;
  etag: string;
}

/** A part that lies whole in the store. */
export interface StoredPart extends Part {
  size: number;
}

export abstract class ObjectStore {
  abstract put(key: string, body: Readable | Uint8Array, size: number): Promise<void>;
  /** Fails with `platform.object-missing`. */
  abstract get(key: string, range?: Range): Promise<Readable>;
  abstract head(key: string): Promise<ObjectInfo | undefined>;
  /** Nothing there is no error. */
  abstract delete(key: string): Promise<void>;

  /** An upload in parts: begin, send each part to its link by PUT, complete. Returns the id of the upload. */
  abstract beginUpload(key: string): Promise<string>;
  /** For one PUT of exactly `size` bytes; the answer's `etag` header belongs to the part. */
  abstract partLink(key: string, upload: string, part: number, size: number, seconds: number): Promise<Link>;
  /** What has come so far, in order; nothing when there is no such upload (any more). */
  abstract listParts(key: string, upload: string): Promise<StoredPart[]>;
  /** Parts in order, each at least 5 MiB but the last. The object is there afterwards. */
  abstract completeUpload(key: string, upload: string, parts: Part[]): Promise<void>;
  abstract abortUpload(key: string, upload: string): Promise<void>;

  /** For GET and HEAD of this one object, with ranges, for so many seconds. */
  abstract link(key: string, seconds: number): Promise<Link>;

  /** Whether the store answers at all: for /readyz. */
  abstract check(): Promise<void>;
  abstract close(): Promise<void>;
}

export const LEAST_PART_BYTES = 5 * 1024 * 1024;

export function assertKey(key: string): void {
  if (!/^[a-z0-9][a-z0-9/._-]{0,500}$/.test(key) || key.includes('..') || key.includes('//')) {
    throw new Error(`not a key of the object store: ${JSON.stringify(key.slice(0, 100))}`);
  }
}
