/**
 * Words of the room `access`: people, sessions, tokens, roles and permissions, the audit log.
 */
import { z } from 'zod';

export const Role = z.enum(['admin', 'operator', 'data-scientist', 'viewer']).meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

/** What a role or a token may do; `room.verb`. A token's scopes are a list of these. */
export const Permission = z
  .enum([
    'access.read',
    'access.write',
    'audit.read',
    'flows.read',
    'flows.write',
    'catalogue.read',
    'catalogue.write',
    'catalogue.promote',
    'fleet.read',
    'fleet.write',
    'deployments.read',
    'deployments.write',
    'deployments.approve',
    'promotions.read',
    'promotions.write',
    'promotions.approve',
    'alerts.read',
    'alerts.write',
    'events.read',
    'overview.read',
  ])
  .meta({ id: 'Permission' });
export type Permission = z.infer<typeof Permission>;

/** Query of every list: newest first, `next` of the last page as `cursor`. */
export const PageQuery = z.object({
  cursor: z.string().max(1_000).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** The shape of every list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
export type Page<Item> = { items: Item[]; next: string | null };

const Time = z.iso.datetime();
const Id = z.string().min(1).max(64);
const Name = z.string().trim().min(1).max(120);
const Email = z.email().max(254);
/** At least 10 characters; the largest keeps argon2 from chewing megabytes. */
const Password = z.string().min(10).max(256);

export const Organization = z
  .object({
    id: Id,
    name: z.string(),
    /** Whether models may be uploaded that only the worker that opens them understands, such as pickles. */
    allowPickle: z.boolean(),
    createdAt: Time,
  })
  .meta({ id: 'Organization' });
export type Organization = z.infer<typeof Organization>;

export const OrganizationChange = z.object({ allowPickle: z.boolean() }).meta({ id: 'OrganizationChange' });
export type OrganizationChange = z.infer<typeof OrganizationChange>;

/** Ids or names; whoever is limited to groups changes nothing on nodes of others. Reading is not limited. */
const GroupsGiven = z.array(z.string().min(1).max(128)).max(1_000);
/** Ids; null: all. */
const LimitedTo = z.array(Id).nullable();

export const User = z
  .object({ id: Id, email: z.string(), name: z.string(), role: Role, groups: LimitedTo, createdAt: Time })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;
export const UserList = pageOf(User).meta({ id: 'UserList' });

export const UserCreate = z
  .object({ email: Email, name: Name, role: Role, password: Password, groups: GroupsGiven.optional() })
  .meta({ id: 'UserCreate' });
export type UserCreate = z.infer<typeof UserCreate>;

export const UserChange = z
  .object({
    role: Role.optional(),
    /** Null: no longer limited. */
    groups: GroupsGiven.nullable().optional(),
  })
  .meta({ id: 'UserChange' });
export type UserChange = z.infer<typeof UserChange>;

export const PasswordChange = z
  .object({ current: z.string().min(1).max(256), password: Password })
  .meta({ id: 'PasswordChange' });
export type PasswordChange = z.infer<typeof PasswordChange>;

export const SessionCreate = z
  .object({
    email: z.string().min(1).max(254),
    password: z.string().min(1).max(256),
    /** Id or name; needed only by people of several organizations. */
    organization: z.string().min(1).max(120).optional(),
  })
  .meta({ id: 'SessionCreate' });
export type SessionCreate = z.infer<typeof SessionCreate>;

export const Session = z
  .object({ token: z.string(), expiresAt: Time, organization: Id })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

/** Who the credential of this request belongs to, and what it may do. */
export const Me = z
  .object({
    kind: z.enum(['user', 'token']),
    id: Id,
    name: z.string(),
    email: z.string().optional(),
    role: Role.optional(),
    organization: Organization,
    permissions: z.array(Permission),
    groups: LimitedTo,
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

export const RoleGrants = z
  .object({ role: Role, permissions: z.array(Permission) })
  .meta({ id: 'RoleGrants' });
export const RoleList = pageOf(RoleGrants).meta({ id: 'RoleList' });
export type RoleList = z.infer<typeof RoleList>;

export const ApiToken = z
  .object({
    id: Id,
    name: z.string(),
    scopes: z.array(Permission),
    groups: LimitedTo,
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time,
  })
  .meta({ id: 'ApiToken' });
export type ApiToken = z.infer<typeof ApiToken>;
export const ApiTokenList = pageOf(ApiToken).meta({ id: 'ApiTokenList' });

export const ApiTokenCreate = z
  .object({
    name: Name,
    scopes: z.array(Permission).min(1).max(50),
    groups: GroupsGiven.optional(),
    expiresAt: Time,
  })
  .meta({ id: 'ApiTokenCreate' });
export type ApiTokenCreate = z.infer<typeof ApiTokenCreate>;

/** The only time that the token itself is shown. */
export const ApiTokenCreated = ApiToken.extend({ token: z.string() }).meta({ id: 'ApiTokenCreated' });
export type ApiTokenCreated = z.infer<typeof ApiTokenCreated>;

export const AuditEntry = z
  .object({
    sequence: z.number().int().positive(),
    at: Time,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
    requestId: z.string().nullable(),
    previous: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;
export const AuditList = pageOf(AuditEntry).meta({ id: 'AuditList' });

const Pattern = z.string().min(1).max(200);
/** Each as it is written, where `*` stands for any text: `action=flows.*`, `subject=node:*`. */
export const AuditQuery = PageQuery.extend({
  actor: Pattern.optional(),
  action: Pattern.optional(),
  subject: Pattern.optional(),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

/** One message of `GET /v1/events`: `type` names what happened, `subject` to whom. */
export const LiveEvent = z
  .object({ id: z.string(), t: z.number().int(), type: z.string(), subject: z.string(), data: z.unknown() })
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.infer<typeof LiveEvent>;
