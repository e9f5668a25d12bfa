/**
 * Commands to a node, and what it answers: signed, short-lived, matched by id.
 *
 * Guarantee: an answer counts only when it came on the topic of the node that was asked, and only in the
 * process that asked; who is not answered hears of it by a deadline. Nothing is kept: a command that was lost
 * is lost. Never the way to deploy.
 */
import { Injectable } from '@nestjs/common';
import { canonicalBytes } from '@millrace/fleet';
import { Failure, type Command, type Reply } from '@millrace/schemas';
import type { Address, Subscription } from '@millrace/transport';
import { SigningKeys } from '../access/keys.js';
import { Clock } from '../platform/clock.js';
import { newId } from '../platform/id.js';
import { NodeLink } from './node-link.js';

/** A command that comes later than this does nothing. */
const DEADLINE_MS = 10_000;

export type Order = Pick<Command, 'verb' | 'flow' | 'arguments'>;

/** The answers of one node, heard while somebody waits for one. */
interface Line {
  subscription: Promise<Subscription>;
  waiting: Map<string, (reply: Reply) => void>;
}

@Injectable()
export class NodeCommands {
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly link: NodeLink,
    private readonly keys: SigningKeys,
    private readonly clock: Clock,
  ) {}

  /** Sends one and gives its answer. Throws `fleet.node-silent` when none comes. */
  async ask(to: Address, order: Order, withinMs = DEADLINE_MS): Promise<Reply> {
    const id = newId(this.clock.now());
    let answered!: (reply: Reply) => void;
    const answer = new Promise<Reply>((resolve) => (answered = resolve));
    const stop = await this.hear(to, id, answered);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const detail = `The node ${to.node} did not answer "${order.verb}" within ${withinMs / 1000} s. Ask again, or see GET /v1/nodes/${to.node} for when it was last seen.`;
      timer = setTimeout(() => reject(new Failure('fleet.node-silent', detail)), withinMs);
    });
    try {
      return await Promise.race([this.send(to, id, order).then(() => answer), late]);
    } finally {
      clearTimeout(timer);
      late.catch(() => undefined);
      stop();
    }
  }

  /** Every answer of this node with this id, until the function that it gives is called. */
  async hear(from: Address, id: string, then: (reply: Reply) => void): Promise<() => void> {
    const key = `${from.organization}/${from.node}`;
    let line = this.lines.get(key);
    if (line === undefined) {
      const waiting: Line['waiting'] = new Map();
      const hear = (reply: Reply) => waiting.get(reply.id)?.(reply);
      line = { waiting, subscription: this.link.listen(from, 'reply', hear) };
      this.lines.set(key, line);
    }
    const { waiting, subscription } = line;
    waiting.set(id, then);
    const stop = () => {
      waiting.delete(id);
      if (waiting.size > 0 || this.lines.get(key)?.waiting !== waiting) return;
      this.lines.delete(key);
      subscription.then((heard) => heard.close()).catch(() => undefined);
    };
    try {
      await subscription;
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  private async send({ organization, node }: Address, id: string, order: Order): Promise<void> {
    const payload: Command = { id, node, deadline: this.clock.now() + DEADLINE_MS, ...order };
    // As it travels: what has no value is not there.
    const said = JSON.parse(JSON.stringify(payload)) as Command;
    const signature = await this.keys.sign(organization, canonicalBytes(said));
    await this.link.publish({ organization, node }, 'command', { payload: said, signature });
  }
}
