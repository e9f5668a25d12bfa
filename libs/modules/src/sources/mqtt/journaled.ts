/**
 * Messages by way of the flow's journal: on disk before they are acknowledged, and only then in the flow.
 *
 * Guarantee: a message that the broker sends again, since an acknowledgement was lost with a connection or a process,
 * is known by its number in the session and its content, and comes into the flow once.
 */
import { crc32 } from 'node:zlib';
import type { ModuleContext } from '@millrace/engine';
import type { Message, Taken as Acknowledged } from '@millrace/transport';
import { journalOf, type Journal, type Member } from '../../journal/journal.js';
import type { Entry } from '../../journal/entry.js';
import type { Arrived } from './payloads.js';

/** As many as may lie between broker and journal; the broker sends no older ones again. */
const RECENT = 4096;

interface Recent {
  sum: number;
  safe: Promise<void>;
}

export class JournaledMessages implements Member {
  readonly journal: Journal;
  through: number | undefined;
  /** By the number in the session, the oldest first. */
  private readonly recent = new Map<number, Recent>();

  constructor(
    readonly context: ModuleContext,
    readonly maxBytes: number,
    private readonly read: (messages: readonly Arrived[]) => void,
  ) {
    this.journal = journalOf(context);
    this.journal.join(this);
  }

  async open(): Promise<void> {
    await this.journal.open();
    const safe = Promise.resolve();
    for (const { packet, topic, payload } of await this.journal.tail(this.context.id, RECENT)) {
      this.know(packet, { sum: sumOf(topic, payload), safe });
    }
  }

  start(): void {
    this.journal.start(this);
  }

  stop(): Promise<void> {
    return this.journal.stop(this);
  }

  save(): number {
    return this.journal.save(this);
  }

  load(through: number): void {
    this.through = through;
  }

  saved(): void {
    this.journal.saved();
  }

  /** The broker is answered when the message is on the disk. */
  arrive({ topic, payload, packet, duplicate }: Message, at: number): Acknowledged {
    const sum = sumOf(topic, payload);
    if (duplicate) {
      const known = this.recent.get(packet);
      if (known?.sum === sum) {
        this.context.count('redelivered');
        return known;
      }
    }
    const { context } = this;
    const safe = this.journal.append(this, { module: context.id, topic, payload, packet, at });
    this.know(packet, { sum, safe });
    return { safe };
  }

  take(entries: readonly Entry[]): void {
    this.read(entries);
  }

  /** Messages of QoS 0 have no number, and never come twice. */
  private know(packet: number, recent: Recent): void {
    if (packet === 0) return;
    this.recent.delete(packet);
    this.recent.set(packet, recent);
    if (this.recent.size > RECENT) this.recent.delete(this.recent.keys().next().value!);
  }
}

const sumOf = (topic: string, payload: Uint8Array): number => crc32(payload, crc32(topic));
