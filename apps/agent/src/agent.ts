/**
 * The agent, put together and started in the order that is read here.
 *
 * Guarantee: what was good runs before anything is asked of the network, and goes on whatever the network
 * says. `close` lets every flow drain and saves what it remembers; a kill at any instant leaves old or new.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { makeFolder, openBlobFolder } from '@millrace/blobs';
import type { DirectorMessage, SeriesPlace } from '@millrace/engine';
import { Failure, type AlertMessage, type ResultMessage } from '@millrace/schemas';
import { openBuiltFolder } from './blobs/built.js';
import type { AgentConfig } from './config.js';
import { openInbox } from './desired/inbox.js';
import { readAccepted, saveAccepted } from './desired/stored.js';
import { startPoll } from './desired/poll.js';
import { trustedTime } from './desired/time.js';
import { directorApi } from './director/api.js';
import { createLink } from './director/link.js';
import { openRegistry, lockFolder } from './flows/registry.js';
import { documentDigest } from './flows/sets.js';
import { spawnFlow } from './flows/spawn.js';
import { foldersOf } from './folders.js';
import { nodeFacts } from './health/facts.js';
import { flowMetrics, nodeMeter, startMetrics } from './health/metrics.js';
import { whatRuns } from './health/runs.js';
import { readIdentity } from './identity/identity.js';
import { createLog, type Log } from './log.js';
import { alertMessage, resultMessage, type From } from './outbox/channels.js';
import { openOutbox } from './outbox/outbox.js';
import { startSender } from './outbox/sender.js';
import { collectBlobs } from './reconcile/collect.js';
import type { Lane } from './reconcile/lane.js';
import { startReconcile, type Reconcile } from './reconcile/loop.js';
import { commandHandler } from './reports/commands.js';
import { flowLogs } from './reports/flow-logs.js';
import { flowReports } from './reports/flow-report.js';
import { delivery } from './reports/deliver.js';
import { startReporter } from './reports/reporter.js';
import { sequence } from './reports/sequence.js';
import { startTaps, type Taps } from './reports/taps.js';
import { agentStatus, type AgentStatus } from './status.js';

export interface Agent {
  readonly node: string;
  readonly organization: string;
  /** What runs and why, as the next report would say it, and what waits in the outbox. */
  status(): Promise<AgentStatus>;
  /** Lets every flow drain, saves its state, says goodbye. */
  close(): Promise<void>;
}

export async function startAgent(config: AgentConfig, log: Log = createLog(config.logLevel)): Promise<Agent> {
  const { dataDir } = config;
  const folders = foldersOf(dataDir);
  const now = () => performance.now();
  const wall = () => Date.now();
  const random = () => randomInt(2 ** 32) / 2 ** 32;

  // Who this node is, alone on its folder, with nothing left of an earlier life.
  const identity = await readIdentity(folders);
  if (identity === undefined) {
    throw new Failure(
      'fleet.not-enrolled',
      `${dataDir} holds no identity. Join the node with \`millrace node join --url URL --token CODE\` first.`,
    );
  }
  await makeFolder(dataDir);
  const unlock = await lockFolder(folders);
  const registry = await openRegistry(folders, log);

  // What flows say is kept from the first moment on.
  const bounds = { maxBytes: config.outboxBytes, maxAgeMs: config.outboxAgeMs, now: wall };
  const wakeSenders = () => [alertSender, resultSender].forEach((sender) => sender?.wake());
  let alertSender: ReturnType<typeof startSender<AlertMessage>> | undefined;
  let resultSender: ReturnType<typeof startSender<ResultMessage>> | undefined;
  const alerts = await openOutbox<AlertMessage>(join(folders.outbox, 'alert'), {
    ...bounds,
    onAdded: wakeSenders,
  });
  const results = await openOutbox<ResultMessage>(join(folders.outbox, 'result'), {
    ...bounds,
    onAdded: wakeSenders,
  });
  async function keep(message: DirectorMessage, place: SeriesPlace | undefined, from: From): Promise<void> {
    if (message.channel === 'alert') {
      const alert = alertMessage(message, from);
      const make = (number: number) => ({ ...alert, number });
      await (place ? alerts.addOnce({ ...place, count: 1 }, make) : alerts.add(make));
    } else {
      const result = resultMessage(message, from);
      const { records } = result;
      const make = (number: number, known = 0) => ({ ...result, records: records.slice(known), number });
      await (place ? results.addOnce({ ...place, count: records.length }, make) : results.add(make));
    }
  }

  // What was good runs: no network so far.
  const api = directorApi(identity.url, identity.credential);
  const time = trustedTime({ api, identity, now, wall });
  const blobs = await openBlobFolder(folders.blobs);
  const built = await openBuiltFolder(folders.built, blobs);
  const logs = flowLogs({ wall });
  let changed = () => undefined as void;
  const inbox = openInbox({
    identity,
    accepted: await readAccepted(folders, identity, log),
    save: (state) => saveAccepted(folders, state),
    time,
    log,
    onAccepted: ({ flows, expiresAt }) => reconcile.desire(flows, expiresAt),
    onRefused: () => changed(),
  });
  const reconcile: Reconcile = await startReconcile({
    folders,
    blobs,
    built,
    builds(pid) {
      const failed = (error: unknown) =>
        log.warn({ pid, error: String(error) }, 'a process is not on record');
      const added = registry.add(pid, 'group').catch(failed);
      return () => void added.then(() => registry.remove(pid)).catch(failed);
    },
    api,
    blobBytes: config.blobBytes,
    roots: config.paths,
    spawn: (lane, key) =>
      spawnFlow(lane, key, {
        entry: config.hostEntry,
        heapMb: config.flowMemoryMb,
        registry,
        log,
        now,
        keep,
        logs,
        onFrame: (...frame) => taps.frame(...frame),
        onChange: () => changed(),
      }),
    collect: (tight) => collectBlobs({ blobs, built }, reconcile.lanes, inbox.accepted, log, tight),
    now,
    wall,
    random,
    log,
    note: (flow, level, message) => logs.add(flow, level, '', message),
    trustedNow: inbox.trustedNow,
    onChange: () => changed(),
  });
  if (inbox.accepted !== null) reconcile.desire(inbox.accepted.flows, inbox.accepted.expiresAt);

  // The director: heard over MQTT, asked over HTTPS, told over either.
  const { lanes } = reconcile;
  const taps: Taps = startTaps({ lanes, now, wall, publish: (reply) => link.publish('reply', reply) });
  const command = commandHandler({
    identity,
    trustedNow: inbox.trustedNow,
    restart: reconcile.restart,
    hasFlow: (flow) => lanes.has(flow),
    workFolder: (flow) => folders.flow(flow).work,
    logs,
    taps,
  });
  const link = createLink({
    identity,
    log,
    wall,
    onConnection(connected) {
      wakeSenders();
      if (!connected) return;
      reporter.tellAll();
      poll.wake();
    },
    on: {
      async desired(message) {
        if ('payload' in message) await inbox.take(message);
        else if (inbox.isNews(message)) poll.wake();
      },
      ack: async ({ channel, through }) =>
        (channel === 'alert' ? alertSender : resultSender)?.acknowledge(through),
      async command(signed) {
        const reply = await command(signed);
        if (reply !== undefined) await link.publish('reply', reply);
      },
    },
  });
  const connected = () => link.connected;
  const poll = startPoll({
    api,
    intervalMs: config.pollMs,
    connected,
    take: inbox.take,
    onAnswer: (failure) => void (failure === undefined && time.refresh()),
    random,
    log,
  });
  const sending = { connected, random, log };
  const through = (acks: { channel: string; through: number }[], channel: string) =>
    acks.find((ack) => ack.channel === channel)?.through ?? 0;
  alertSender = startSender<AlertMessage>({
    ...sending,
    outbox: alerts,
    publish: (message) => link.publish('alert', message),
    post: async (messages, signal) => through((await api.send({ alerts: messages }, signal)).acks, 'alert'),
  });
  resultSender = startSender<ResultMessage>({
    ...sending,
    outbox: results,
    publish: (message) => link.publish('result', message),
    post: async (messages, signal) => through((await api.send({ results: messages }, signal)).acks, 'result'),
  });

  // What this node tells of itself.
  const runs = whatRuns({ now, onChange: () => reporter.tellAll() });
  const foundOnDisk = (lane: Lane, key: string) =>
    documentDigest(lane.folders, key).catch((error: unknown) => {
      const { flow } = lane;
      log.warn({ flow, error: String(error) }, 'the document of a running flow cannot be read again');
      return null;
    });
  const held = async () => (await blobs.list()).filter(({ partial }) => !partial).map(({ digest }) => digest);
  const flows = () => flowReports(lanes.values(), foundOnDisk, { now: now(), wall: wall() });
  const reporter = startReporter({
    identity,
    inbox,
    flows,
    nextNumber: await sequence(folders.reportSeq),
    facts: async () => nodeFacts(dataDir, await held(), runs.facts()),
    send: delivery({ link, api, inbox, poll }),
    now,
    wall,
    random,
    log,
  });
  changed = reporter.wake;
  const counts = () => {
    const [one, two] = [alerts.counts(), results.counts()];
    const sum = (name: keyof typeof one) => one[name] + two[name];
    return { made: sum('made'), sent: sum('sent'), buffered: sum('buffered'), dropped: sum('dropped') };
  };
  const metrics = startMetrics({
    flows: () => flowMetrics(lanes),
    node: nodeMeter(dataDir),
    outbox: counts,
    wall,
    send: (message) => (link.connected ? link.publish('metrics', message) : Promise.resolve()),
  });

  // Last, since whatever is heard finds everything ready.
  link.connect();

  return {
    node: identity.node,
    organization: identity.organization,
    status: () =>
      agentStatus({
        lanes,
        flows,
        inbox,
        connected,
        outbox: counts,
        metrics: () => flowMetrics(lanes),
        taps: taps.counts,
      }),
    async close() {
      metrics.close();
      taps.close();
      await poll.close();
      await reconcile.close();
      await reporter.close();
      await Promise.all([alertSender?.close(), resultSender?.close()]);
      await link.close();
      await Promise.all([alerts.close(), results.close()]);
      await unlock();
    },
  };
}
