/**
 * A queue on disk: messages in order, read from the front, forgotten when they are done.
 *
 * Guarantee: when `append` resolves, its messages survive a power cut; after a crash the queue holds every
 * message that was appended and not done, in order. A message whose `done` a crash overtook comes again. It
 * knows nothing of brokers and drops nothing by itself.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Segments, type Cursor, type Stored } from '../../segments.js';

/** Half a second of `done` may come again after a crash; a write for each would cost more than the messages. */
const POSITION_MS = 500;

export class SegmentLog {
  /** Every message below is done; those above that are done too stand in `finished`. */
  private low = 1;
  private readonly finished = new Set<number>();
  /** Where `read` goes on. */
  private readonly cursor: Cursor = { id: 1, file: '', offset: 0 };
  private positioned = 0;
  private position: Promise<void> | undefined;

  private constructor(
    private readonly folder: string,
    private readonly segments: Segments,
  ) {}

  static async open(folder: string, segmentBytes: number): Promise<SegmentLog> {
    const log = new SegmentLog(folder, await Segments.open(folder, segmentBytes));
    await log.recover();
    return log;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.bytes;
  }

  /** Bytes at the end of segments that were no message, found when it was opened. */
  get damaged(): number {
    return this.segments.damaged;
  }

  /** Messages that are not done. */
  get count(): number {
    return this.segments.next - this.low - this.finished.size;
  }

  /** Everything below this id is done or dropped. */
  get first(): number {
    return this.low;
  }

  /** Whether `read` has something to give. */
  get unread(): boolean {
    return this.cursor.id < this.segments.next;
  }

  /** Writes and syncs messages; gives the id of the first, the others follow. Calls must not overlap. */
  append(messages: readonly { time: number; payload: Buffer }[]): Promise<number> {
    return this.segments.append(messages);
  }

  /** The next messages that are not done, up to about `limit` bytes and one segment at a time. */
  async read(limit: number): Promise<Stored[]> {
    while (this.unread) {
      const from = this.cursor.id;
      const read = await this.segments.read(this.cursor, limit);
      this.passOver(from, read);
      const found = read.filter(({ id }) => id >= this.low && !this.finished.has(id));
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Ids that a damaged place took away are done: there is nothing to send. */
  private passOver(from: number, read: readonly Stored[]): void {
    let expected = Math.max(from, this.low);
    for (const id of [...read.map((message) => message.id), this.cursor.id]) {
      for (; expected < id; expected++) this.finished.add(expected);
      expected = Math.max(expected, id + 1);
    }
    while (this.finished.delete(this.low)) this.low++;
  }

  /** Reads again from the first message that is not done. */
  rewind(): void {
    Object.assign(this.cursor, { id: this.low, file: '', offset: 0 });
  }

  /** The message has arrived, or is given up. */
  async done(id: number): Promise<void> {
    if (id < this.low) return;
    this.finished.add(id);
    while (this.finished.delete(this.low)) this.low++;
    const { files } = this.segments;
    while (files.length > 1 && files[0].last <= this.low) await this.segments.dropFirst();
    if (Date.now() - this.positioned > POSITION_MS) await this.keepPosition();
  }

  /** Forgets the oldest segment; gives how many of its messages were not done. */
  async dropOldest(): Promise<number> {
    const { files } = this.segments;
    if (files.length <= 1) await this.segments.begin();
    const before = this.count;
    this.low = Math.max(this.low, files[0].last);
    for (const id of this.finished) if (id < this.low) this.finished.delete(id);
    while (this.finished.delete(this.low)) this.low++;
    if (this.cursor.id < this.low) this.rewind();
    await this.keepPosition();
    await this.segments.dropFirst();
    return before - this.count;
  }

  async close(): Promise<void> {
    await this.position;
    await this.segments.close();
    // Where all is done nothing is left to read for who opens it next. A position that stands for nothing is harmless.
    if (this.count === 0) await this.segments.clear();
    else await this.keepPosition();
  }

  private keepPosition(): Promise<void> {
    this.positioned = Date.now();
    return (this.position ??= this.writePosition().finally(() => (this.position = undefined)));
  }

  /** Not synced: an older position only means that some messages come again. */
  private async writePosition(): Promise<void> {
    const file = path.join(this.folder, 'position');
    await writeFile(`${file}.new`, `${this.low} ${this.segments.next}\n`);
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
    const { segments } = this;
    const [low, next] = this.keptPosition();
    this.low = Number.isSafeInteger(low) && low > 0 ? low : 1;
    while (segments.files.length > 0 && segments.files[0].last <= this.low) await segments.dropFirst();
    this.low = Math.max(this.low, segments.files[0]?.first ?? 1);
    segments.next = Math.max(this.low, segments.next, Number.isSafeInteger(next) ? next : 1);
    // Ids that a damaged end took away are done: there is nothing to send.
    if (segments.files.length === 0) this.low = segments.next;
    for (let id = segments.files.at(-1)?.last ?? segments.next; id < segments.next; id++)
      this.finished.add(id);
    while (this.finished.delete(this.low)) this.low++;
    this.rewind();
  }
}
