/** The room `fleet`: nodes, join tokens, groups. Nodes and groups go by id or name everywhere. */
import {
  FlowRates,
  Group,
  GroupList,
  GroupPreview,
  JoinTokenCreated,
  JoinTokenList,
  Node,
  NodeCount,
  NodeHistory,
  NodeList,
  NodeLoad,
  NodeLogs,
  NodeMetrics,
  NodeNameList,
  NodeRecording,
  NodeRunList,
  NodeWhy,
  type CountQuery,
  type FilteredPageQuery,
  type GroupChange,
  type GroupCreate,
  type JoinTokenCreate,
  type LogsQuery,
  type NodeChange,
  type NodeHistoryQuery,
  type NodeRunQuery,
  type PageQuery,
  type RecordingQuery,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { liveOf } from './live.js';
import { segment } from './pages.js';

export const fleetOf = (http: Http) => ({
  nodes: (query: FilteredPageQuery = {}) => http.ask(NodeList, 'GET', '/v1/nodes', { query }),
  nodeCount: (query: CountQuery = {}) => http.ask(NodeCount, 'GET', '/v1/nodes:count', { query }),
  node: (id: string) => http.ask(Node, 'GET', `/v1/nodes/${segment(id)}`),
  changeNode: (id: string, body: NodeChange) => http.ask(Node, 'PATCH', `/v1/nodes/${segment(id)}`, { body }),
  removeNode: (id: string) => http.tell('DELETE', `/v1/nodes/${segment(id)}`),
  revokeNode: (id: string) => http.ask(Node, 'POST', `/v1/nodes/${segment(id)}:revoke`),
  /** What it said; with `at` what it had said by then, and what ran at that moment. */
  nodeHistory: (id: string, query: NodeHistoryQuery = {}) =>
    http.ask(NodeHistory, 'GET', `/v1/nodes/${segment(id)}/history`, { query }),
  /** What ran on it and when, newest first; with `at` what ran at that moment. */
  nodeRuns: (id: string, query: NodeRunQuery = {}) =>
    http.ask(NodeRunList, 'GET', `/v1/nodes/${segment(id)}/runs`, { query }),
  nodeMetrics: (id: string) => http.ask(NodeMetrics, 'GET', `/v1/nodes/${segment(id)}/metrics`),
  /** Of one flow on it, the last hour by the minute. */
  nodeFlowRates: (id: string, flow: string) =>
    http.ask(FlowRates, 'GET', `/v1/nodes/${segment(id)}/flows/${segment(flow)}/rates`),
  /** Of the node itself, the last hour by the minute. */
  nodeLoad: (id: string) => http.ask(NodeLoad, 'GET', `/v1/nodes/${segment(id)}/load`),
  live: liveOf(http),
  /** The last lines that a node still has, of one flow or of all; go on with the `t` of the last one. */
  logs: (id: string, query: LogsQuery = {}) =>
    http.ask(NodeLogs, 'GET', `/v1/nodes/${segment(id)}/logs`, { query }),
  /** A part of what a source with a journal took. Go on behind `through` while there is `more`. */
  recording: (id: string, flow: string, query: RecordingQuery) =>
    http.ask(NodeRecording, 'GET', `/v1/nodes/${segment(id)}/flows/${segment(flow)}/recording`, { query }),
  /** Starts a flow anew on its node. */
  restart: (id: string, flow: string) =>
    http.tell('POST', `/v1/nodes/${segment(id)}:restart`, { body: { flow } }),
  /** Why it does not run what it should. */
  why: (id: string) => http.ask(NodeWhy, 'GET', `/v1/nodes/${segment(id)}/why`),

  joinTokens: (query: PageQuery = {}) => http.ask(JoinTokenList, 'GET', '/v1/join-tokens', { query }),
  createJoinToken: (body: JoinTokenCreate) => http.ask(JoinTokenCreated, 'POST', '/v1/join-tokens', { body }),
  removeJoinToken: (id: string) => http.tell('DELETE', `/v1/join-tokens/${segment(id)}`),

  groups: (query: PageQuery = {}) => http.ask(GroupList, 'GET', '/v1/groups', { query }),
  group: (id: string) => http.ask(Group, 'GET', `/v1/groups/${segment(id)}`),
  createGroup: (body: GroupCreate) => http.ask(Group, 'POST', '/v1/groups', { body }),
  changeGroup: (id: string, body: GroupChange) =>
    http.ask(Group, 'PATCH', `/v1/groups/${segment(id)}`, { body }),
  removeGroup: (id: string) => http.tell('DELETE', `/v1/groups/${segment(id)}`),
  groupNodes: (id: string, query: PageQuery = {}) =>
    http.ask(NodeNameList, 'GET', `/v1/groups/${segment(id)}/nodes`, { query }),
  previewGroup: (selector: string) =>
    http.ask(GroupPreview, 'POST', '/v1/groups:preview', { body: { selector } }),
});
