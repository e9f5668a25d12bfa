/**
 * Nodes' accounts at the broker follow our tables: at once when a node joins or is revoked, and by a tick, which
 * finds what a kill, a dead broker or a broker that forgot has left.
 *
 * Guarantee: nothing that is asked of it fails because of the broker; a node without an account works over HTTPS.
 */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BrokerAccounts, type Account } from '../platform/broker/accounts.js';
import { Database } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { Queue } from '../platform/queue/queue.js';
import { NodesStore } from './nodes.store.js';

const TICK = 'fleet.broker-accounts';
/** A revoked node is out within 60 s, also when the director was killed just after the commit. */
const TICK_MS = 15_000;

@Injectable()
export class NodeAccounts implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly accounts: BrokerAccounts,
    private readonly queue: Queue,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.queue.on(TICK, () => this.reconcile());
    this.queue.every(TICK, TICK_MS);
  }

  /** After the commit of a new credential. Answers the password for the broker; undefined: the credential. */
  async open(account: Account): Promise<string | undefined> {
    const { organization, node } = account;
    await this.tried(async () => {
      await this.accounts.put([account]);
      const now = await this.database.withinSql(organization, (tx) => this.nodes.credentialHash(tx, node));
      if (now === undefined) await this.accounts.remove([node]);
    });
    return this.accounts.passwordOf(account);
  }

  /** After the commit of its end: no new session, and the living ones are cut. */
  async close(node: string): Promise<void> {
    await this.tried(() => this.accounts.remove([node]));
  }

  reconcile(): Promise<void> {
    return this.tried(() => this.accounts.reconcile(() => this.truth()));
  }

  private async truth(): Promise<Account[]> {
    const all: Account[] = [];
    for (const organization of await this.database.organizations()) {
      const rows = await this.database.withinSql(organization, (tx) => this.nodes.credentialHashes(tx));
      for (const row of rows) all.push({ organization, node: row.id, credentialHash: row.credential_hash });
    }
    return all;
  }

  private async tried(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.log.warn({ err: error }, 'an account at the broker has to wait; the next tick tries again');
    });
  }
}
