/** What this agent would say if it were asked: for the command line on the node itself, and for tests. */
import type { FlowMetrics, FlowReport } from '@millrace/schemas';
import type { Inbox, Refused } from './desired/inbox.js';
import type { OutboxCounts } from './outbox/outbox.js';
import type { Lane } from './reconcile/lane.js';
import type { TapCounts } from './reports/taps.js';

export interface AgentStatus {
  /** Whether MQTT works. */
  connected: boolean;
  epoch: number;
  sequence: number;
  refused: Refused | null;
  flows: FlowReport[];
  metrics: FlowMetrics[];
  outbox: OutboxCounts;
  /** Looks of the director at running flows, and frames for them. */
  taps: TapCounts;
  /** Process numbers by flow. */
  processes: Record<string, number[]>;
}

export interface StatusOptions {
  lanes: ReadonlyMap<string, Lane>;
  flows(): Promise<FlowReport[]>;
  inbox: Inbox;
  connected(): boolean;
  outbox(): OutboxCounts;
  metrics(): FlowMetrics[];
  taps(): TapCounts;
}

export async function agentStatus({
  lanes,
  flows,
  inbox,
  connected,
  outbox,
  metrics,
  taps,
}: StatusOptions): Promise<AgentStatus> {
  const processes: Record<string, number[]> = {};
  for (const lane of lanes.values())
    processes[lane.flow] = [...lane.processes.values()].map(({ pid }) => pid);
  return {
    connected: connected(),
    epoch: inbox.accepted?.epoch ?? 0,
    sequence: inbox.accepted?.sequence ?? 0,
    refused: inbox.refused,
    flows: await flows(),
    metrics: metrics(),
    outbox: outbox(),
    taps: taps(),
    processes,
  };
}
