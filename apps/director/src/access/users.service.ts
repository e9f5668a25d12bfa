/** The people of an organization and their roles. */
import { Injectable, Optional } from '@nestjs/common';
import {
  Failure,
  type Me,
  type Organization,
  type OrganizationChange,
  type Page,
  type PageQuery,
  type PasswordChange,
  type Role,
  type User,
  type UserChange,
  type UserCreate,
} from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx, type Tx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { newId } from '../platform/id.js';
import { AccessStore } from './access.store.js';
import { Audit } from './audit.js';
import { GroupNames } from './group-names.js';
import { OrganizationSettings } from './organization-settings.js';
import { hashPassword, passwordFits } from './passwords.js';
import type { Principal } from './principal.js';

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly store: AccessStore,
    private readonly settings: OrganizationSettings,
    private readonly audit: Audit,
    private readonly clock: Clock,
    @Optional() private readonly groups?: GroupNames,
  ) {}

  async me(who: Principal): Promise<Me> {
    const { kind, id, name, email, role } = who;
    const organization = await this.organization(who);
    return {
      kind,
      id,
      name,
      email,
      role,
      organization,
      permissions: [...who.permissions],
      groups: who.groups && [...who.groups],
    };
  }

  organization(who: Principal): Promise<Organization> {
    return this.database.within(who.organization, (tx) => this.own(tx));
  }

  changeOrganization(who: Principal, change: OrganizationChange): Promise<Organization> {
    return this.database.within(who.organization, async (tx) => {
      await this.settings.change(tx, change);
      this.audit.record(tx, who, {
        action: 'access.change-organization',
        subject: `organization:${who.organization}`,
        details: { ...change },
      });
      return this.own(tx);
    });
  }

  private async own(tx: Tx): Promise<Organization> {
    const { id, name, createdAt } = await this.store.organization(tx);
    return { id, name, ...(await this.settings.of(tx)), createdAt: createdAt.toISOString() };
  }

  list(who: Principal, query: PageQuery): Promise<Page<User>> {
    const window = windowOf(query);
    return this.database.within(who.organization, async (tx) =>
      pageFrom(await this.store.users(tx, window), window, (row) => row.userId, userOf),
    );
  }

  get(who: Principal, id: string): Promise<User> {
    return this.database.within(who.organization, (tx) => this.found(tx, id));
  }

  async create(who: Principal, wanted: UserCreate): Promise<User> {
    const email = wanted.email.toLowerCase();
    const passwordHash = await hashPassword(wanted.password);
    if (await this.store.userByEmail(email)) {
      throw new Failure('access.email-taken', `There is a user ${email} already. Choose another address.`);
    }
    return this.database.within(who.organization, async (tx) => {
      const id = newId(this.clock.now());
      const groups = await this.limitOf(tx, wanted.role, wanted.groups ?? null);
      await this.store.createUser(tx, { id, email, name: wanted.name, passwordHash }, wanted.role, groups);
      const details = { email, role: wanted.role, groups };
      this.audit.record(tx, who, { action: 'access.create-user', subject: `user:${id}`, details });
      return this.found(tx, id);
    });
  }

  /** What they may do, and on which groups. */
  change(who: Principal, id: string, change: UserChange): Promise<User> {
    return this.database.within(who.organization, async (tx) => {
      const user = await this.found(tx, id);
      const { role = user.role } = change;
      if (role !== 'admin') await this.assertNotLastAdmin(tx, user.role);
      const given = change.groups === undefined ? user.groups : change.groups;
      const groups = await this.limitOf(tx, role, given, change.groups === undefined);
      await this.store.changeUser(tx, id, role, groups);
      const details = {
        from: user.role,
        to: role,
        ...(change.groups !== undefined && { groups }),
      };
      this.audit.record(tx, who, { action: 'access.change-role', subject: `user:${id}`, details });
      return { ...user, role, groups };
    });
  }

  async changePassword(who: Principal, change: PasswordChange): Promise<void> {
    if (who.kind !== 'user' || !who.email) {
      throw new Failure(
        'access.forbidden',
        'Only a person has a password. Sign in with POST /v1/sessions first.',
      );
    }
    const kept = await this.store.userByEmail(who.email);
    if (!(await passwordFits(change.current, kept?.password_hash))) {
      throw new Failure('access.forbidden', 'The current password is another one.');
    }
    const passwordHash = await hashPassword(change.password);
    await this.database.within(who.organization, async (tx) => {
      await this.store.changePassword(tx, who.id, passwordHash);
      await this.store.endSessions(tx, who.id);
      this.audit.record(tx, who, { action: 'access.change-password', subject: `user:${who.id}` });
    });
  }

  /** Takes a person out of the organization: their sessions end, and their tokens can do nothing from now on. */
  async remove(who: Principal, id: string): Promise<void> {
    await this.database.within(who.organization, async (tx) => {
      const user = await this.found(tx, id);
      await this.assertNotLastAdmin(tx, user.role);
      await this.store.removeUser(tx, id);
      this.audit.record(tx, who, {
        action: 'access.remove-user',
        subject: `user:${id}`,
        details: { email: user.email },
      });
    });
    await this.store.forgetWithoutMembership(id);
  }

  /** Ids of the groups; `known` were given before, and one of them may have been deleted since. */
  private async limitOf(
    tx: Tx,
    role: Role,
    given: readonly string[] | null,
    known = false,
  ): Promise<string[] | null> {
    if (given === null) return null;
    if (role === 'admin') {
      throw new Failure(
        'platform.invalid-request',
        'An admin gives rights to everybody, so is not limited to groups. Choose another role, or groups: null.',
        { errors: [{ pointer: '/groups', detail: 'not for an admin' }] },
      );
    }
    return known ? [...given] : groupIds(tx, this.groups, given);
  }

  private async found(tx: Tx, id: string): Promise<User> {
    const row = await this.store.user(tx, id);
    if (!row) throw new Failure('platform.not-found', `There is no user ${id} in this organization.`);
    return userOf(row);
  }

  private async assertNotLastAdmin(tx: Tx, role: Role): Promise<void> {
    // One at a time: two admins that remove each other must not both succeed.
    await tx.sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`admins:${tx.organization}`]);
    if (role === 'admin' && (await this.store.admins(tx)) < 2) {
      throw new Failure('access.last-admin', 'This is the last admin. Make somebody else an admin first.');
    }
  }
}

/** Throws for what is no group. */
export async function groupIds(
  tx: SqlTx,
  names: GroupNames | undefined,
  given: readonly string[],
): Promise<string[]> {
  const ids = (await names?.idsOf(tx, given)) ?? new Map<string, string>();
  const errors = given.flatMap((one, i) =>
    ids.has(one) ? [] : [{ pointer: `/groups/${i}`, detail: 'no such group' }],
  );
  if (errors.length > 0) {
    const unknown = given.filter((one) => !ids.has(one)).slice(0, 3);
    throw new Failure(
      'platform.invalid-request',
      `There is no group ${unknown.join(', ')}. GET /v1/groups lists them.`,
      { errors },
    );
  }
  return [...new Set(ids.values())];
}

function userOf(row: {
  role: string;
  limitedTo: unknown;
  user: { id: string; email: string; name: string; createdAt: Date };
}): User {
  const { id, email, name, createdAt } = row.user;
  const groups = row.limitedTo as string[] | null;
  return { id, email, name, role: row.role as Role, groups, createdAt: createdAt.toISOString() };
}
