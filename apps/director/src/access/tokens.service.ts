/** API tokens: credentials of programs, with scopes and an end. */
import { Injectable, Optional } from '@nestjs/common';
import {
  Failure,
  Permission,
  type ApiToken,
  type ApiTokenCreate,
  type ApiTokenCreated,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { hashOf, newId, newSecret } from '../platform/id.js';
import { AccessStore } from './access.store.js';
import { Audit } from './audit.js';
import { formatCredential } from './credential.js';
import { GroupNames } from './group-names.js';
import { assertWithin } from './limits.js';
import type { Principal } from './principal.js';
import { groupIds } from './users.service.js';

@Injectable()
export class TokensService {
  constructor(
    private readonly database: Database,
    private readonly store: AccessStore,
    private readonly audit: Audit,
    private readonly clock: Clock,
    @Optional() private readonly groups?: GroupNames,
  ) {}

  list(who: Principal, query: PageQuery): Promise<Page<ApiToken>> {
    const window = windowOf(query);
    return this.database.within(who.organization, async (tx) =>
      pageFrom(await this.store.tokens(tx, window), window, (row) => row.id, tokenOf),
    );
  }

  get(who: Principal, id: string): Promise<ApiToken> {
    return this.database.within(who.organization, async (tx) => {
      const row = await this.store.token(tx, id);
      if (!row) throw missing(id);
      return tokenOf(row);
    });
  }

  async create(who: Principal, wanted: ApiTokenCreate): Promise<ApiTokenCreated> {
    // A token works as its maker; one that a token had made would have no person behind it.
    if (who.kind !== 'user') {
      throw new Failure(
        'access.forbidden',
        'A token cannot make tokens. Sign in with POST /v1/sessions first.',
      );
    }
    const beyond = wanted.scopes.filter((scope) => !who.permissions.has(scope));
    if (beyond.length > 0) {
      throw new Failure(
        'access.forbidden',
        `You do not have ${beyond.join(', ')} yourself, so a token of yours cannot either.`,
      );
    }
    if (Date.parse(wanted.expiresAt) <= this.clock.now()) {
      throw new Failure(
        'platform.invalid-request',
        'The token would have ended already. Choose an expiresAt to come.',
        {
          errors: [{ pointer: '/expiresAt', detail: 'lies in the past' }],
        },
      );
    }
    if (wanted.groups && wanted.scopes.includes('access.write')) {
      throw new Failure(
        'platform.invalid-request',
        'access.write gives rights to everybody, so a token with it is not limited to groups. Leave one of them out.',
        { errors: [{ pointer: '/groups', detail: 'not with access.write' }] },
      );
    }
    return this.database.within(who.organization, async (tx) => {
      const id = newId(this.clock.now());
      const secret = newSecret();
      const groups = wanted.groups ? await groupIds(tx, this.groups, wanted.groups) : null;
      assertWithin(
        who,
        (groups ?? []).map((group) => ({ id: group, name: group })),
      );
      const { name, scopes, expiresAt } = wanted;
      const made = { id, name, scopes, groups, expiresAt, createdBy: who.id, secretHash: hashOf(secret) };
      const row = await this.store.createToken(tx, made);
      const details = { name, scopes, groups, expiresAt };
      this.audit.record(tx, who, { action: 'access.create-token', subject: `token:${id}`, details });
      const token = formatCredential({ kind: 'token', organization: who.organization, secret });
      return { ...tokenOf(row), token };
    });
  }

  async remove(who: Principal, id: string): Promise<void> {
    await this.database.within(who.organization, async (tx) => {
      if (!(await this.store.removeToken(tx, id))) throw missing(id);
      this.audit.record(tx, who, { action: 'access.remove-token', subject: `token:${id}` });
    });
  }
}

const missing = (id: string) =>
  new Failure('platform.not-found', `There is no token ${id} in this organization.`);

function tokenOf(row: {
  id: string;
  name: string;
  scopes: string[];
  limitedTo: unknown;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
}): ApiToken {
  const { id, name, scopes, createdBy, createdAt, expiresAt } = row;
  return {
    id,
    name,
    groups: row.limitedTo as string[] | null,
    scopes: Permission.options.filter((permission) => scopes.includes(permission)),
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
