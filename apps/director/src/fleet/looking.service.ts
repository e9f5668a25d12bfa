/**
 * Looking at what a node runs: live frames of a flow, its logs, and a new start.
 *
 * Guarantee: several who watch one flow of a node in this process share one tap of it; what is asked of a node
 * that is not there is refused with a way out. What nodes answer is shown, never acted upon.
 */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  Failure,
  NodeLogs,
  NodeRecording,
  type LogsQuery,
  type RecordingQuery,
  type Reply,
} from '@millrace/schemas';
import type { z } from 'zod';
import type { Address } from '@millrace/transport';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Database } from '../platform/database/database.js';
import type { Caller } from '../platform/http/request.js';
import { newId } from '../platform/id.js';
import { Live } from '../platform/live/live.js';
import { NodeCommands, type Order } from './commands.js';
import { Reach } from './reach.js';
import { NodesStore, type NodeRow } from './nodes.store.js';
import { SharedTap, type Standing, type Watcher } from './tap.js';

/** Watchers of one organization in this process; each costs its part of a broker's and a node's line. */
const WATCHERS = 100;

export interface Looked {
  /** By id or name. */
  node: string;
  flow: string;
  /** Absent: all. */
  modules?: ReadonlySet<string>;
}

type Watch = (see: Watcher['see']) => () => void;

@Injectable()
export class LookingService implements OnModuleDestroy {
  /** A flow may drain for ten seconds before it is started again. */
  restartWithinMs = 20_000;
  private readonly taps = new Map<string, SharedTap>();
  private readonly watching = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly commands: NodeCommands,
    private readonly reach: Reach,
    private readonly live: Live,
    private readonly audit: Audit,
  ) {}

  /** Gives how to begin, once it is sure that there is something to watch. */
  async watch(who: Principal, { node, flow, modules }: Looked): Promise<Watch> {
    const { organization } = who;
    const row = await this.found(organization, node);
    if ((this.watching.get(organization) ?? 0) >= WATCHERS) {
      throw new Failure(
        'fleet.too-many-watchers',
        `${WATCHERS} live views of flows are open in this organization. Close one and open this again.`,
      );
    }
    return (see) => {
      this.count(organization, 1);
      const watcher: Watcher = { modules, see };
      const tap = this.join({ organization, node: row.id }, flow, watcher);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        tap.leave(watcher);
        this.count(organization, -1);
      };
    };
  }

  async logs(who: Principal, node: string, { flow, since }: LogsQuery): Promise<NodeLogs> {
    return this.answer(NodeLogs, who, node, { verb: 'logs', flow, arguments: { since } });
  }

  recording(
    who: Principal,
    node: string,
    flow: string,
    { module, after = 0 }: RecordingQuery,
  ): Promise<NodeRecording> {
    return this.answer(NodeRecording, who, node, { verb: 'recording', flow, arguments: { module, after } });
  }

  /** What a node says to a command, read. */
  private async answer<S extends z.ZodType>(
    schema: S,
    who: Principal,
    node: string,
    order: Order,
  ): Promise<z.infer<S>> {
    const reply = await this.ask(who.organization, await this.found(who.organization, node), order);
    const answer = schema.safeParse(reply.result);
    if (answer.success) return answer.data;
    throw new Failure(
      'fleet.command-refused',
      `What the node ${node} answered to "${order.verb}" cannot be read. Bring its agent to the version of the director.`,
    );
  }

  /** Starts a flow anew on its node, and lets it forget why it was stopped or judged. Noted with its result. */
  async restart(who: Principal, node: string, flow: string): Promise<void> {
    const row = await this.found(who.organization, node);
    await this.database.withinSql(who.organization, (tx) => this.reach.assertOwn(tx, who, row));
    assertThere(row);
    const at = { organization: who.organization, node: row.id };
    const note = (by: Caller, details: Record<string, unknown>) =>
      this.database.withinSql(who.organization, async (tx) =>
        this.audit.record(tx, by, {
          action: 'fleet.restart-flow',
          subject: `node:${row.id}`,
          details: { flow, ...details },
        }),
      );
    let reply: Reply;
    try {
      reply = await this.commands.ask(at, { verb: 'restart', flow }, this.restartWithinMs);
    } catch (error) {
      // It was sent and cannot be taken back: the node may have done it.
      await note(who, { result: 'unanswered' });
      throw error;
    }
    if (reply.ok) return note(who, { result: 'restarted' });
    // Nothing has changed, so the same request may be sent again.
    await note({ ...who, idempotencyKey: undefined }, { result: 'refused', detail: reply.detail });
    throw refusal(row, reply);
  }

  async onModuleDestroy(): Promise<void> {
    const taps = [...this.taps.values()];
    for (const tap of taps) tap.end('the director stops; open it again in a moment');
    // The lease ends on the node too, so nobody waits long for it here.
    const late = new Promise((resolve) => setTimeout(resolve, 1_000).unref());
    await Promise.race([Promise.all(taps.map(({ done }) => done)), late]);
  }

  private join(at: Address, flow: string, watcher: Watcher): SharedTap {
    const key = `${at.organization}/${at.node}/${flow}`;
    const known = this.taps.get(key);
    if (known?.join(watcher)) return known;
    const id = newId();
    const tap = new SharedTap({
      flow,
      standing: () => this.standing(at),
      tap: (wish) => this.commands.ask(at, { verb: 'tap', flow, arguments: { tap: id, ...wish } }),
      hear: (then) => this.commands.hear(at, id, then),
    });
    tap.start(watcher);
    this.taps.set(key, tap);
    const unfollow = this.live.follow(at.organization, ({ type, subject }) => {
      if (subject === at.node && type.startsWith('node.')) tap.wake();
    });
    void tap.done.finally(() => {
      unfollow();
      if (this.taps.get(key) === tap) this.taps.delete(key);
    });
    return tap;
  }

  private async standing({ organization, node }: Address): Promise<Standing> {
    const row = await this.database.withinSql(organization, (tx) => this.nodes.find(tx, node));
    if (!row) return { node: 'none', detail: 'the node was removed' };
    if (row.revoked_at) return { node: 'none', detail: `the node ${row.name} is revoked` };
    return row.online ? { node: 'online' } : { node: 'offline', detail: `the node ${row.name} is offline` };
  }

  private async ask(organization: string, row: NodeRow, order: Order): Promise<Reply> {
    assertThere(row);
    const reply = await this.commands.ask({ organization, node: row.id }, order);
    if (reply.ok) return reply;
    throw refusal(row, reply);
  }

  private async found(organization: string, idOrName: string): Promise<NodeRow> {
    const row = await this.database.withinSql(organization, (tx) => this.nodes.find(tx, idOrName));
    if (!row)
      throw new Failure('fleet.node-unknown', `There is no node ${idOrName}. GET /v1/nodes lists them.`);
    return row;
  }

  private count(organization: string, by: number): void {
    const now = (this.watching.get(organization) ?? 0) + by;
    if (now === 0) this.watching.delete(organization);
    else this.watching.set(organization, now);
  }
}

const refusal = ({ id, name }: NodeRow, { detail }: Reply): Failure =>
  new Failure(
    'fleet.command-refused',
    `The node ${name} says: ${detail ?? 'it cannot do that'}. GET /v1/nodes/${id} shows what is on it.`,
  );

function assertThere({ id, name, online, revoked_at, seen_at }: NodeRow): void {
  if (online && !revoked_at) return;
  const since = seen_at ? ` since ${seen_at.toISOString()}` : '';
  throw new Failure(
    'fleet.node-offline',
    revoked_at
      ? `The node ${name} is revoked and takes no commands. Let it join again.`
      : `The node ${name} is offline${since} and cannot be asked. Ask again when GET /v1/nodes/${id} says online; on the machine itself its agent logs to stderr.`,
  );
}
