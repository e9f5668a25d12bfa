/**
 * How a machine becomes a node: a join token lets it in, once or a counted number of times.
 *
 * Guarantee: counting the token, making the node and putting it into its group are one transaction. Secrets are
 * shown once and kept only as hashes.
 */
import { Injectable } from '@nestjs/common';
import {
  Failure,
  type EnrolReply,
  type EnrolRequest,
  type JoinToken,
  type JoinTokenCreate,
  type JoinTokenCreated,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import type { z } from 'zod';
import { Audit } from '../access/audit.js';
import { assertWithin } from '../access/limits.js';
import { formatCredential, parseCredential } from '../access/credential.js';
import { SigningKeys } from '../access/keys.js';
import { system, type Principal } from '../access/principal.js';
import { Addresses } from '../platform/addresses.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { Limit } from '../platform/http/limit.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { hashOf, newId, newSecret } from '../platform/id.js';
import { FleetChanges } from './changes.js';
import { GroupsStore } from './groups.store.js';
import { NodeAccounts } from './node-accounts.js';
import { readNodeKey } from './node-key.js';
import { joinTokenOf } from './node-view.js';
import { NodesStore } from './nodes.store.js';
import { assertNotLimited } from './reach.js';

const DEFAULT_MINUTES = 60;
/** Attempts a minute from one address: a whole plant may join through one line. */
const ATTEMPTS = 600;

@Injectable()
export class JoiningService {
  private readonly limit: Limit;

  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly groups: GroupsStore,
    private readonly keys: SigningKeys,
    private readonly addresses: Addresses,
    private readonly accounts: NodeAccounts,
    private readonly audit: Audit,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
  ) {
    this.limit = new Limit(ATTEMPTS, 60_000, () => this.clock.now());
  }

  createToken(who: Principal, wanted: JoinTokenCreate): Promise<JoinTokenCreated> {
    return this.database.withinSql(who.organization, async (tx) => {
      const group = wanted.group === undefined ? undefined : await this.memberGroup(tx, wanted.group);
      if (!group) assertNotLimited(who, 'A join token without a group');
      else assertWithin(who, [group]);
      // Labels may bring the node into groups of others.
      if (Object.keys(wanted.labels ?? {}).length > 0) assertNotLimited(who, 'A join token with labels');
      const now = this.clock.now();
      const secret = newSecret();
      const row = {
        id: newId(now),
        group_id: group?.id ?? null,
        labels: wanted.labels ?? {},
        uses: wanted.uses ?? 1,
        used: 0,
        created_by: who.actor,
        created_at: new Date(now),
        expires_at: new Date(now + (wanted.minutes ?? DEFAULT_MINUTES) * 60_000),
      };
      await this.groups.createToken(tx, row, hashOf(secret));
      const details = { group: group?.name ?? null, labels: row.labels, uses: row.uses };
      this.audit.record(tx, who, {
        action: 'fleet.create-join-token',
        subject: `join-token:${row.id}`,
        details,
      });
      const token = formatCredential({ kind: 'join', organization: who.organization, secret });
      return { ...joinTokenOf(row), token };
    });
  }

  tokens(who: Principal, query: PageQuery): Promise<Page<JoinToken>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) =>
      pageFrom(await this.groups.tokens(tx, window.after, window.take), window, (row) => row.id, joinTokenOf),
    );
  }

  removeToken(who: Principal, id: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      if (who.groups !== null) await this.assertTokenOwn(tx, who, id);
      if (!(await this.groups.removeToken(tx, id))) {
        throw new Failure(
          'platform.not-found',
          `There is no join token ${id}. GET /v1/join-tokens lists them.`,
        );
      }
      this.audit.record(tx, who, { action: 'fleet.remove-join-token', subject: `join-token:${id}` });
    });
  }

  async enrol(
    wanted: z.infer<typeof EnrolRequest>,
    address: string,
    requestId?: string,
  ): Promise<z.infer<typeof EnrolReply>> {
    this.limit.take(address);
    const credential = parseCredential(wanted.token);
    if (credential?.kind !== 'join') throw notLetIn();
    readNodeKey(wanted.signingKey);
    const { organization } = credential;
    const now = this.clock.now();
    const secret = newSecret();
    const keys = await this.keys.publicKeys(organization);
    const { node, name } = await this.database.withinSql(organization, async (tx) => {
      const token = await this.groups.useToken(tx, hashOf(credential.secret), new Date(now));
      if (!token) throw notLetIn();
      const node = newId(now);
      const name = await this.freeName(
        tx,
        wanted.name ?? wanted.facts?.hostname ?? `node-${node.slice(-6)}`,
        node,
      );
      await this.nodes.create(tx, {
        id: node,
        name,
        labels: token.labels,
        signingKey: wanted.signingKey,
        credentialHash: hashOf(secret),
        facts: wanted.facts ?? null,
        at: new Date(now),
      });
      if (token.group_id) await this.groups.add(tx, token.group_id, [node]);
      const details = { name, joinToken: token.id };
      const by = { ...system(organization), requestId };
      this.audit.record(tx, by, { action: 'fleet.join', subject: `node:${node}`, details });
      this.changes.tell(tx, { type: 'node.joined', subject: node, data: { node, name } });
      return { node, name };
    });
    // Whoever has a token may bring a thousand machines at once; the budget is for those who guess.
    this.limit.giveBack(address);
    return {
      organization,
      node,
      name,
      credential: formatCredential({ kind: 'node', organization, node, secret }),
      keys,
      mqttUrl: this.addresses.mqttUrl,
      mqttPassword: await this.accounts.open({ organization, node, credentialHash: hashOf(secret) }),
      mqttWebSocketUrl: this.addresses.mqttWebSocketUrl,
      time: now,
    };
  }

  private async assertTokenOwn(tx: SqlTx, who: Principal, id: string): Promise<void> {
    const token = await this.groups.joinToken(tx, id);
    if (!token) return;
    const group = token.group_id === null ? undefined : await this.groups.find(tx, token.group_id);
    if (group) assertWithin(who, [group]);
    else assertNotLimited(who, 'A join token without a group');
  }

  private async memberGroup(tx: SqlTx, idOrName: string) {
    const group = await this.groups.find(tx, idOrName);
    if (!group)
      throw new Failure('fleet.group-unknown', `There is no group ${idOrName}. GET /v1/groups lists them.`);
    if (group.selector !== null) {
      throw new Failure(
        'fleet.group-kind',
        `Group ${group.name} chooses its nodes by "${group.selector}". Give the token labels that fit instead.`,
        { errors: [{ pointer: '/group', detail: 'a group with a selector' }] },
      );
    }
    return group;
  }

  /** What people may write and no other node has: the wish, else with the end of the id behind it. */
  private async freeName(tx: SqlTx, wish: string, node: string): Promise<string> {
    const name =
      wish
        .replace(/[^a-zA-Z0-9._-]+/g, '-')
        .replace(/^[._-]+|[._-]+$/g, '')
        .slice(0, 100) || 'node';
    return (await this.nodes.nameTaken(tx, name)) ? `${name}-${node.slice(-6)}` : name;
  }
}

const notLetIn = (): Failure =>
  new Failure(
    'fleet.join-token-invalid',
    'This join token is unknown, has ended or is used up. Make a new one with POST /v1/join-tokens.',
  );
