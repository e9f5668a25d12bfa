/** Signing in and out. */
import { Injectable } from '@nestjs/common';
import { Failure, type Session, type SessionCreate } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { Limit } from '../platform/http/limit.js';
import { hashOf, newId, newSecret } from '../platform/id.js';
import { AccessStore } from './access.store.js';
import { Audit } from './audit.js';
import { formatCredential, parseCredential } from './credential.js';
import { passwordFits } from './passwords.js';

const SESSION_MS = 12 * 3_600_000; // a working day
/** Failed attempts a minute. For a name: enough for a person who mistypes, too few for guessing. */
const FAILURES_A_NAME = 20;
/** For an address: a whole plant may sit behind one. */
const FAILURES_AN_ADDRESS = 200;
const FAILURES_WINDOW_MS = 60_000;

@Injectable()
export class SessionsService {
  private readonly names: Limit;
  private readonly addresses: Limit;

  constructor(
    private readonly database: Database,
    private readonly store: AccessStore,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {
    const now = () => this.clock.now();
    this.names = new Limit(FAILURES_A_NAME, FAILURES_WINDOW_MS, now);
    this.addresses = new Limit(FAILURES_AN_ADDRESS, FAILURES_WINDOW_MS, now);
  }

  async signIn(wanted: SessionCreate, address: string, requestId?: string): Promise<Session> {
    const email = wanted.email.trim().toLowerCase();
    // Taken before the check, so that many guesses at once do not slip through; given back when it fits.
    this.addresses.take(address);
    this.names.take(email);
    const user = await this.store.userByEmail(email);
    const fits = await passwordFits(wanted.password, user?.password_hash);
    const memberships = user && fits ? await this.store.membershipsOf(user.id) : [];
    const named = memberships.find(
      ({ organization, name }) => wanted.organization === organization || wanted.organization === name,
    );
    const organization = (wanted.organization === undefined ? memberships[0] : named)?.organization;
    if (!user || !organization) {
      throw new Failure('access.unauthenticated', 'Email and password do not fit together.');
    }
    this.addresses.giveBack(address);
    this.names.giveBack(email);
    const secret = newSecret();
    const expiresAt = new Date(this.clock.now() + SESSION_MS);
    await this.database.within(organization, async (tx) => {
      await this.store.createSession(tx, {
        id: newId(this.clock.now()),
        userId: user.id,
        secretHash: hashOf(secret),
        expiresAt,
      });
      const by = { organization, actor: `user:${user.id}`, requestId };
      this.audit.record(tx, by, { action: 'access.sign-in', subject: `user:${user.id}` });
    });
    return {
      token: formatCredential({ kind: 'session', organization, secret }),
      expiresAt: expiresAt.toISOString(),
      organization,
    };
  }

  /** Ends the session whose token this is; an API token is not ended by it. */
  async signOut(token: string, requestId?: string): Promise<void> {
    const credential = parseCredential(token);
    if (credential?.kind !== 'session') {
      throw new Failure(
        'access.forbidden',
        'An API token does not sign out. Delete it: DELETE /v1/tokens/{id}.',
      );
    }
    const { organization } = credential;
    await this.database.within(organization, async (tx) => {
      await this.store.endSession(tx, hashOf(credential.secret));
      const by = { organization, actor: 'session', requestId };
      this.audit.record(tx, by, { action: 'access.sign-out', subject: 'session' });
    });
  }
}
