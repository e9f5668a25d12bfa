/** The room `alerts`: what flows say a person should know, and the results that they send up. */
import {
  Alert,
  AlertCount,
  AlertList,
  AlertSignal,
  ResultList,
  type AlertCountQuery,
  type AlertQuery,
  type PageQuery,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const alertsOf = (http: Http) => ({
  list: (query: AlertQuery = {}) => http.ask(AlertList, 'GET', '/v1/alerts', { query }),
  count: (query: AlertCountQuery = {}) => http.ask(AlertCount, 'GET', '/v1/alerts:count', { query }),
  get: (id: string) => http.ask(Alert, 'GET', `/v1/alerts/${segment(id)}`),
  /** What the flow saw around it; a Failure `alerts.no-signal` when it came with none. */
  signal: (id: string) => http.ask(AlertSignal, 'GET', `/v1/alerts/${segment(id)}/signal`),
  acknowledge: (id: string) => http.ask(Alert, 'POST', `/v1/alerts/${segment(id)}:acknowledge`),
  results: (flow: string, query: PageQuery = {}) =>
    http.ask(ResultList, 'GET', `/v1/flows/${segment(flow)}/results`, { query }),
});
