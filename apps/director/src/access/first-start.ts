/**
 * The first start of all: an organization, an admin with a generated password and a token.
 *
 * Guarantee: all of it in one transaction, once, also when two directors start together. The password and the
 * token are returned this one time; the caller keeps them in a file of mode 0600.
 */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { hashOf, newId, newSecret } from '../platform/id.js';
import { AccessStore } from './access.store.js';
import { Audit } from './audit.js';
import { formatCredential } from './credential.js';
import { SigningKeys } from './keys.js';
import { hashPassword } from './passwords.js';
import { grants } from './permissions.js';
import { system } from './principal.js';

export interface FirstAdmin {
  organization: string;
  email: string;
  password: string;
  token: string;
}

const email = 'admin@millrace.local';
const TOKEN_MS = 10 * 365 * 86_400_000; // ten years: it belongs to the machine's owner until it is deleted

@Injectable()
export class FirstStart {
  constructor(
    private readonly database: Database,
    private readonly store: AccessStore,
    private readonly keys: SigningKeys,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** Undefined when there is an organization already. `keep` is called before the commit. */
  async run(
    keep: (admin: FirstAdmin) => Promise<void> = async () => undefined,
  ): Promise<FirstAdmin | undefined> {
    if ((await this.store.organizationCount()) > 0) return undefined;
    const now = this.clock.now();
    const organization = newId(now);
    const password = randomBytes(12).toString('base64url');
    const passwordHash = await hashPassword(password);
    const secret = newSecret();
    const admin = {
      organization,
      email,
      password,
      token: formatCredential({ kind: 'token', organization, secret }),
    };
    const created = await this.database.within(organization, async (tx) => {
      await tx.sql(`SELECT pg_advisory_xact_lock(hashtextextended('first-start', 0))`);
      if ((await tx.prisma.organization.count()) > 0) return false;
      const user = newId(now);
      await this.store.createOrganization(tx, 'default');
      await this.store.createUser(tx, { id: user, email, name: 'Admin', passwordHash }, 'admin');
      const token = {
        name: 'first start',
        scopes: [...grants.admin],
        expiresAt: new Date(now + TOKEN_MS).toISOString(),
        groups: null,
      };
      const of = { id: newId(now), createdBy: user, secretHash: hashOf(secret) };
      await this.store.createToken(tx, { ...token, ...of });
      await this.keys.createFirst(tx);
      this.audit.record(tx, system(organization), {
        action: 'access.first-start',
        subject: `organization:${organization}`,
        details: { email },
      });
      await keep(admin);
      return true;
    });
    return created ? admin : undefined;
  }
}
