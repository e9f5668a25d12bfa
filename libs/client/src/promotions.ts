/** Promotions, of the room `deployments`: an alias moves, and every flow that follows it goes to its nodes. */
import {
  Promotion,
  PromotionList,
  PromotionPlan,
  type PromotionCreate,
  type PromotionQuery,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const promotionsOf = (http: Http) => {
  const of = (id: string) => `/v1/promotions/${segment(id)}`;
  return {
    list: (query: PromotionQuery = {}) => http.ask(PromotionList, 'GET', '/v1/promotions', { query }),
    get: (id: string) => http.ask(Promotion, 'GET', of(id)),
    /** What a promotion would do; changes nothing. Its ETag is the alias's. */
    plan: (body: PromotionCreate) => http.answer(PromotionPlan, 'POST', '/v1/promotions:plan', { body }),
    /** With the plan's ETag: only while the alias stands where the plan saw it. */
    promote: (body: PromotionCreate, ifMatch?: string) =>
      http.ask(Promotion, 'POST', '/v1/promotions', {
        body,
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
      }),
    approve: (id: string) => http.ask(Promotion, 'POST', `${of(id)}:approve`),
    reject: (id: string, note?: string) =>
      http.ask(Promotion, 'POST', `${of(id)}:reject`, { body: note === undefined ? undefined : { note } }),
    /** The alias back, and every node back to what it ran before. */
    revert: (id: string) => http.ask(Promotion, 'POST', `${of(id)}:revert`),
  };
};
