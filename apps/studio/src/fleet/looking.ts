/** What a node is asked itself: its logs and a new start of a flow. */
import { NodeLogs, type LogsQuery } from '@millrace/schemas';
import { api } from '../data/api.js';

const of = (node: string) => `/v1/nodes/${encodeURIComponent(node)}`;

export const nodeLogs = (node: string, query: LogsQuery): Promise<NodeLogs> =>
  api().http.ask(NodeLogs, 'GET', `${of(node)}/logs`, { query });

export const restartFlow = (node: string, flow: string): Promise<void> =>
  api().http.tell('POST', `${of(node)}:restart`, { body: { flow } });
