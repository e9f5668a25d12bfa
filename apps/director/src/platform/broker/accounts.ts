/**
 * Port: the accounts of nodes at the broker. The embedded broker has none, since it asks our tables at every
 * connection; Mosquitto keeps its own, and mosquitto-accounts.ts brings them to what our tables say.
 *
 * Guarantee of both: whoever was removed has no live session any more. Everything may be said twice.
 */

/** A node that may enter the broker. */
export interface Account {
  organization: string;
  node: string;
  /** Changes with the node's credential, and the broker's password with it. */
  credentialHash: string;
}

export abstract class BrokerAccounts {
  /** What the node says to the broker as its password; undefined: its credential. */
  abstract passwordOf(account: Account): string | undefined;
  /** Lets these in, each with its own password, to its own branch. Rejects when the broker did not agree. */
  abstract put(accounts: readonly Account[]): Promise<void>;
  /** Lets these in no longer, and ends their sessions. */
  abstract remove(nodes: readonly string[]): Promise<void>;
  /** Makes the broker's accounts those of `truth`, which is asked after the broker was. */
  abstract reconcile(truth: () => Promise<Account[]>): Promise<void>;
}

export class EmbeddedAccounts extends BrokerAccounts {
  constructor(private readonly disconnect: (node: string) => void) {
    super();
  }

  passwordOf(): undefined {
    return undefined;
  }

  async put(): Promise<void> {}

  async remove(nodes: readonly string[]): Promise<void> {
    for (const node of nodes) this.disconnect(node);
  }

  async reconcile(): Promise<void> {}
}
