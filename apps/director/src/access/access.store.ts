/** All SQL and Prisma of people, sessions and tokens. Users are global, what they may do is an organization's. */
import { Injectable } from '@nestjs/common';
import type { ApiTokenCreate, Role } from '@millrace/schemas';
import { Database, type Tx } from '../platform/database/database.js';
import type { Window } from '../platform/http/page.js';

export interface NewUser {
  id: string;
  email: string;
  name: string;
  passwordHash: string;
}

const before = (window: Window) => (window.after === undefined ? {} : { lt: window.after });

@Injectable()
export class AccessStore {
  constructor(private readonly database: Database) {}

  organizationCount(): Promise<number> {
    return this.database
      .global<{ count: number }>('SELECT count(*)::int AS count FROM organizations')
      .then((rows) => rows[0]?.count ?? 0);
  }

  organization(tx: Tx) {
    return tx.prisma.organization.findUniqueOrThrow({ where: { id: tx.organization } });
  }

  createOrganization(tx: Tx, name: string) {
    return tx.prisma.organization.create({ data: { id: tx.organization, name } });
  }

  async userByEmail(email: string): Promise<{ id: string; password_hash: string } | undefined> {
    const rows = await this.database.global<{ id: string; password_hash: string }>(
      'SELECT id, password_hash FROM users WHERE email = $1',
      [email],
    );
    return rows[0];
  }

  /** Where a user belongs to, oldest membership first. */
  membershipsOf(user: string): Promise<{ organization: string; name: string }[]> {
    return this.database.ofUser(user, (sql) =>
      sql(
        `SELECT m.organization_id AS organization, o.name FROM memberships m
         JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = $1 ORDER BY m.created_at`,
        [user],
      ),
    );
  }

  users(tx: Tx, window: Window) {
    return tx.prisma.membership.findMany({
      where: { userId: before(window) },
      include: { user: true },
      orderBy: { userId: 'desc' },
      take: window.take,
    });
  }

  user(tx: Tx, id: string) {
    return tx.prisma.membership.findUnique({
      where: { organizationId_userId: { organizationId: tx.organization, userId: id } },
      include: { user: true },
    });
  }

  admins(tx: Tx): Promise<number> {
    return tx.prisma.membership.count({ where: { role: 'admin' satisfies Role } });
  }

  async createUser(tx: Tx, user: NewUser, role: Role, groups: string[] | null = null): Promise<void> {
    await tx.prisma.user.create({ data: user });
    await tx.prisma.membership.create({ data: { userId: user.id, role, limitedTo: groups ?? undefined } });
  }

  async changeUser(tx: Tx, id: string, role: Role, groups: string[] | null): Promise<void> {
    await tx.sql('UPDATE memberships SET role = $2, limited_to = $3 WHERE user_id = $1', [
      id,
      role,
      groups && JSON.stringify(groups),
    ]);
  }

  async changePassword(tx: Tx, id: string, passwordHash: string): Promise<void> {
    await tx.prisma.user.update({ where: { id }, data: { passwordHash } });
  }

  /** The user with name and password, once no organization has them any more. */
  async forgetWithoutMembership(id: string): Promise<void> {
    if ((await this.membershipsOf(id)).length === 0)
      await this.database.global('DELETE FROM users WHERE id = $1', [id]);
  }

  /** The membership with its sessions. */
  async removeUser(tx: Tx, id: string): Promise<void> {
    await tx.prisma.session.deleteMany({ where: { userId: id } });
    await tx.prisma.membership.deleteMany({ where: { userId: id } });
  }

  createSession(tx: Tx, session: { id: string; userId: string; secretHash: string; expiresAt: Date }) {
    return tx.prisma.session.create({ data: session });
  }

  /** `except` keeps the session that is asking. */
  async endSessions(tx: Tx, user: string, except?: string): Promise<void> {
    await tx.prisma.session.deleteMany({
      where: { userId: user, ...(except && { secretHash: { not: except } }) },
    });
  }

  async endSession(tx: Tx, secretHash: string): Promise<void> {
    await tx.prisma.session.deleteMany({ where: { secretHash } });
  }

  tokens(tx: Tx, window: Window) {
    return tx.prisma.apiToken.findMany({
      where: { id: before(window) },
      orderBy: { id: 'desc' },
      take: window.take,
    });
  }

  token(tx: Tx, id: string) {
    return tx.prisma.apiToken.findFirst({ where: { id } });
  }

  createToken(
    tx: Tx,
    token: Omit<ApiTokenCreate, 'groups'> & {
      id: string;
      groups: string[] | null;
      createdBy: string;
      secretHash: string;
    },
  ) {
    const { groups, expiresAt, ...rest } = token;
    return tx.prisma.apiToken.create({
      data: { ...rest, limitedTo: groups ?? undefined, expiresAt: new Date(expiresAt) },
    });
  }

  async removeToken(tx: Tx, id: string): Promise<boolean> {
    return (await tx.prisma.apiToken.deleteMany({ where: { id } })).count > 0;
  }
}
