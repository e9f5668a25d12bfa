/**
 * Store and forward: messages that must arrive somewhere that may be away.
 *
 * Guarantee: every message that was made is sent, buffered or dropped, and counted as exactly one of them. What
 * is not acknowledged within SPILL_MS lies on the disk, synced, and outlives the process; a message that the
 * other side acknowledges sooner never touches it. Arrival is at least once. Both memory and disk are bounded.
 */
import { HEAD } from '../../segments.js';
import { SegmentLog } from './log.js';

export interface BacklogSettings {
  maxBytes: number;
  maxAgeMs?: number;
  full: 'dropOldest' | 'reject';
  resend: 'inOrder' | 'liveFirst';
}

/** What the module around it provides. */
export interface Outlet {
  /**
   * Resolves when the other side has acknowledged. Rejects when it should be tried again: with `Away` when the
   * other side is to blame, and with `Refused` when it will never take this message.
   */
  send(payload: Buffer): Promise<void>;
  count(what: 'made' | 'sent' | 'buffered' | 'resumed', n: number): void;
  drop(reason: string, n: number): void;
  /** Messages in memory that are neither acknowledged nor on disk. */
  queued(n: number): void;
  fault(detail: string, n: number): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** The other side takes nothing for a while. No fault of the flow, and none of the message. */
export class Away extends Error {
  constructor(
    message: string,
    readonly retryMs: number,
  ) {
    super(message);
  }
}

/** The other side will not take this message, however often it is sent: it is dropped for the reason. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly reason: string,
  ) {
    super(message);
  }
}

/** What a crash may cost, at most: the messages of so many milliseconds. */
const SPILL_MS = 20;
/** Messages under way at a time; a broker's own window is rarely larger. */
const IN_FLIGHT = 256;
/** One read of the disk: some thousand messages of usual size. */
const READ_BYTES = 256 * 1024;
/** After a refusal the next try waits, so that a broken receiver is not hammered. */
const RETRY_MS = 1000;
const TIMER_MS = 5;

interface Message {
  time: number;
  payload: Buffer;
  /** In the log; 0 while it is only in memory. */
  id: number;
  state: 'waiting' | 'flying' | 'done';
}

export class Backlog {
  private log: SegmentLog | undefined;
  private opening: Promise<void> | undefined;
  /** Made and not yet written to the log; in order. */
  private fresh: Message[] = [];
  private freshBytes = 0;
  /** How many at the front of `fresh` have been looked at by the sender. */
  private offered = 0;
  /** Read from the log and not yet sent. */
  private stored: Message[] = [];
  private readonly flying = new Map<number, Message>();
  private inFlight = 0;
  private connected = false;
  private reading = false;
  private spilling: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pausedUntil = 0;
  private closed = false;
  private moved: (() => void)[] = [];

  constructor(
    private readonly folder: string,
    private readonly settings: BacklogSettings,
    private readonly outlet: Outlet,
  ) {}

  /** Opens what an earlier run left. Safe to call again. */
  open(): Promise<void> {
    return (this.opening ??= this.load().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    }));
  }

  /** Messages that are neither sent nor dropped. */
  get size(): number {
    return (this.log?.count ?? 0) + this.fresh.reduce((n, { state }) => n + (state === 'done' ? 0 : 1), 0);
  }

  /** Takes a message. Synchronous: it is bounded by what `queued` holds back. */
  offer(payload: Buffer): void {
    const { outlet, settings } = this;
    outlet.count('made', 1);
    if (
      settings.full === 'reject' &&
      this.freshBytes + (this.log?.bytes ?? 0) + HEAD + payload.length > settings.maxBytes
    ) {
      outlet.drop('buffer-full', 1);
      return;
    }
    outlet.count('buffered', 1);
    this.fresh.push({ time: outlet.now(), payload, id: 0, state: 'waiting' });
    this.freshBytes += HEAD + payload.length;
    this.arm();
    this.report();
    this.pump();
  }

  /** Whether the other side can be spoken to now. */
  online(connected: boolean): void {
    this.connected = connected;
    this.pump();
  }

  /** Puts on disk whatever is only in memory. Resolves when it is there, or was dropped and counted. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      await this.open();
    } catch (error) {
      this.lose(this.fresh, error);
      return;
    }
    while (this.spilling !== undefined) await this.spilling;
    await (this.spilling = this.spill().finally(() => (this.spilling = undefined)));
    this.pump();
  }

  /** Waits while messages leave; when none has for `patienceMs`, what is left is put on disk. */
  async drain(patienceMs: number): Promise<void> {
    await this.open().catch(() => undefined);
    while (this.size > 0 && this.connected) {
      this.pump();
      const progress = new Promise<boolean>((resolve) => this.moved.push(() => resolve(true)));
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), patienceMs);
      });
      const went = await Promise.race([progress, patience]);
      clearTimeout(timer);
      if (!went) break;
    }
    await this.flush();
  }

  async close(): Promise<void> {
    this.connected = false;
    if (this.opening !== undefined) await this.flush();
    this.closed = true;
    clearTimeout(this.timer);
    await this.log?.close();
  }

  private async load(): Promise<void> {
    const { maxBytes } = this.settings;
    // Eight segments: what `dropOldest` gives up at once is an eighth of the whole.
    const segment = Math.min(8 * 1024 * 1024, Math.max(4096, Math.floor(maxBytes / 8)));
    const log = await SegmentLog.open(this.folder, segment);
    this.log = log;
    if (log.count > 0) {
      this.outlet.count('resumed', log.count);
      this.outlet.count('made', log.count);
      this.outlet.count('buffered', log.count);
    }
    this.pump();
  }

  private pump(): void {
    const now = this.outlet.now();
    while (!this.closed && this.connected && this.inFlight < IN_FLIGHT && now >= this.pausedUntil) {
      const message = this.next();
      if (message === undefined) break;
      if (this.settings.maxAgeMs !== undefined && now - message.time > this.settings.maxAgeMs) {
        this.finish(message, 'too-old');
      } else this.send(message);
    }
  }

  /** In order, what lies on disk goes first and fresh messages follow it there; else fresh ones go first. */
  private next(): Message | undefined {
    if (this.log === undefined) return undefined;
    if (this.settings.resend === 'liveFirst') return this.nextFresh() ?? this.nextStored();
    const behind = this.stored.length > 0 || this.reading || this.log.unread || this.spilling !== undefined;
    return behind ? this.nextStored() : this.nextFresh();
  }

  private nextFresh(): Message | undefined {
    while (this.offered < this.fresh.length) {
      const message = this.fresh[this.offered++];
      if (message.state === 'waiting') return message;
    }
    return undefined;
  }

  private nextStored(): Message | undefined {
    const message = this.stored.shift();
    if (message === undefined && !this.reading && this.log!.unread) {
      this.reading = true;
      void this.fetch().finally(() => {
        this.reading = false;
        this.pump();
      });
    }
    return message;
  }

  private async fetch(): Promise<void> {
    try {
      for (const { id, time, payload } of await this.log!.read(READ_BYTES)) {
        if (!this.flying.has(id)) this.stored.push({ id, time, payload, state: 'waiting' });
      }
    } catch (error) {
      this.pausedUntil = this.outlet.now() + RETRY_MS;
      this.outlet.fault(`the buffer cannot be read: ${reasonOf(error)}`, 0);
    }
  }

  private send(message: Message): void {
    message.state = 'flying';
    this.inFlight++;
    if (message.id > 0) this.flying.set(message.id, message);
    this.outlet.send(message.payload).then(
      () => {
        this.inFlight--;
        this.finish(message, null);
        this.pump();
      },
      (error: unknown) => {
        this.inFlight--;
        if (error instanceof Refused) {
          this.finish(message, error.reason);
          this.pump();
          return;
        }
        this.flying.delete(message.id);
        message.state = 'waiting';
        if (this.closed) return;
        const retryMs = error instanceof Away ? error.retryMs : RETRY_MS;
        this.pausedUntil = this.outlet.now() + retryMs;
        // It has its place in the order again: at the front of memory, or of the disk.
        if (message.id > 0) {
          this.stored = [];
          this.log!.rewind();
        } else this.offered = Math.min(this.offered, this.fresh.indexOf(message));
        if (!(error instanceof Away)) this.outlet.fault(`a message was not taken: ${reasonOf(error)}`, 0);
        // A timer may be a little ahead of the wall clock.
        setTimeout(() => this.pump(), retryMs + TIMER_MS).unref();
      },
    );
  }

  /** Sent, or dropped for a reason. */
  private finish(message: Message, reason: string | null): void {
    const flew = message.state === 'flying';
    message.state = 'done';
    const known = message.id === 0 || this.flying.delete(message.id) || !flew;
    if (message.id > 0) void this.log!.done(message.id).catch(() => undefined);
    // A segment that was dropped took its flying messages along: they are counted already.
    if (known) {
      this.outlet.count('buffered', -1);
      if (reason === null) this.outlet.count('sent', 1);
      else this.outlet.drop(reason, 1);
    }
    if (message.id === 0) this.sweep();
    for (const resolve of this.moved.splice(0)) resolve();
  }

  /** Forgets what is done at the front of memory. */
  private sweep(): void {
    let n = 0;
    while (n < this.fresh.length && this.fresh[n].state === 'done')
      this.freshBytes -= HEAD + this.fresh[n++].payload.length;
    if (n === 0) return;
    this.fresh.splice(0, n);
    this.offered = Math.max(0, this.offered - n);
    this.report();
  }

  private async spill(): Promise<void> {
    const log = this.log!;
    const messages = this.fresh.filter(({ state }) => state !== 'done');
    if (messages.length === 0) return;
    try {
      const first = await log.append(messages);
      messages.forEach((message, i) => {
        message.id = first + i;
        if (message.state === 'flying') this.flying.set(message.id, message);
        else if (message.state === 'done') void log.done(message.id).catch(() => undefined);
      });
      this.forget(messages);
      await this.bound(log);
    } catch (error) {
      this.lose(messages, error);
    }
  }

  /** What can be kept nowhere. What is under way may still arrive. */
  private lose(messages: readonly Message[], error: unknown): void {
    const lost = messages.filter(({ state }) => state === 'waiting');
    for (const message of lost) message.state = 'done';
    this.outlet.count('buffered', -lost.length);
    this.outlet.drop('unwritable', lost.length);
    this.outlet.fault(`the buffer in ${this.folder} cannot be written: ${reasonOf(error)}`, lost.length);
    this.sweep();
  }

  /** While the other side answers quickly the disk is left alone; else all goes there together. */
  private arm(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const oldest = this.fresh.find(({ state }) => state !== 'done');
      if (oldest === undefined) return;
      if (this.connected && this.outlet.now() - oldest.time < SPILL_MS) this.arm();
      else void this.flush();
    }, SPILL_MS);
  }

  /** Messages that lie on disk leave memory; those that were made meanwhile stay. */
  private forget(messages: readonly Message[]): void {
    const gone = new Set(messages);
    const stays = (message: Message): boolean => !gone.has(message) && message.state !== 'done';
    this.offered = this.fresh.slice(0, this.offered).filter(stays).length;
    this.fresh = this.fresh.filter(stays);
    this.freshBytes = this.fresh.reduce((sum, { payload }) => sum + HEAD + payload.length, 0);
    if (this.fresh.length > 0) this.arm();
    this.report();
  }

  private async bound(log: SegmentLog): Promise<void> {
    if (this.settings.full === 'reject') return;
    while (log.bytes > this.settings.maxBytes && log.count > 0) {
      const lost = await log.dropOldest();
      this.outlet.count('buffered', -lost);
      this.outlet.drop('buffer-full', lost);
      this.stored = [];
      log.rewind();
      const first = log.first;
      for (const id of this.flying.keys()) if (id < first) this.flying.delete(id);
      for (const resolve of this.moved.splice(0)) resolve();
    }
  }

  private report(): void {
    this.outlet.queued(this.fresh.length);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
