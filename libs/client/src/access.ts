/** The room `access`: sessions, who one is, API tokens, the audit log. */
import {
  ApiTokenCreated,
  ApiTokenList,
  AuditList,
  Me,
  Organization,
  RoleList,
  Session,
  User,
  UserList,
  type ApiTokenCreate,
  type AuditQuery,
  type OrganizationChange,
  type PageQuery,
  type PasswordChange,
  type SessionCreate,
  type UserChange,
  type UserCreate,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const accessOf = (http: Http) => ({
  signIn: (body: SessionCreate) => http.ask(Session, 'POST', '/v1/sessions', { body }),
  signOut: () => http.tell('DELETE', '/v1/sessions/current'),
  me: () => http.ask(Me, 'GET', '/v1/me'),
  changePassword: (body: PasswordChange) => http.tell('POST', '/v1/me:change-password', { body }),
  organization: () => http.ask(Organization, 'GET', '/v1/organization'),
  changeOrganization: (body: OrganizationChange) =>
    http.ask(Organization, 'PATCH', '/v1/organization', { body }),
  roles: () => http.ask(RoleList, 'GET', '/v1/roles'),
  users: (query: PageQuery = {}) => http.ask(UserList, 'GET', '/v1/users', { query }),
  createUser: (body: UserCreate) => http.ask(User, 'POST', '/v1/users', { body }),
  changeUser: (id: string, body: UserChange) => http.ask(User, 'PATCH', `/v1/users/${segment(id)}`, { body }),
  /** Their sessions end, and their tokens can do nothing from now on. */
  removeUser: (id: string) => http.tell('DELETE', `/v1/users/${segment(id)}`),
  tokens: (query: PageQuery = {}) => http.ask(ApiTokenList, 'GET', '/v1/tokens', { query }),
  createToken: (body: ApiTokenCreate) => http.ask(ApiTokenCreated, 'POST', '/v1/tokens', { body }),
  revokeToken: (id: string) => http.tell('DELETE', `/v1/tokens/${segment(id)}`),
  audit: (query: AuditQuery = {}) => http.ask(AuditList, 'GET', '/v1/audit', { query }),
});
