/**
 * One simulated node: an identity, a connection, an inbox and reports like those of an agent, by the agent's own code;
 * flows that are brought up in memory (flows.ts).
 *
 * Guarantee: it accepts only what was signed for it, and what it reports of itself says `simulated`. Its identity lives
 * as long as the process: started again, a simulation joins new nodes.
 */
import type { BlobFolder } from '@millrace/blobs';
import type { Metrics, NodeFacts } from '@millrace/schemas';
import type { Random } from '../backoff.js';
import { openInbox } from '../desired/inbox.js';
import { startPoll } from '../desired/poll.js';
import { trustedTime } from '../desired/time.js';
import { directorApi } from '../director/api.js';
import { createLink } from '../director/link.js';
import type { Folders } from '../folders.js';
import { startMetrics } from '../health/metrics.js';
import type { Identity } from '../identity/identity.js';
import type { Log } from '../log.js';
import { commandHandler } from '../reports/commands.js';
import { flowReports } from '../reports/flow-report.js';
import { delivery } from '../reports/deliver.js';
import { startReporter } from '../reports/reporter.js';
import { simulatedFlows } from './flows.js';

export interface SimulatedNodeOptions {
  identity: Identity;
  folders: Folders;
  /** Absent: nothing is fetched. */
  blobs?: BlobFolder;
  /** Rolls back every version that replaces another one. */
  fails: boolean;
  pollMs: number;
  facts: NodeFacts;
  /** Of the machine, which all nodes of a simulation share. */
  meter(): Promise<Metrics['node']>;
  random: Random;
  log: Log;
}

export interface SimulatedNode {
  readonly node: string;
  /** Whether MQTT works. */
  readonly connected: boolean;
  close(): Promise<void>;
}

export function startSimulatedNode(options: SimulatedNodeOptions): SimulatedNode {
  const { identity, folders, blobs, fails, pollMs, random, log } = options;
  const now = () => performance.now();
  const wall = () => Date.now();
  const api = directorApi(identity.url, identity.credential);
  const time = trustedTime({ api, identity, now, wall });
  const inbox = openInbox({
    identity,
    time,
    log,
    accepted: null,
    save: async () => undefined,
    onAccepted: ({ flows: wanted, expiresAt }) => flows.desire(wanted, expiresAt),
    onRefused: () => reporter.wake(),
  });
  const { trustedNow } = inbox;
  const flows = simulatedFlows({
    folders,
    api,
    blobs,
    fails,
    now,
    wall,
    trustedNow,
    random,
    log,
    onChange: () => reporter.wake(),
  });
  const command = commandHandler({
    identity,
    trustedNow,
    restart: flows.restart,
    hasFlow: (flow) => flows.lanes.has(flow),
    workFolder: (flow) => folders.flow(flow).work,
    logs: { has: () => false, read: () => [] },
    taps: { tap: () => 'a simulated node has no stream to look at' },
  });
  const link = createLink({
    identity,
    log,
    wall,
    onConnection(connected) {
      if (!connected) return;
      reporter.tellAll();
      poll.wake();
    },
    on: {
      async desired(message) {
        if ('payload' in message) await inbox.take(message);
        else if (inbox.isNews(message)) poll.wake();
      },
      ack: async () => undefined,
      async command(signed) {
        const reply = await command(signed);
        if (reply !== undefined) await link.publish('reply', reply);
      },
    },
  });
  const poll = startPoll({
    api,
    intervalMs: pollMs,
    connected: () => link.connected,
    take: inbox.take,
    onAnswer: (failure) => void (failure === undefined && time.refresh()),
    random,
    log,
  });
  let number = 0;
  const reporter = startReporter({
    identity,
    inbox,
    flows: () => flowReports(flows.lanes.values(), flows.documentDigest, { now: now(), wall: wall() }),
    nextNumber: async () => ++number,
    facts: async () => ({ ...options.facts, blobs: (await flows.held()).slice(0, 1000) }),
    send: delivery({ link, api, inbox, poll }),
    now,
    wall,
    random,
    log,
  });
  const metrics = startMetrics({
    flows: flows.metrics,
    node: options.meter,
    wall,
    send: (message) => (link.connected ? link.publish('metrics', message) : Promise.resolve()),
  });
  link.connect();

  return {
    node: identity.node,
    get connected() {
      return link.connected;
    },
    async close() {
      metrics.close();
      await poll.close();
      await flows.close();
      await reporter.close();
      await link.close();
    },
  };
}
