/** The room `access`: sessions, who one is, API tokens, the audit log. */
import {
  ApiTokenCreated,
  ApiTokenList,
  AuditList,
  Me,
  Session,
  UserList,
  type ApiTokenCreate,
  type AuditQuery,
  type PageQuery,
  type SessionCreate,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const accessOf = (http: Http) => ({
  signIn: (body: SessionCreate) => http.ask(Session, 'POST', '/v1/sessions', { body }),
  signOut: () => http.tell('DELETE', '/v1/sessions/current'),
  me: () => http.ask(Me, 'GET', '/v1/me'),
  users: (query: PageQuery = {}) => http.ask(UserList, 'GET', '/v1/users', { query }),
  tokens: (query: PageQuery = {}) => http.ask(ApiTokenList, 'GET', '/v1/tokens', { query }),
  createToken: (body: ApiTokenCreate) => http.ask(ApiTokenCreated, 'POST', '/v1/tokens', { body }),
  revokeToken: (id: string) => http.tell('DELETE', `/v1/tokens/${segment(id)}`),
  audit: (query: AuditQuery = {}) => http.ask(AuditList, 'GET', '/v1/audit', { query }),
});
