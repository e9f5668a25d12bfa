/**
 * A queue on disk: messages in order, in append-only segment files, read from the front.
 *
 * Guarantee: when `append` resolves, its messages survive a power cut; after a crash the queue holds every
 * message that was appended and not done, in order, and a half-written end is cut off. A message whose `done`
 * a crash overtook comes again. One process at a time; it knows nothing of brokers and drops nothing by itself.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { open, readFile, rename, rm, truncate, writeFile, type FileHandle } from 'node:fs/promises';
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

/** Length, checksum, id and time stand before each payload. */
export const HEAD = 24;
/** Half a second of `done` may come again after a crash; a write for each would cost more than the messages. */
const POSITION_MS = 500;

export class SegmentLog {
  private segments: Segment[] = [];
  private handle: FileHandle | undefined;
  private nextId = 1;
  /** Every message below is done; those above that are done too stand in `finished`. */
  private low = 1;
  private readonly finished = new Set<number>();
  /** Where `read` goes on. */
  private cursor = { id: 1, file: '', offset: 0 };
  private positioned = 0;
  private position: Promise<void> | undefined;
  /** Bytes at the end of segments that were no message, found when it was opened. */
  damaged = 0;

  private constructor(
    private readonly folder: string,
    private readonly segmentBytes: number,
  ) {}

  static async open(folder: string, segmentBytes: number): Promise<SegmentLog> {
    const log = new SegmentLog(folder, segmentBytes);
    // At once when there is nothing to read: a flow that takes over from its old version waits for this, and on a
    // loop that is busy with its first messages each turn costs more than these calls.
    mkdirSync(folder, { recursive: true });
    await log.recover();
    return log;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Messages that are not done. */
  get count(): number {
    return this.nextId - this.low - this.finished.size;
  }

  /** Everything below this id is done or dropped. */
  get first(): number {
    return this.low;
  }

  /** Whether `read` has something to give. */
  get unread(): boolean {
    return this.cursor.id < this.nextId;
  }

  /** Writes and syncs messages; gives the id of the first, the others follow. Calls must not overlap. */
  async append(messages: readonly { time: number; payload: Buffer }[]): Promise<number> {
    const first = this.nextId;
    let segment = this.segments.at(-1);
    if (segment === undefined || this.handle === undefined || segment.bytes >= this.segmentBytes) {
      segment = await this.begin();
    }
    const frames = messages.map(({ time, payload }, i) => frame(first + i, time, payload));
    const bytes = Buffer.concat(frames);
    try {
      await this.handle!.appendFile(bytes);
      await this.handle!.datasync();
    } catch (error) {
      // Part of it may have been written: what follows must not stand behind half a message.
      await truncate(segment.file, segment.bytes).catch(() => undefined);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.last = this.nextId = first + messages.length;
    return first;
  }

  /** The next messages that are not done, up to about `limit` bytes and one segment at a time. */
  async read(limit: number): Promise<Stored[]> {
    const found: Stored[] = [];
    while (found.length === 0 && this.unread) {
      const segment = this.segments.find(({ last }) => last > this.cursor.id);
      if (segment === undefined) {
        // Ids that a damaged end took away: there is nothing more.
        this.cursor.id = this.nextId;
        break;
      }
      if (this.cursor.file !== segment.file)
        this.cursor = { id: segment.first, file: segment.file, offset: 0 };
      const bytes = await this.stretch(segment, Math.max(limit, HEAD));
      // Somebody rewound or dropped meanwhile: what was read is not what is wanted any more.
      if (this.cursor.file !== segment.file) continue;
      const used = eachFrame(bytes, (message) => {
        if (message.id >= this.low && !this.finished.has(message.id)) found.push(message);
        this.cursor.id = message.id + 1;
      });
      this.cursor.offset += used;
      if (used === 0) throw new Error(`${segment.file} is damaged at byte ${this.cursor.offset}`);
    }
    return found;
  }

  /** Reads again from the first message that is not done. */
  rewind(): void {
    this.cursor = { id: this.low, file: '', offset: 0 };
  }

  /** The message has arrived, or is given up. */
  async done(id: number): Promise<void> {
    if (id < this.low) return;
    this.finished.add(id);
    while (this.finished.delete(this.low)) this.low++;
    while (this.segments.length > 1 && this.segments[0].last <= this.low) {
      await rm(this.segments.shift()!.file, { force: true });
    }
    if (Date.now() - this.positioned > POSITION_MS) await this.keepPosition();
  }

  /** Forgets the oldest segment; gives how many of its messages were not done. */
  async dropOldest(): Promise<number> {
    if (this.segments.length <= 1) await this.begin();
    const oldest = this.segments.shift()!;
    const before = this.count;
    this.low = Math.max(this.low, oldest.last);
    for (const id of this.finished) if (id < this.low) this.finished.delete(id);
    while (this.finished.delete(this.low)) this.low++;
    if (this.cursor.id < this.low) this.rewind();
    await this.keepPosition();
    await rm(oldest.file, { force: true });
    return before - this.count;
  }

  async close(): Promise<void> {
    await this.position;
    await this.handle?.close();
    this.handle = undefined;
    // Where all is done nothing is left to read for who opens it next. A position that stands for nothing is harmless.
    if (this.count === 0) for (const { file } of this.segments.splice(0)) await rm(file, { force: true });
    else await this.keepPosition();
  }

  /** A whole number of frames from the cursor on: at least one, whatever its size. */
  private async stretch(segment: Segment, limit: number): Promise<Buffer> {
    const file = await open(segment.file, 'r');
    try {
      const rest = segment.bytes - this.cursor.offset;
      let bytes = Buffer.alloc(Math.min(rest, limit));
      await file.read(bytes, 0, bytes.length, this.cursor.offset);
      const first = bytes.length >= HEAD ? HEAD + bytes.readUInt32LE(0) : 0;
      if (first > bytes.length && first <= rest) {
        bytes = Buffer.alloc(first);
        await file.read(bytes, 0, first, this.cursor.offset);
      }
      return bytes;
    } finally {
      await file.close();
    }
  }

  private async begin(): Promise<Segment> {
    await this.handle?.close();
    const file = path.join(this.folder, `${String(this.nextId).padStart(16, '0')}.log`);
    this.handle = await open(file, 'a');
    await syncFolder(this.folder);
    const empty = this.segments.at(-1);
    if (empty?.file === file) return empty;
    const segment = { file, first: this.nextId, last: this.nextId, bytes: 0 };
    this.segments.push(segment);
    return segment;
  }

  private keepPosition(): Promise<void> {
    this.positioned = Date.now();
    return (this.position ??= this.writePosition().finally(() => (this.position = undefined)));
  }

  /** Not synced: an older position only means that some messages come again. */
  private async writePosition(): Promise<void> {
    const file = path.join(this.folder, 'position');
    await writeFile(`${file}.new`, `${this.low} ${this.nextId}\n`);
    await rename(`${file}.new`, file);
  }

  private keptPosition(): number[] {
    try {
      return readFileSync(path.join(this.folder, 'position'), 'utf8').split(' ').map(Number);
    } catch {
      return [];
    }
  }

  private async recover(): Promise<void> {
    const [low, next] = this.keptPosition();
    this.low = Number.isSafeInteger(low) && low > 0 ? low : 1;
    const names = readdirSync(this.folder)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort();
    for (const name of names) {
      const file = path.join(this.folder, name);
      const bytes = await readFile(file);
      const segment = { file, first: Number(name.slice(0, 16)), last: Number(name.slice(0, 16)), bytes: 0 };
      segment.bytes = eachFrame(bytes, ({ id }) => (segment.last = id + 1));
      if (segment.bytes < bytes.length) {
        this.damaged += bytes.length - segment.bytes;
        await truncate(file, segment.bytes);
      }
      if (segment.last <= this.low) await rm(file, { force: true });
      else this.segments.push(segment);
    }
    this.low = Math.max(this.low, this.segments[0]?.first ?? 1);
    this.nextId = Math.max(this.low, this.segments.at(-1)?.last ?? 1, Number.isSafeInteger(next) ? next : 1);
    // Ids that a damaged end took away are done: there is nothing to send.
    let expected = this.low;
    for (const { first, last } of [...this.segments, { first: this.nextId, last: this.nextId }]) {
      for (let id = expected; id < first; id++) this.finished.add(id);
      expected = Math.max(expected, last);
    }
    while (this.finished.delete(this.low)) this.low++;
    this.rewind();
  }
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

/** Calls back with each whole message; gives the bytes that these took. */
function eachFrame(bytes: Buffer, take: (message: Stored) => void): number {
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
