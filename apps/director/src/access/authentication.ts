/**
 * Whose credential this is, and what it may do now. Asked at every request and, while a stream is open, every
 * few seconds.
 */
import { Injectable } from '@nestjs/common';
import { Failure, type Permission, type Role } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { hashOf } from '../platform/id.js';
import { parseCredential, type Credential } from './credential.js';
import { narrower } from './limits.js';
import { effective, grants } from './permissions.js';
import type { Principal } from './principal.js';

@Injectable()
export class Authentication {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Throws 401 when the credential is of no user or token, has ended, or was revoked. */
  async who(text: string, requestId?: string): Promise<Principal> {
    const credential = parseCredential(text);
    const principal = credential && (await this.find(credential));
    if (!principal) {
      throw new Failure(
        'access.unauthenticated',
        'The token is not valid, or has ended. Sign in again with POST /v1/sessions.',
      );
    }
    return { ...principal, requestId };
  }

  private async find(credential: Credential): Promise<Principal | undefined> {
    if (credential.kind === 'session') return this.session(credential);
    if (credential.kind === 'token') return this.token(credential);
    return undefined;
  }

  private async session({ organization, secret }: Credential): Promise<Principal | undefined> {
    const [row] = await this.database.withinSql(organization, (tx) =>
      tx.sql<{ id: string; email: string; name: string; role: Role; limited_to: string[] | null }>(
        `SELECT u.id, u.email, u.name, m.role, m.limited_to FROM sessions s
         JOIN users u ON u.id = s.user_id JOIN memberships m ON m.user_id = s.user_id
         WHERE s.organization_id = $1 AND s.secret_hash = $2 AND s.expires_at > $3`,
        [organization, hashOf(secret), new Date(this.clock.now())],
      ),
    );
    if (!row) return undefined;
    const { id, email, name, role } = row;
    const permissions = new Set<Permission>(grants[role]);
    return {
      kind: 'user',
      organization,
      actor: `user:${id}`,
      id,
      email,
      name,
      role,
      permissions,
      person: id,
      groups: narrower(row.limited_to, null),
    };
  }

  /** Nobody's, once the person who made it has left. */
  private async token({ organization, secret }: Credential): Promise<Principal | undefined> {
    const [row] = await this.database.withinSql(organization, (tx) =>
      tx.sql<{
        id: string;
        name: string;
        scopes: string[];
        role: Role;
        person: string;
        limits: (string[] | null)[];
      }>(
        `SELECT t.id, t.name, t.scopes, m.role, t.created_by AS person,
           jsonb_build_array(t.limited_to, m.limited_to) AS limits FROM api_tokens t
         JOIN memberships m ON m.user_id = t.created_by
         WHERE t.organization_id = $1 AND t.secret_hash = $2 AND t.expires_at > $3`,
        [organization, hashOf(secret), new Date(this.clock.now())],
      ),
    );
    if (!row) return undefined;
    const permissions = new Set(effective(row.scopes, row.role));
    const { id, name, person } = row;
    return {
      kind: 'token',
      organization,
      actor: `token:${id}`,
      id,
      name,
      permissions,
      person,
      groups: narrower(row.limits[0] ?? null, row.limits[1] ?? null),
    };
  }
}
