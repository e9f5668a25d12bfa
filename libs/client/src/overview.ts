/** The overview: how everything stands, in one answer. */
import { Overview } from '@millrace/schemas';
import type { Http } from './http.js';

export const overviewOf = (http: Http) => ({
  get: () => http.ask(Overview, 'GET', '/v1/overview'),
});
