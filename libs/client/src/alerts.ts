/** The room `alerts`: what flows say a person should know, and the results that they send up. */
import { Alert, AlertList, ResultList, type AlertQuery, type PageQuery } from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const alertsOf = (http: Http) => ({
  list: (query: AlertQuery = {}) => http.ask(AlertList, 'GET', '/v1/alerts', { query }),
  get: (id: string) => http.ask(Alert, 'GET', `/v1/alerts/${segment(id)}`),
  acknowledge: (id: string) => http.ask(Alert, 'POST', `/v1/alerts/${segment(id)}:acknowledge`),
  results: (flow: string, query: PageQuery = {}) =>
    http.ask(ResultList, 'GET', `/v1/flows/${segment(flow)}/results`, { query }),
});
