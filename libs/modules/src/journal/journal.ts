/**
 * The journal of a flow: what its sources took, on disk before they acknowledge it, and handed to them in that order.
 *
 * Guarantee: what `append` has resolved for reaches the flow, over kills and power cuts too, in the order in which
 * it was written, and exactly once as far as the flow's saved state tells. One journal serves all sources of a run,
 * with one fsync for all that wait. What the flow has behind it stays as a recording, as long as `maxBytes` allows;
 * what it has not is never given up: then nothing more is taken.
 */
import path from 'node:path';
import { BATCH_ROWS, type ModuleContext } from '@millrace/engine';
import { Segments, type Cursor } from '../segments.js';
import { decodeTaken, encodeTaken, type Entry, type Taken } from './entry.js';

export interface Member {
  readonly context: ModuleContext;
  readonly maxBytes: number;
  /** Emits the records of a few entries, all of one arrival or close to it. */
  take(entries: readonly Entry[]): void;
  /** Up to this id the state has what this source took; undefined without a state. Set before `open`. */
  through: number | undefined;
}

interface Waiting {
  taken: Taken;
  resolve(): void;
}

/** The folder below a flow's own. */
export const JOURNAL = 'journal';
/** What is on disk and waits for the flow is kept in memory up to this; beyond it, it is read again. */
const READY_ENTRIES = 4096;
const READY_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
/** The tail is read at every start, so a segment must not be large. */
const MOST_SEGMENT_BYTES = 4 * 1024 * 1024;
const SEGMENTS = 8;
/** A disk that could not be written to is tried again so often. */
const RETRY_MS = 1000;
const BROKEN = {
  unwritable: 'cannot be written, and nothing is acknowledged',
  unreadable: 'cannot be read, and the flow gets nothing',
};

export class Journal {
  private readonly members = new Map<string, Member>();
  private readonly started = new Set<Member>();
  private readonly left = new Set<Member>();
  private segments: Segments | undefined;
  private segmentBytes = MOST_SEGMENT_BYTES;
  private opening: Promise<void> | undefined;
  private pending: Waiting[] = [];
  private writing: Promise<void> | undefined;
  /** On disk, not yet with the flow: those that the cursor has passed. */
  private ready: Entry[] = [];
  private readyBytes = 0;
  private readonly cursor: Cursor = { id: 1, file: '', offset: 0 };
  private handing: Promise<void> | undefined;
  /** The last entry that the flow has, that the state had which was saved last, and that the one on disk has. */
  private delivered = 0;
  /** Ids from here on were taken by this run. */
  private begun = 1;
  private savedThrough = 0;
  private covered = 0;
  private stopping = false;
  private tellStopped!: () => void;
  private readonly stopped = new Promise<void>((resolve) => (this.tellStopped = resolve));
  private isBehind = false;
  /** What was told already of the disk. */
  private readonly broken = new Set<keyof typeof BROKEN>();
  private moved: (() => void)[] = [];

  constructor(private readonly folder: string) {}

  /** Before the run starts. */
  join(member: Member): void {
    this.members.set(member.context.id, member);
  }

  /** Opens the files, which an older version of the flow may have had until now. Nothing is handed over yet. */
  open(): Promise<void> {
    return (this.opening ??= this.load());
  }

  /** From now on this member gets entries. The first one begins with what the saved state lacks. */
  start(member: Member): void {
    this.started.add(member);
    this.hand();
  }

  /** The last entries of a source, so that it knows again what comes twice: so many, or all that there are. */
  async tail(module: string, count: number): Promise<Entry[]> {
    await this.open();
    const { files } = this.segments!;
    let found: Entry[] = [];
    for (let i = files.length - 1; i >= 0 && found.length < count; i--) {
      found = (await this.entriesIn(files[i])).filter((entry) => entry.module === module).concat(found);
    }
    return found.slice(-count);
  }

  private async entriesIn({ first, last }: { first: number; last: number }): Promise<Entry[]> {
    const cursor = { id: first, file: '', offset: 0 };
    const found: Entry[] = [];
    while (cursor.id < last) found.push(...(await this.segments!.read(cursor, READ_BYTES)).map(decodeTaken));
    return found;
  }

  /** Resolves when it is on the disk. Never, when the journal is closed before: then it was not taken. */
  append(member: Member, taken: Taken): Promise<void> {
    return new Promise((resolve) => {
      if (this.stopping) return;
      this.pending.push({ taken, resolve });
      member.context.count('waiting', 1);
      this.write();
    });
  }

  /** Up to which id the flow has what a source took: its position, to be saved. */
  save({ through = 0 }: Member): number {
    this.savedThrough = this.delivered;
    return Math.max(through, this.delivered);
  }

  saved(): void {
    this.covered = Math.max(this.covered, this.savedThrough);
    this.wake();
  }

  /** When the last member stops, what is on the disk goes on to the flow, as far as that takes it. */
  async stop(member: Member): Promise<void> {
    this.left.add(member);
    if (this.left.size < this.members.size || this.segments === undefined) return;
    this.stopping = true;
    this.tellStopped();
    this.wake();
    await this.writing;
    await this.handing;
    do await this.readOn();
    while (member.context.gate.open && this.handSome());
    await this.segments.close();
  }

  private async load(): Promise<void> {
    const members = [...this.members.values()];
    const bytes = members.reduce((sum, { maxBytes }) => sum + maxBytes, 0);
    this.segmentBytes = Math.min(MOST_SEGMENT_BYTES, Math.floor(bytes / SEGMENTS));
    const segments = await Segments.open(path.join(this.folder, JOURNAL), this.segmentBytes);
    const end = segments.next - 1;
    // A source that has no state begins here: what lies before was another one's, or another version's.
    for (const member of members) member.through = Math.min(member.through ?? end, end);
    this.delivered = this.covered = Math.min(...members.map(({ through }) => through!));
    this.begun = segments.next;
    this.cursor.id = this.delivered + 1;
    this.segments = segments;
    if (this.cursor.id < segments.next) this.behind(true);
  }

  private write(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      if (this.pending.length > 0 && !this.stopping) this.write();
    });
  }

  private async writeAll(): Promise<void> {
    await this.open();
    while (this.pending.length > 0) {
      await this.makeRoom();
      if (this.stopping) return;
      const group = this.nextGroup();
      let first: number;
      try {
        first = await this.segments!.append(
          group.map(({ taken }) => ({ time: taken.at, payload: encodeTaken(taken) })),
        );
      } catch (error) {
        this.pending = group.concat(this.pending);
        this.tellBroken('unwritable', error);
        await this.move(RETRY_MS);
        continue;
      }
      this.broken.delete('unwritable');
      this.remember(group, first);
      for (const { resolve } of group) resolve();
      this.hand();
    }
  }

  /** What waits, up to about a segment. */
  private nextGroup(): Waiting[] {
    const { pending, segmentBytes } = this;
    let n = 0;
    for (let bytes = 0; n < pending.length && bytes < segmentBytes; n++)
      bytes += pending[n].taken.payload.length;
    return pending.splice(0, n);
  }

  /** What was written is handed over from memory, unless the flow is so far behind that it must be read again. */
  private remember(group: readonly Waiting[], first: number): void {
    if (this.cursor.id !== first || this.ready.length >= READY_ENTRIES || this.readyBytes >= READY_BYTES) {
      this.behind(true);
      return;
    }
    group.forEach(({ taken }, i) => this.ready.push({ ...taken, id: first + i }));
    this.readyBytes += group.reduce((sum, { taken }) => sum + taken.payload.length, 0);
    Object.assign(this.cursor, { id: first + group.length, file: '', offset: 0 });
  }

  private hand(): void {
    if (this.stopping || this.started.size < this.members.size) return;
    this.handing ??= this.handAll().finally(() => {
      this.handing = undefined;
      if (this.waiting) this.hand();
    });
  }

  /** Whether something is on the disk that the flow does not have. */
  private get waiting(): boolean {
    return this.ready.length > 0 || this.cursor.id < this.segments!.next;
  }

  private async handAll(): Promise<void> {
    const [{ context }] = this.members.values();
    const { gate } = context;
    while (!this.stopping && this.waiting) {
      if (!gate.open) await Promise.race([gate.wait(), this.stopped]);
      if (this.stopping) return;
      try {
        await this.readOn();
      } catch (error) {
        this.tellBroken('unreadable', error);
        await this.move(RETRY_MS);
        continue;
      }
      this.broken.delete('unreadable');
      if (!this.handSome()) return;
    }
  }

  /** When nothing is ready, what lies on the disk. */
  private async readOn(): Promise<void> {
    if (this.ready.length > 0) return;
    const read = (await this.segments!.read(this.cursor, READ_BYTES)).map(decodeTaken);
    // What was written meanwhile stands behind it.
    this.ready.unshift(...read);
    for (const { payload } of read) this.readyBytes += payload.length;
  }

  /** Hands a few of the ready entries over; false when there is none. */
  private handSome(): boolean {
    const n = this.runLength();
    if (n === 0) {
      this.behind(false);
      return false;
    }
    const entries = this.ready.splice(0, n);
    for (const { payload } of entries) this.readyBytes -= payload.length;
    this.delivered = entries[n - 1].id;
    this.give(entries);
    if (this.ready.length === 0 && this.cursor.id >= this.segments!.next) this.behind(false);
    this.wake();
    return true;
  }

  /** How many of the next entries came to one source in one millisecond: they are one batch whenever they are read. */
  private runLength(): number {
    const { ready } = this;
    const most = Math.min(ready.length, BATCH_ROWS);
    let n = 0;
    while (n < most && belongTogether(ready[0], ready[n])) n++;
    return n;
  }

  /** To the source that took them, as far as its state lacks them. */
  private give(entries: Entry[]): void {
    const member = this.members.get(entries[0].module);
    if (member === undefined) return;
    const lacking = entries.filter(({ id }) => id > member.through!);
    if (lacking.length === 0) return;
    const replayed = lacking.filter(({ id }) => id < this.begun).length;
    if (replayed > 0) member.context.count('replayed', replayed);
    member.context.count('waiting', replayed - lacking.length);
    member.take(lacking);
  }

  private behind(on: boolean): void {
    if (on === this.isBehind) return;
    this.isBehind = on;
    for (const { context } of this.members.values()) context.catchingUp(on);
  }

  /** The oldest segments give way. Waits while the flow does not even have the oldest. */
  private async makeRoom(): Promise<void> {
    const segments = this.segments!;
    const limit = [...this.members.values()].reduce((sum, { maxBytes }) => sum + maxBytes, 0);
    while (segments.bytes >= limit && segments.files.length > 1 && !this.stopping) {
      const { last } = segments.files[0];
      if (last - 1 > this.delivered) {
        await this.move(RETRY_MS);
        continue;
      }
      // The flow has it, its saved state does not: a crash now would lose what it made of this.
      if (last - 1 > this.covered) this.count('uncovered', last - 1 - this.covered);
      this.covered = Math.max(this.covered, last - 1);
      await segments.dropFirst();
    }
  }

  private count(what: string, n: number): void {
    const [{ context }] = this.members.values();
    context.count(what, n);
  }

  /** Counted each time, said once until it works again. */
  private tellBroken(what: keyof typeof BROKEN, error: unknown): void {
    const [{ context }] = this.members.values();
    context.count(what, 1);
    if (this.broken.has(what)) return;
    this.broken.add(what);
    const why = error instanceof Error ? error.message : String(error);
    context.log('error', `the journal ${BROKEN[what]} until it can; it is tried again every second: ${why}`);
  }

  /** Until something moved, or the time is over. */
  private move(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.moved.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private wake(): void {
    for (const resolve of this.moved.splice(0)) resolve();
  }
}

const belongTogether = (a: Entry, b: Entry): boolean => a.module === b.module && a.at === b.at;

const journals = new WeakMap<object, Journal>();

/** The journal of one run; all its modules have the gate in common, and no other run has it. */
export function journalOf({ gate, host }: ModuleContext<unknown>): Journal {
  let journal = journals.get(gate);
  if (journal === undefined) journals.set(gate, (journal = new Journal(host.workFolder)));
  return journal;
}
