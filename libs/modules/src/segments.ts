/**
 * Messages on disk, in order, in append-only segment files: what a buffer and a journal are made of.
 *
 * Guarantee: when `append` resolves, its messages survive a power cut; ids rise by one, over restarts too; a
 * half-written end is cut off when it is opened. It forgets nothing by itself: its owner drops whole segments,
 * the oldest first. One process at a time.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { open, readFile, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';

export interface Stored {
  id: number;
  /** Epoch ms at which it was made. */
  time: number;
  payload: Buffer;
}

interface Segment {
  file: string;
  /** Ids of its messages, [first, last). */
  first: number;
  last: number;
  bytes: number;
}

/** Where a reader stands. */
export interface Cursor {
  /** The next id to give. */
  id: number;
  file: string;
  offset: number;
}

/** Length, checksum, id and time stand before each payload. */
export const HEAD = 24;

export class Segments {
  private segments: Segment[] = [];
  private handle: FileHandle | undefined;
  /** Id of the message that is appended next. */
  next = 1;
  /** Bytes that were no message: a half-written end that was cut off, a damaged place that was passed over. */
  damaged = 0;

  private constructor(
    private readonly folder: string,
    private readonly segmentBytes: number,
  ) {}

  static async open(folder: string, segmentBytes: number): Promise<Segments> {
    const segments = new Segments(folder, segmentBytes);
    // At once when there is nothing to read: a flow that takes over from its old version waits for this, and on a
    // loop that is busy with its first messages each turn costs more than these calls.
    mkdirSync(folder, { recursive: true });
    await segments.recover();
    return segments;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get files(): readonly Readonly<Segment>[] {
    return this.segments;
  }

  /** Writes and syncs messages; gives the id of the first, the others follow. Calls must not overlap. */
  async append(messages: readonly { time: number; payload: Buffer }[]): Promise<number> {
    const first = this.next;
    let segment = this.segments.at(-1);
    if (segment === undefined || segment.bytes >= this.segmentBytes) segment = await this.begin();
    this.handle ??= await open(segment.file, 'a');
    const frames = messages.map(({ time, payload }, i) => frame(first + i, time, payload));
    const bytes = Buffer.concat(frames);
    try {
      await this.handle.appendFile(bytes);
      await this.handle.datasync();
    } catch (error) {
      // Part of it may have been written: what follows must not stand behind half a message.
      await truncate(segment.file, segment.bytes).catch(() => undefined);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.last = this.next = first + messages.length;
    return first;
  }

  /**
   * The next messages from a cursor on, which it moves: up to about `limit` bytes of one segment; none when there is
   * nothing more. Ids that are gone are passed over.
   */
  async read(cursor: Cursor, limit: number): Promise<Stored[]> {
    for (;;) {
      const segment = this.segments.find(({ last }) => last > cursor.id);
      if (segment === undefined) {
        cursor.id = Math.max(cursor.id, this.next);
        return [];
      }
      if (cursor.file !== segment.file) Object.assign(cursor, { file: segment.file, offset: 0 });
      const { id, file, offset } = cursor;
      const bytes = await stretch(segment, offset, Math.max(limit, HEAD));
      // Its owner set it elsewhere meanwhile: what was read is not what is wanted any more.
      if (cursor.id !== id || cursor.file !== file || cursor.offset !== offset) continue;
      const found: Stored[] = [];
      let next = id;
      let used = eachFrame(bytes, (message) => {
        if (message.id >= id) found.push(message);
        next = message.id + 1;
      });
      if (used === 0) {
        // What stands behind a damaged place of a segment can't be told from noise.
        used = segment.bytes - offset;
        next = segment.last;
        this.damaged += used;
      }
      cursor.id = Math.max(id, next);
      cursor.offset += used;
      if (found.length > 0) return found;
    }
  }

  /** Ends the last segment, so that all that there is now can be dropped. */
  async begin(): Promise<Segment> {
    await this.handle?.close();
    const file = path.join(this.folder, `${String(this.next).padStart(16, '0')}.log`);
    this.handle = await open(file, 'a');
    await syncFolder(this.folder);
    const empty = this.segments.at(-1);
    if (empty?.file === file) return empty;
    const segment = { file, first: this.next, last: this.next, bytes: 0 };
    this.segments.push(segment);
    return segment;
  }

  /** Forgets the oldest segment, which must not be the one that is written. */
  async dropFirst(): Promise<void> {
    await rm(this.segments.shift()!.file, { force: true });
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }

  /** Forgets all, once closed. */
  async clear(): Promise<void> {
    for (const { file } of this.segments.splice(0)) await rm(file, { force: true });
  }

  /** Only the last segment can have a torn end: the others were synced to theirs before the next was begun. */
  private async recover(): Promise<void> {
    const names = readdirSync(this.folder)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort();
    const firsts = names.map((name) => Number(name.slice(0, 16)));
    for (const [i, name] of names.entries()) {
      const file = path.join(this.folder, name);
      const { size } = await stat(file);
      this.segments.push({ file, first: firsts[i], last: firsts[i + 1] ?? firsts[i], bytes: size });
    }
    const last = this.segments.at(-1);
    if (last === undefined) return;
    last.bytes = eachFrame(await readFile(last.file), ({ id }) => (last.last = id + 1));
    const { size } = await stat(last.file);
    if (last.bytes < size) {
      this.damaged += size - last.bytes;
      await truncate(last.file, last.bytes);
    }
    this.next = last.last;
  }
}

/** Calls back with each whole message; gives the bytes that these took. */
export function eachFrame(bytes: Buffer, take: (message: Stored) => void): number {
  let at = 0;
  while (at + HEAD <= bytes.length) {
    const end = at + HEAD + bytes.readUInt32LE(at);
    if (end > bytes.length || crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) break;
    take({
      id: bytes.readDoubleLE(at + 8),
      time: bytes.readDoubleLE(at + 16),
      payload: bytes.subarray(at + HEAD, end),
    });
    at = end;
  }
  return at;
}

function frame(id: number, time: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeDoubleLE(id, 8);
  bytes.writeDoubleLE(time, 16);
  payload.copy(bytes, HEAD);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** A whole number of frames from an offset on: at least one, whatever its size. */
async function stretch(segment: Segment, offset: number, limit: number): Promise<Buffer> {
  const file = await open(segment.file, 'r');
  try {
    const rest = segment.bytes - offset;
    let bytes = Buffer.alloc(Math.min(rest, limit));
    await file.read(bytes, 0, bytes.length, offset);
    const first = bytes.length >= HEAD ? HEAD + bytes.readUInt32LE(0) : 0;
    if (first > bytes.length && first <= rest) {
      bytes = Buffer.alloc(first);
      await file.read(bytes, 0, first, offset);
    }
    return bytes;
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch {
    // Some file systems cannot sync a folder; then the file's own sync must do.
  } finally {
    await handle.close();
  }
}
