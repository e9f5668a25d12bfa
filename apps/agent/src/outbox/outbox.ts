/**
 * The outbox of one channel: what flows say to the director, kept on disk until it is acknowledged.
 *
 * Guarantees: `add` resolves when the message is on the disk (one fsync for all that wait); numbers rise by one
 * for ever, over restarts too; nothing is forgotten but what was acknowledged or dropped, and what was dropped
 * is counted: made = sent + buffered + dropped. Records of a series are kept once, however often they are added.
 * Bounded in bytes and in age; the oldest goes first. It sends nothing itself: see sender.ts.
 */
import { open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isFull, makeFolder, readJson, syncFolder, writeAtomically } from '@millrace/blobs';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';
import { encode, firstOf, openSegment, readSegment, segmentName, type Segment } from './segment.js';

export interface Entry<Message> {
  number: number;
  /** Epoch milliseconds at which it was made. */
  at: number;
  message: Message;
}

export interface OutboxCounts {
  made: number;
  sent: number;
  buffered: number;
  dropped: number;
}

export interface Outbox<Message> {
  /** `make` gets the number that the message will have. Resolves with it. */
  add(make: (number: number) => Message): Promise<number>;
  /** The same of records that may be here already: `make` leaves out the first `known`. 0 when all are known. */
  addOnce(records: Placed, make: (number: number, known: number) => Message): Promise<number>;
  /** The oldest that are not acknowledged, from a number on, in order. */
  read(from: number, most: number): Promise<Entry<Message>[]>;
  /** Everything up to this number has been committed by the director. */
  acknowledge(through: number): Promise<void>;
  /** Drops, and counts, what is older than allowed. */
  expire(): Promise<void>;
  counts(): OutboxCounts;
  /** Number of the oldest that waits, or of the next one to be made. */
  readonly oldest: number;
  close(): Promise<void>;
}

/** `count` records of a series, behind `before` others. */
export interface Placed {
  series: string;
  before: number;
  count: number;
}

export interface OutboxOptions {
  maxBytes: number;
  maxAgeMs: number;
  now(): number;
  /** Something waits that did not before. */
  onAdded?(): void;
}

/** All that is not in the segments: what was acknowledged, what was dropped, and how far each series was kept. */
const Stored = z.object({
  acknowledged: z.number(),
  sent: z.number(),
  dropped: z.number(),
  series: z.array(z.tuple([z.string(), z.number()])).optional(),
});
/** A message of a series says how far it is kept with it. */
const InSeries = z.object({ series: z.tuple([z.string(), z.number()]) });
/** Sinks that ended without a crash never come back to theirs, so old ones go. */
const MOST_SERIES = 256;

/** The bound is kept by whole segments, so each is a small part of it. */
const SEGMENTS = 16;

export async function openOutbox<Message>(folder: string, options: OutboxOptions): Promise<Outbox<Message>> {
  const { maxBytes, maxAgeMs, now } = options;
  const segmentBytes = Math.max(4_096, Math.floor(maxBytes / SEGMENTS));
  const statePath = join(folder, 'state.json');
  await makeFolder(folder);
  const stored = Stored.safeParse(await readJson(statePath));
  let { acknowledged, sent, dropped } = stored.data ?? { acknowledged: 0, sent: 0, dropped: 0 };
  /** How many records of a series are kept, the one that was added to last at the end. */
  const series = new Map(stored.data?.series);
  const segments = await readSegments(folder);
  for (const segment of segments) {
    for (const message of await readSegment(segment)) {
      const placed = InSeries.safeParse(message);
      if (placed.success) advance(...placed.data.series);
    }
  }
  if (segments.length === 0) segments.push(await makeSegment(folder, acknowledged + 1));
  let next = segments.at(-1)!.first + segments.at(-1)!.count;
  let file: FileHandle | undefined;
  let cached: { path: string; count: number; messages: Entry<Message>[] } | undefined;
  interface Waiting {
    at: number;
    make(number: number, known: number): Message;
    placed: Placed | undefined;
    resolve(number: number): void;
    reject(error: unknown): void;
  }
  let waiting: Waiting[] = [];
  /** All that changes files happens one after the other. */
  let work: Promise<unknown> = Promise.resolve();
  const then = <T>(task: () => Promise<T>): Promise<T> => {
    const result = work.then(task);
    work = result.catch(() => undefined);
    return result;
  };

  const oldest = () => Math.max(acknowledged + 1, segments[0]!.first);
  /** How many messages with a number from `from` to `to` are on the disk. */
  const held = (from: number, to: number) =>
    segments.reduce(
      (sum, { first, count }) =>
        sum + Math.max(0, Math.min(to, first + count - 1) - Math.max(from, first) + 1),
      0,
    );
  const buffered = () => held(acknowledged + 1, next - 1);

  // A kill between two writes leaves numbers that are neither on the disk nor counted: they were dropped.
  dropped = Math.max(dropped, next - 1 - sent - buffered());

  function advance(name: string, through: number): void {
    const most = Math.max(through, series.get(name) ?? 0);
    series.delete(name);
    series.set(name, most);
    if (series.size > MOST_SERIES) series.delete(series.keys().next().value!);
  }

  /** Takes out what is kept already, also by a message that waits before it, and says how much of each that is. */
  function takeNew(all: readonly Waiting[]): (Waiting & { known: number })[] {
    const through = new Map(series);
    return all.flatMap((one) => {
      if (one.placed === undefined) return [{ ...one, known: 0 }];
      const { series: name, before, count } = one.placed;
      const known = Math.max(0, (through.get(name) ?? 0) - before);
      if (known >= count) {
        one.resolve(0);
        return [];
      }
      through.set(name, before + count);
      return [{ ...one, known }];
    });
  }

  async function writeWaiting(): Promise<void> {
    const taken = takeNew(waiting);
    waiting = [];
    if (taken.length === 0) return;
    const first = next;
    const lines = taken.map(({ make, at, placed, known }, index) => {
      const message = make(first + index, known);
      return encode(
        placed === undefined
          ? { at, message }
          : { at, message, series: [placed.series, placed.before + placed.count] },
      );
    });
    const bytes = Buffer.concat(lines);
    try {
      await makeRoom(bytes.length);
      await append(bytes, taken.length, taken.at(-1)!.at);
    } catch (error) {
      for (const { reject } of taken) reject(error);
      return;
    }
    next += taken.length;
    for (const { placed } of taken)
      if (placed !== undefined) advance(placed.series, placed.before + placed.count);
    taken.forEach(({ resolve }, index) => resolve(first + index));
    options.onAdded?.();
  }

  async function append(bytes: Buffer, count: number, at: number): Promise<void> {
    const last = segments.at(-1)!;
    file ??= await open(last.path, 'a');
    try {
      await file.appendFile(bytes);
      await file.sync();
    } catch (error) {
      await file.truncate(last.bytes).catch(() => undefined);
      await file.close().catch(() => undefined);
      file = undefined;
      if (!isFull(error)) throw error;
      throw new Failure(
        'platform.no-space',
        `The disk is full, so ${count} messages for the director could not be kept in ${folder}. Make room; later ones are kept again.`,
        { cause: error },
      );
    }
    last.count += count;
    last.bytes += bytes.length;
    last.newestAt = at;
  }

  /** A new segment when the last is full; the oldest go when all together would be too much. */
  async function makeRoom(bytes: number): Promise<void> {
    if (segments.at(-1)!.bytes >= segmentBytes) await beginSegment();
    const total = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);
    while (segments.length > 1 && total() + bytes > maxBytes) await dropFirst();
  }

  async function beginSegment(): Promise<void> {
    await file?.close();
    file = undefined;
    segments.push(await makeSegment(folder, next));
  }

  async function dropFirst(): Promise<void> {
    const segment = segments[0]!;
    // A kill between the removal and the count is found at the next start.
    dropped += Math.max(0, segment.first + segment.count - Math.max(segment.first, acknowledged + 1));
    await removeFirst();
    await save();
  }

  async function removeFirst(): Promise<void> {
    const segment = segments.shift()!;
    await rm(segment.path, { force: true });
    await syncFolder(folder);
  }

  const save = () =>
    writeAtomically(statePath, JSON.stringify({ acknowledged, sent, dropped, series: [...series] }));

  async function entriesOf(segment: Segment): Promise<Entry<Message>[]> {
    if (cached?.path !== segment.path || cached.count !== segment.count) {
      const messages = (await readSegment(segment)).slice(0, segment.count) as {
        at: number;
        message: Message;
      }[];
      cached = {
        path: segment.path,
        count: segment.count,
        messages: messages.map(({ at, message }, index) => ({ number: segment.first + index, at, message })),
      };
    }
    return cached.messages;
  }

  function put(make: Waiting['make'], placed?: Placed): Promise<number> {
    return new Promise((resolve, reject) => {
      waiting.push({ make, placed, resolve, reject, at: now() });
      if (waiting.length === 1) void then(writeWaiting);
    });
  }

  return {
    add: (make) => put(make),
    addOnce: (placed, make) => put(make, placed),

    read: (from, most) =>
      then(async () => {
        const found: Entry<Message>[] = [];
        const start = Math.max(from, oldest());
        for (const segment of segments) {
          if (segment.first + segment.count <= start) continue;
          for (const entry of await entriesOf(segment)) {
            if (entry.number >= start && found.length < most) found.push(entry);
          }
          if (found.length >= most) break;
        }
        return found;
      }),

    acknowledge: (through) =>
      then(async () => {
        // What was never made cannot have been committed: a wrong ack must not swallow later messages.
        const end = Math.min(through, next - 1);
        if (end < oldest()) return;
        sent += held(acknowledged + 1, end);
        acknowledged = end;
        await save();
        if (acknowledged === next - 1 && segments.at(-1)!.count > 0) await beginSegment();
        while (segments.length > 1 && segments[0]!.first + segments[0]!.count - 1 <= acknowledged)
          await removeFirst();
      }),

    expire: () =>
      then(async () => {
        const limit = now() - maxAgeMs;
        const last = segments.at(-1)!;
        if (last.count > 0 && last.newestAt < limit) await beginSegment();
        while (segments.length > 1 && segments[0]!.newestAt < limit) await dropFirst();
      }),

    counts: () => ({ made: next - 1, sent, buffered: buffered(), dropped }),
    get oldest() {
      return oldest();
    },
    close: () =>
      then(async () => {
        await writeWaiting();
        await file?.close();
        file = undefined;
      }),
  };
}

async function readSegments(folder: string): Promise<Segment[]> {
  const found: Segment[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const first = firstOf(name);
    if (first !== undefined) found.push(await openSegment(folder, name, first));
  }
  return found;
}

/** An empty file of this name is what keeps the numbers rising when all else has been forgotten. */
async function makeSegment(folder: string, first: number): Promise<Segment> {
  const path = join(folder, segmentName(first));
  const file = await open(path, 'a');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
  return { first, count: 0, bytes: 0, path, newestAt: 0 };
}
