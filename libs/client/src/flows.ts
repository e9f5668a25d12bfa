/** The room `flows`: drafts, checks, versions. */
import {
  Flow,
  FlowChecked,
  FlowDiffReply,
  FlowDraft,
  FlowDraftSaves,
  FlowList,
  FlowVersion,
  FlowVersionDetails,
  FlowVersionList,
  type FlowCreate,
  type FlowDiffQuery,
  type PageQuery,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';
import { testRunsOf } from './test-runs.js';

const yaml = (content: string) => ({ content, type: 'application/yaml' });

export const flowsOf = (http: Http) => ({
  ...testRunsOf(http),
  list: (query: PageQuery = {}) => http.ask(FlowList, 'GET', '/v1/flows', { query }),
  get: (name: string) => http.ask(Flow, 'GET', `/v1/flows/${segment(name)}`),
  create: (body: FlowCreate) => http.ask(Flow, 'POST', '/v1/flows', { body }),
  remove: (name: string) => http.tell('DELETE', `/v1/flows/${segment(name)}`),
  /** With its ETag, which the next save sends as `ifMatch`. */
  draft: (name: string) => http.answer(FlowDraft, 'GET', `/v1/flows/${segment(name)}/draft`),
  /** The text as it is, so that its comments stay. */
  saveDraft: (name: string, text: string, ifMatch: string | undefined) =>
    http.answer(FlowDraft, 'PUT', `/v1/flows/${segment(name)}/draft`, {
      text: yaml(text),
      headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    }),
  /** Every save of the draft is kept; newest first. */
  saves: (name: string, query: PageQuery = {}) =>
    http.ask(FlowDraftSaves, 'GET', `/v1/flows/${segment(name)}/drafts`, { query }),
  saved: (name: string, revision: number) =>
    http.ask(FlowDraft, 'GET', `/v1/flows/${segment(name)}/drafts/${revision}`),
  /** Of this text, or of the draft. */
  check: (name: string, text?: string) =>
    http.ask(FlowChecked, 'POST', `/v1/flows/${segment(name)}:check`, {
      text: text === undefined ? undefined : yaml(text),
    }),
  /** Answered with 200 and the newest version when nothing changed since. */
  publish: (name: string, note?: string) =>
    http.answer(FlowVersion, 'POST', `/v1/flows/${segment(name)}:publish`, {
      body: { note },
      // Requirements are resolved by an index of packages.
      timeoutMs: 6 * 60_000,
    }),
  versions: (name: string, query: PageQuery = {}) =>
    http.ask(FlowVersionList, 'GET', `/v1/flows/${segment(name)}/versions`, { query }),
  version: (name: string, version: number) =>
    http.ask(FlowVersionDetails, 'GET', `/v1/flows/${segment(name)}/versions/${version}`),
  diff: (name: string, query: FlowDiffQuery) =>
    http.ask(FlowDiffReply, 'GET', `/v1/flows/${segment(name)}:diff`, { query }),
});
