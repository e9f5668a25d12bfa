/**
 * One file of an outbox: messages one after the other, a line each, with a checksum, named by the number of
 * its first message.
 *
 * Guarantee: what `read` gives was written whole; the torn end that a power cut leaves is found and cut off.
 */
import { open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export interface Segment {
  /** Number of the first message that it holds, or would hold. */
  first: number;
  count: number;
  bytes: number;
  path: string;
  /** Epoch milliseconds of the newest message. */
  newestAt: number;
}

const NAME = /^(\d{16})\.log$/;

export const segmentName = (first: number) => `${String(first).padStart(16, '0')}.log`;

export const firstOf = (name: string): number | undefined => {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
};

export function encode(message: unknown): Buffer {
  const text = JSON.stringify(message);
  return Buffer.from(`${crc32(text).toString(16).padStart(8, '0')} ${text}\n`);
}

/** The messages of a file in order, up to the first that is not whole, and how many bytes they take. */
export function decode(bytes: Buffer): { messages: unknown[]; whole: number } {
  const messages: unknown[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const sum = bytes.toString('latin1', at, at + 8);
    const text = bytes.toString('utf8', at + 9, end);
    if (crc32(text).toString(16).padStart(8, '0') !== sum) break;
    messages.push(JSON.parse(text));
    at = end + 1;
  }
  return { messages, whole: at };
}

export async function readSegment(segment: Segment): Promise<unknown[]> {
  return decode(await readFile(segment.path)).messages;
}

/** Looks at a file that an earlier run left, and cuts off what is not whole. */
export async function openSegment(folder: string, name: string, first: number): Promise<Segment> {
  const path = join(folder, name);
  const bytes = await readFile(path);
  const { messages, whole } = decode(bytes);
  if (whole < bytes.length) {
    await truncate(path, whole);
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  const last = messages.at(-1) as { at?: number } | undefined;
  return { first, count: messages.length, bytes: whole, path, newestAt: last?.at ?? 0 };
}
