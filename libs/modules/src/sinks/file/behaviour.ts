/**
 * sink.file: lines gathered, appended in order, flushed at the end.
 *
 * Guarantee: whole lines only, in the order of arrival; what is not yet written is bounded by the queue. Where the
 * flow's sources repeat, a file that does not rotate holds each row once, over kills and power cuts too: what was
 * written behind the saved state is taken back, since it comes again.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '@millrace/schemas';
import {
  eachRecord,
  gapRecord,
  JsonWriter,
  type Batch,
  type Behaviour,
  type Create,
  type ModuleContext,
} from '@millrace/engine';
import { columnsOfHeader, CsvWriter } from './csv.js';
import type { FileSettings } from './kind.js';

/** Bytes that are worth a write of their own, and the longest that fewer wait. */
const WRITE_BYTES = 64 * 1024;
const WAIT_MS = 500;

class FileSink implements Behaviour {
  private readonly file: string;
  private readonly json = new JsonWriter();
  private csv: CsvWriter | undefined;
  private handle: FileHandle | undefined;
  /** Lines that no write has taken yet, their bytes and records. */
  private lines: string[] = [];
  private bytes = 0;
  private gathered = 0;
  /** Records that are not on their way to the disk and done. */
  private waiting = 0;
  /** Bytes of the file as it will be when all is written. */
  private length = 0;
  /** Bytes that it had when the state was saved. */
  private resumed: number | undefined;
  private writing: Promise<void> | undefined;
  private since = 0;
  private failure: unknown;

  constructor(private readonly context: ModuleContext<FileSettings>) {
    this.file = context.host.path(context.settings.path);
    const { columns } = context.settings;
    if (columns !== undefined) this.csv = new CsvWriter(columns);
  }

  /** What cannot be opened now is tried again when there is something to write. */
  async resume(): Promise<void> {
    try {
      const handle = await open(this.file, 'r+');
      try {
        this.length = await this.wholeLength(handle);
        await handle.truncate(this.length);
      } finally {
        await handle.close();
      }
    } catch {
      this.length = 0;
    }
  }

  process(batch: Batch): void {
    if (this.failure !== undefined) throw this.failure;
    const { queue } = this.context;
    if (queue.full !== 'block' && this.waiting + batch.n > queue.size) {
      this.context.drop('queue', batch.n);
      return;
    }
    if (this.lines.length === 0) this.since = this.context.clock.monotonic();
    if (this.context.settings.format === 'jsonl') this.addJson(batch);
    else this.addCsv(batch);
    this.change(batch.n);
    this.gathered += batch.n;
    if (this.bytes >= WRITE_BYTES) this.kick();
  }

  tick(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.lines.length > 0 && this.context.clock.monotonic() - this.since >= WAIT_MS) this.kick();
  }

  /** An empty run leaves its file too. */
  async drain(): Promise<void> {
    await this.sync();
    if (this.failure !== undefined) throw this.failure;
  }

  /** One write may be under way; the next takes all that is gathered by now. */
  async sync(): Promise<void> {
    await this.writing;
    await this.kick();
    await this.handle?.sync();
  }

  save(): number {
    return this.length + this.bytes;
  }

  load(state: unknown): void {
    if (this.context.repeats && this.context.settings.rotate === undefined) this.resumed = state as number;
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }

  private addJson(batch: Batch): void {
    this.json.begin(batch);
    eachRecord(
      batch,
      (row) => this.add(this.json.row(row)),
      (gap) => this.add(JSON.stringify(gapRecord(gap))),
    );
  }

  private addCsv(batch: Batch): void {
    if (batch.gaps !== null) this.context.count('gap', batch.gaps.length);
    this.csv ??= new CsvWriter(
      this.columnsOfFile() ?? batch.schema.names.filter((_, index) => batch.peek(index) !== undefined),
    );
    const { lines, without } = this.csv.lines(batch);
    if (without > 0) this.context.count('no-column', without);
    for (const line of lines) this.add(line);
  }

  /** The columns that the file already has. Read at once, since the first batch needs them. */
  private columnsOfFile(): string[] | null {
    try {
      const file = openSync(this.file, 'r');
      const chunk = Buffer.alloc(WRITE_BYTES);
      const head = chunk.subarray(0, readSync(file, chunk, 0, chunk.length, 0));
      closeSync(file);
      return head.includes(0x0a) ? columnsOfHeader(head.subarray(0, head.indexOf(0x0a)).toString()) : null;
    } catch {
      return null;
    }
  }

  private add(line: string): void {
    this.lines.push(line);
    this.bytes += Buffer.byteLength(line) + 1;
  }

  private change(records: number): void {
    this.waiting += records;
    this.context.queued(this.waiting);
  }

  /** One write at a time takes all that is gathered; a call during one is served by the next. */
  private kick(): Promise<void> {
    return (this.writing ??= this.write().finally(() => {
      this.writing = undefined;
      if (this.bytes >= WRITE_BYTES) void this.kick();
    }));
  }

  private async write(): Promise<void> {
    const records = this.gathered;
    const text = this.lines.length === 0 ? '' : this.lines.join('\n') + '\n';
    const bytes = this.bytes;
    this.lines = [];
    this.bytes = this.gathered = 0;
    this.length += bytes;
    try {
      this.handle ??= await this.begin(bytes);
      if (bytes > 0) await this.append(text, bytes);
      this.context.bytes(bytes);
    } catch (error) {
      this.length -= bytes;
      this.refuse(error, records);
    } finally {
      this.change(-records);
    }
  }

  private async append(text: string, bytes: number): Promise<void> {
    const { rotate } = this.context.settings;
    if (rotate !== undefined && this.length > rotate.maxBytes && this.length > bytes)
      await this.rotate(bytes);
    await this.handle!.appendFile(text);
  }

  /** Opens the file behind its last whole line, for so many bytes that come. */
  private async begin(coming: number): Promise<FileHandle> {
    await mkdir(path.dirname(this.file), { recursive: true });
    const handle = await open(this.file, 'a+');
    const whole = await this.wholeLength(handle);
    await handle.truncate(whole);
    this.length = whole + coming;
    if (this.context.settings.format === 'csv') await this.header(handle, whole);
    return handle;
  }

  private async wholeLength(handle: FileHandle): Promise<number> {
    const { size } = await handle.stat();
    if (this.resumed !== undefined) {
      const resumed = this.resumed;
      this.resumed = undefined;
      if (size >= resumed) return resumed;
      this.context.log('warn', `${this.file} is shorter than it was: it lost ${resumed - size} bytes`);
    }
    const chunk = Buffer.alloc(WRITE_BYTES);
    for (let end = size; end > 0;) {
      const begin = Math.max(0, end - chunk.length);
      const { bytesRead } = await handle.read(chunk, 0, end - begin, begin);
      const feed = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
      if (feed >= 0) return begin + feed + 1;
      end = begin;
    }
    return 0;
  }

  private async header(handle: FileHandle, whole: number): Promise<void> {
    if (whole === 0) {
      if (this.csv === undefined) return;
      const header = this.csv.header + '\n';
      await handle.appendFile(header);
      this.length += Buffer.byteLength(header);
      return;
    }
    const columns = this.columnsOfFile() ?? [];
    if (this.csv !== undefined && this.csv.columns.join() !== columns.join()) {
      throw new Failure(
        'engine.file-unfit',
        `${this.context.settings.path} has the columns ${columns.join(', ')}, and the flow writes ` +
          `${this.csv.columns.join(', ')}: move the file away, or write another one.`,
      );
    }
  }

  private async rotate(bytes: number): Promise<void> {
    await this.handle!.sync();
    await this.handle!.close();
    this.handle = undefined;
    for (let i = this.context.settings.rotate!.keep; i > 0; i--) {
      const older = i === 1 ? this.file : `${this.file}.${i - 1}`;
      await rename(older, `${this.file}.${i}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.handle = await this.begin(bytes);
  }

  private refuse(error: unknown, records: number): void {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof Failure) this.failure ??= error;
    this.context.drop('unwritable', records);
    try {
      this.context.fault(`the file ${this.context.settings.path} cannot be written: ${why}`, records);
    } catch (thrown) {
      this.failure ??= thrown;
    }
  }
}

export const create: Create<FileSettings> = (context) => new FileSink(context);
