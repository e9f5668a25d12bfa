/**
 * The accounts of nodes in Mosquitto's dynamic security: user name = client id = node id, and one role a node,
 * for its own branch. What the broker has is compared with our tables, so nothing has to be remembered about it.
 *
 * Guarantee: a node may touch `millrace/1/ORGANIZATION/NODE/#` and nothing else, whatever the broker's defaults are.
 * Passwords follow from the master key and the hash of the credential: the broker, which is not trusted, never
 * sees the credential itself, and an account can be made anew at any time.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { Failure } from '@millrace/schemas';
import { mqttTransport, type Transport } from '@millrace/transport';
import { z } from 'zod';
import { newId } from '../id.js';
import type { Log } from '../log.js';
import { BrokerAccounts, type Account } from './accounts.js';
import { dynamicSecurity, type Answer, type Command, type DynamicSecurity } from './dynamic-security.js';

/** Raise it when what an account may do changes: every account is then made anew. */
const FORM = 1;
/** Denies what a node's own role has not allowed; `#` alone does not reach `$SYS` and the like. */
const FENCE = 'millrace-fence';
const DIRECTOR = 'millrace-director';
/** Accounts in one message: 20 commands, half a second of the broker's time with 2,000 nodes. */
const AT_ONCE = 10;
/** Accounts in one page of a list: about 60 KiB. */
const PAGE = 250;
const THERE_ALREADY = ['Client already exists', 'Role already exists'];
const NOT_THERE = ['Client not found', 'Role not found'];

export interface MosquittoOptions {
  url: string;
  username?: string;
  password?: string;
  masterKey: Uint8Array;
  log: Log;
}

/** An account as the broker lists it. */
export interface Listed {
  node: string;
  mark: string;
}

const Clients = z.object({
  clients: z.array(z.object({ username: z.string(), textname: z.string().optional() })),
});
const Client = z.object({ client: z.object({ roles: z.array(z.object({ rolename: z.string() })) }) });

export class MosquittoAccounts extends BrokerAccounts {
  private readonly transport: Transport;
  private readonly security: DynamicSecurity;
  private readonly key: Uint8Array;
  private preparing: Promise<void> | undefined;
  private ready = false;

  constructor(private readonly options: MosquittoOptions) {
    super();
    const { url, username, password, masterKey } = options;
    this.key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'millrace broker passwords', 32));
    this.transport = mqttTransport({
      url,
      username,
      password,
      clientId: `director-accounts-${newId()}`,
      reconnect: { baseMs: 200, capMs: 10_000 },
      onProblem: (failure) => options.log.warn({ err: failure }, 'the broker and its accounts'),
    });
    this.security = dynamicSecurity(this.transport);
  }

  /** Does not wait for the connection. */
  start(): void {
    this.transport.onConnection(({ state }) => {
      this.ready = false;
      if (state === 'connected') this.prepare().catch((error: unknown) => this.complain(error));
    });
    this.transport.connect();
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  passwordOf({ organization, node, credentialHash }: Account): string {
    const about = JSON.stringify([organization, node, credentialHash]);
    return createHmac('sha256', this.key).update(about).digest('base64url');
  }

  async put(accounts: readonly Account[]): Promise<void> {
    await this.prepared();
    for (const some of slices(accounts, AT_ONCE)) {
      const answers = await this.ask(
        some.flatMap((account) => this.account('create', account)),
        THERE_ALREADY,
      );
      const known = some.filter((_, i) => answers[2 * i]?.error ?? answers[2 * i + 1]?.error);
      if (known.length > 0) await this.ask(known.flatMap((account) => this.account('modify', account)));
    }
  }

  async remove(nodes: readonly string[]): Promise<void> {
    await this.prepared();
    for (const some of slices(nodes, AT_ONCE)) {
      const commands = some.flatMap((node) => [
        { command: 'deleteClient', username: node },
        { command: 'deleteRole', rolename: roleOf(node) },
      ]);
      await this.ask(commands, NOT_THERE);
    }
  }

  async reconcile(truth: () => Promise<Account[]>): Promise<void> {
    await this.prepared();
    const listed = await this.list();
    const wanted = await truth();
    const { missing, extra } = difference(listed, wanted, (account) => this.markOf(account));
    if (missing.length + extra.length === 0) return;
    this.options.log.info(
      { put: missing.length, removed: extra.length },
      'accounts at the broker are corrected',
    );
    await this.remove(extra);
    await this.put(missing);
    // Who was revoked meanwhile may have been put back.
    const still = new Set((await truth()).map(({ node }) => node));
    await this.remove(missing.map(({ node }) => node).filter((node) => !still.has(node)));
  }

  private account(verb: 'create' | 'modify', account: Account): Command[] {
    const { organization, node } = account;
    return [
      {
        command: `${verb}Role`,
        rolename: roleOf(node),
        acls: rules([`millrace/1/${organization}/${node}/#`], true),
      },
      {
        command: `${verb}Client`,
        username: node,
        clientid: node,
        password: this.passwordOf(account),
        textname: this.markOf(account),
        roles: [
          { rolename: roleOf(node), priority: 1 },
          { rolename: FENCE, priority: 0 },
        ],
      },
    ];
  }

  /** What the account was made from, so that a list shows whether it is still right. */
  private markOf(account: Account): string {
    const print = createHash('sha256')
      .update(`${FORM} ${this.passwordOf(account)}`)
      .digest('hex');
    return `${MARK}${account.organization} ${print.slice(0, 16)}`;
  }

  private async list(): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const [answer] = await this.ask([{ command: 'listClients', verbose: true, count: PAGE, offset }]);
      const { clients } = Clients.parse(answer?.data);
      for (const { username, textname } of clients) {
        if (textname?.startsWith(MARK)) listed.push({ node: username, mark: textname });
      }
      if (clients.length < PAGE) return listed;
    }
  }

  private prepared(): Promise<void> {
    return this.ready ? Promise.resolve() : this.prepare();
  }

  private prepare(): Promise<void> {
    this.preparing ??= this.makeRoles().finally(() => (this.preparing = undefined));
    return this.preparing;
  }

  /** The roles that everything else needs, and the director's own; its admin may only administer. */
  private async makeRoles(): Promise<void> {
    const roles = [
      {
        command: 'createRole',
        rolename: FENCE,
        acls: rules(['#', '$SYS/#', '$CONTROL/#', '$share/#'], false),
      },
      { command: 'createRole', rolename: DIRECTOR, acls: rules(['millrace/1/#'], true) },
    ];
    await this.ask(roles, THERE_ALREADY);
    const { username = '' } = this.options;
    const [answer] = await this.ask([{ command: 'getClient', username }]);
    const { client } = Client.parse(answer?.data);
    this.ready = client.roles.some(({ rolename }) => rolename === DIRECTOR);
    if (this.ready) return;
    this.options.log.info('the director lets itself speak to nodes at the broker, and connects again');
    // Mosquitto ends the sessions of whom it changes, so no answer comes; the next connection finds it done.
    await this.ask([{ command: 'addClientRole', username, rolename: DIRECTOR }]);
  }

  private async ask(commands: Command[], tolerated: readonly string[] = []): Promise<Answer[]> {
    const answers = await this.security.ask(commands);
    const bad = answers.find(({ error }) => error !== undefined && !tolerated.includes(error));
    if (!bad) return answers;
    throw new Failure(
      'platform.broker-refused',
      `The broker's dynamic security refuses ${bad.command}: ${bad.error}. MQTT_USERNAME must be its admin.`,
    );
  }

  private complain(error: unknown): void {
    this.options.log.warn({ err: error }, 'the broker is not ready for accounts of nodes yet');
  }
}

/** Pure: what the broker lacks or has otherwise, and what it should not have. */
export function difference(
  listed: readonly Listed[],
  wanted: readonly Account[],
  markOf: (account: Account) => string,
): { missing: Account[]; extra: string[] } {
  const there = new Map(listed.map(({ node, mark }) => [node, mark]));
  const right = new Set(wanted.map(({ node }) => node));
  return {
    missing: wanted.filter((account) => there.get(account.node) !== markOf(account)),
    extra: listed.map(({ node }) => node).filter((node) => !right.has(node)),
  };
}

const MARK = 'millrace ';
const roleOf = (node: string) => `millrace-node-${node}`;

const rules = (topics: string[], allow: boolean) =>
  topics.flatMap((topic) =>
    ['publishClientSend', 'publishClientReceive', 'subscribePattern'].map((acltype) => ({
      acltype,
      topic,
      allow,
    })),
  );

function* slices<T>(items: readonly T[], size: number): Iterable<T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
