/**
 * `millrace simulate`: joins the nodes, says when all are there, and lives until a signal.
 *
 * Guarantee: Ctrl-C ends every connection before the process ends, also while nodes are still joining.
 */
import { resolve } from 'node:path';
import { createLog, readConfig, simulateFleet, type SimulatedFleet } from '@millrace/agent';
import { connect } from '../connection.js';
import { print } from '../output/format.js';
import { progress } from '../output/progress.js';
import { talk } from '../output/talk.js';

export interface Simulation {
  nodes: number;
  url?: string;
  token?: string;
  group?: string;
  labels: Record<string, string>;
  prefix: string;
  fetch: boolean;
  data?: string;
  fail: number;
  offline: number;
  seed: number;
  json: boolean;
}

/** All are connected by then, or the director has no broker. */
const CONNECT_MS = 30_000;
const LOOK_MS = 100;

export async function simulate(options: Simulation): Promise<void> {
  const { nodes, prefix, fetch, fail, offline, seed, json } = options;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  if (process.connected) process.on('disconnect', () => stop.abort());
  const { url, token } = await joining(options);
  const { pollMs, logLevel } = readConfig({ MILLRACE_LOG_LEVEL: 'error', ...process.env });
  const line = progress();
  let fleet: SimulatedFleet;
  try {
    fleet = await simulateFleet({
      url,
      token,
      nodes,
      prefix,
      fetch,
      fail,
      offline,
      seed,
      pollMs,
      log: createLog(logLevel),
      signal: stop.signal,
      ...(options.data !== undefined && { dataDir: resolve(options.data) }),
      onChange: ({ joined, connected }) => line.show(`${joined} of ${nodes} joined, ${connected} connected`),
    });
  } catch (error) {
    if (stop.signal.aborted) return talk('stopped while nodes were joining');
    throw error;
  } finally {
    line.end();
  }
  await allConnected(fleet, stop.signal);
  const { joined, connected, offline: away } = fleet.counts();
  if (json) print(JSON.stringify({ ready: true, nodes: joined, connected, offline: away }));
  talk(
    `${joined} simulated nodes joined ${url}: ${connected} connected, ${away} stay away; Ctrl-C ends them`,
  );
  await aborted(stop.signal);
  talk('stopping: every node says goodbye');
  await fleet.close();
}

async function joining({
  url,
  token,
  nodes,
  group,
  labels,
}: Simulation): Promise<{ url: string; token: string }> {
  if (url !== undefined && token !== undefined) return { url, token };
  const director = await connect();
  const made = await director.fleet.createJoinToken({ group, labels, uses: nodes, minutes: 60 });
  return { url: director.url, token: made.token };
}

async function allConnected(fleet: SimulatedFleet, signal: AbortSignal): Promise<void> {
  const end = Date.now() + CONNECT_MS;
  while (!signal.aborted && Date.now() < end) {
    const { joined, connected, offline } = fleet.counts();
    if (connected === joined - offline) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
