/**
 * Live events of an organization: what the studio and `--follow` watch.
 *
 * Guarantee: a follower gets events in order, and who comes back with the last id it saw gets what it missed,
 * or a `gap` when that is no longer kept. It is a view, not a record: nothing depends on an event arriving.
 */
import { Injectable } from '@nestjs/common';
import type { LiveEvent } from '@millrace/schemas';
import { Clock } from '../clock.js';

/** Events kept an organization for those who come back: a few minutes of a busy fleet. */
const KEPT = 1_000;

export interface LiveMessage {
  type: string;
  subject: string;
  data: unknown;
}

export type Follower = (event: LiveEvent) => void;

interface Topic {
  next: number;
  kept: LiveEvent[];
  followers: Set<Follower>;
}

@Injectable()
export class Live {
  private readonly topics = new Map<string, Topic>();
  /** Passes what happened here to the other processes, where there are any. */
  relay: ((organization: string, message: LiveMessage) => void) | undefined;
  /** Ids from another life of this process are not ours: they begin with another word. */
  private readonly life: string;

  constructor(private readonly clock: Clock) {
    this.life = clock.now().toString(36);
  }

  /** Call it from `tx.afterCommit`, so that nobody hears of what was rolled back. */
  publish(organization: string, message: LiveMessage): void {
    this.deliver(organization, message);
    this.relay?.(organization, message);
  }

  /** To those who follow in this process. */
  deliver(organization: string, message: LiveMessage): void {
    const topic = this.topic(organization);
    const event = { id: `${this.life}-${topic.next++}`, t: this.clock.now(), ...message };
    topic.kept.push(event);
    if (topic.kept.length > KEPT) topic.kept.shift();
    for (const follower of topic.followers) follower(event);
  }

  /** Missed events first, then the new ones. Returns how to stop. */
  follow(organization: string, follower: Follower, lastId?: string): () => void {
    const topic = this.topic(organization);
    if (lastId !== undefined) {
      for (const event of this.missed(topic, lastId)) follower(event);
    }
    topic.followers.add(follower);
    return () => void topic.followers.delete(follower);
  }

  private missed(topic: Topic, lastId: string): LiveEvent[] {
    const [life, number] = lastId.split('-');
    const from = Number(number) + 1;
    const first = topic.next - topic.kept.length;
    if (life === this.life && from >= first && from <= topic.next) return topic.kept.slice(from - first);
    const gap = {
      id: `${this.life}-${first - 1}`,
      t: this.clock.now(),
      type: 'gap',
      subject: '',
      data: null,
    };
    return [gap, ...topic.kept];
  }

  private topic(organization: string): Topic {
    let topic = this.topics.get(organization);
    if (!topic) this.topics.set(organization, (topic = { next: 1, kept: [], followers: new Set() }));
    return topic;
  }
}
