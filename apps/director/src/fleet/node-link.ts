/**
 * The director's own line to the broker: listeners say at the start what they want to hear, dispatch publishes.
 *
 * Guarantee: handlers get only what fits its channel, the messages of one node and channel in order. It connects
 * when the director has its addresses, and again whenever the line is cut.
 */
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  mqttTransport,
  publishTyped,
  subscribeTyped,
  type Address,
  type Origin,
  type Payload,
  type Subscription,
  type Transport,
} from '@millrace/transport';
import type { Channel } from '@millrace/schemas';
import { Addresses } from '../platform/addresses.js';
import { newId } from '../platform/id.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';

/** Nodes whose messages are handled side by side; each takes a connection of the database. */
const CONCURRENCY = 8;
/** A broker that has not agreed to a subscription by then is as good as gone. */
const GRANTED_MS = 5_000;

const notStarted = () => new Error('the link to the broker was not started yet');

@Injectable()
export class NodeLink implements BeforeApplicationShutdown {
  private readonly wishes: ((transport: Transport) => void)[] = [];
  private transport: Transport | undefined;

  constructor(
    private readonly addresses: Addresses,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Before `start`: from now on, every message of this channel of every node. */
  on<C extends Channel>(
    channel: C,
    handler: (payload: Payload<C>, from: Origin) => void | Promise<void>,
  ): void {
    this.wishes.push((transport) => void this.subscribe(transport, {}, channel, handler));
  }

  /** From now on, every message of this channel of one node. Resolves when the broker has agreed. */
  async listen<C extends Channel>(
    from: Address,
    channel: C,
    handler: (payload: Payload<C>, from: Origin) => void | Promise<void>,
  ): Promise<Subscription> {
    if (!this.transport) throw notStarted();
    const subscription = this.subscribe(this.transport, from, channel, handler);
    try {
      await subscription.granted(GRANTED_MS);
    } catch (error) {
      await subscription.close().catch(() => undefined);
      throw error;
    }
    return subscription;
  }

  private subscribe<C extends Channel>(
    transport: Transport,
    from: Partial<Address>,
    channel: C,
    handler: (payload: Payload<C>, from: Origin) => void | Promise<void>,
  ): Subscription {
    return subscribeTyped(transport, from, channel, handler, {
      onInvalid: ({ topic, reason }) => this.log.warn({ topic, err: reason }, 'a message was not understood'),
    });
  }

  /**
   * Once, when it is known where the broker is. Does not wait for the connection. A process that only answers
   * requests has no ear for what nodes say by themselves: another one has.
   */
  start({ deaf = false } = {}): void {
    const { directorMqtt } = this.addresses;
    if (deaf) this.wishes.length = 0;
    this.use(
      mqttTransport({
        ...directorMqtt,
        clientId: `director-${newId()}`,
        concurrency: CONCURRENCY,
        reconnect: { baseMs: 200, capMs: 10_000 },
        onProblem: (failure) => this.log.warn({ err: failure }, 'a message was not handled'),
      }),
    );
  }

  /** The same over any transport. */
  use(transport: Transport): void {
    if (this.transport) throw new Error('the link to the broker was started already');
    this.transport = transport;
    for (const wish of this.wishes) wish(transport);
    transport.connect();
  }

  get connected(): boolean {
    return this.transport?.connected ?? false;
  }

  /** Resolves when the broker has it; rejects with `platform.broker-unavailable`. */
  async publish<C extends Channel>(to: Address, channel: C, payload: Payload<C>): Promise<void> {
    if (!this.transport) throw notStarted();
    await publishTyped(this.transport, to, channel, payload, { whenOffline: 'fail', deadlineMs: 5_000 });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.transport?.close();
  }
}
