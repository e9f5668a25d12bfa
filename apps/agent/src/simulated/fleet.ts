/**
 * Many simulated nodes in one process: they join with one token, a few at a time, and live until they are closed.
 *
 * Guarantee: which of them fail and which stay away is the same for the same seed; joining obeys the director's
 * Retry-After; `close` ends every connection and leaves nothing on the disk that it was not told to keep.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobFolder } from '@millrace/blobs';
import { Failure, type Metrics } from '@millrace/schemas';
import { backoff, pause, type Random } from '../backoff.js';
import { foldersOf } from '../folders.js';
import { nodeFacts } from '../health/facts.js';
import { nodeMeter } from '../health/metrics.js';
import { enrol } from '../identity/enrol.js';
import type { Identity } from '../identity/identity.js';
import { makeKey } from '../identity/keys.js';
import type { Log } from '../log.js';
import { chosen, randomOf } from './chance.js';
import { startSimulatedNode, type SimulatedNode } from './node.js';

/** Joins and farewells under way at a time. */
const AT_A_TIME = 8;
const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 30_000;
/** One look at the machine serves all of its nodes for this long. */
const METER_MS = 5_000;

export interface SimulateOptions {
  url: string;
  token: string;
  nodes: number;
  /** What their names begin with. */
  prefix: string;
  /** Resources are fetched and checked, into a folder a node. */
  fetch: boolean;
  /** Where those folders are; absent: a temporary one that goes with the simulation. */
  dataDir?: string;
  /** Share of the nodes, 0 to 1, that roll back every version which replaces another. */
  fail: number;
  /** Share of the nodes that join and then are never heard of. */
  offline: number;
  seed: number;
  pollMs: number;
  log: Log;
  signal?: AbortSignal;
  onChange?(counts: SimulatedCounts): void;
}

export interface SimulatedCounts {
  joined: number;
  connected: number;
  /** Of those that joined, how many stay away. */
  offline: number;
}

export interface SimulatedFleet {
  /** Ids in the order of joining. */
  readonly nodes: readonly string[];
  counts(): SimulatedCounts;
  close(): Promise<void>;
}

/** Resolves when all have joined. */
export async function simulateFleet(options: SimulateOptions): Promise<SimulatedFleet> {
  const { url, token, nodes: count, prefix, seed, log, signal } = options;
  const random = randomOf(seed);
  const failing = chosen(count, options.fail, random);
  const away = chosen(count, options.offline, random);
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'millrace-simulate-')));
  const facts = { ...(await nodeFacts(dataDir)), simulated: true };
  const meter = shared(nodeMeter(dataDir));
  const ids: string[] = [];
  const living: SimulatedNode[] = [];
  const digits = Math.max(4, String(count).length);

  const counts = (): SimulatedCounts => ({
    joined: ids.length,
    connected: living.filter(({ connected }) => connected).length,
    offline: ids.length - living.length,
  });

  async function begin(index: number): Promise<void> {
    const name = `${prefix}-${String(index + 1).padStart(digits, '0')}`;
    const own = { ...facts, hostname: name };
    const { privatePem, publicSpki } = makeKey();
    const request = { token, name, signingKey: publicSpki, facts: own };
    const stored = await persistently(() => enrol(url, request, signal), random, signal);
    const identity: Identity = { ...stored, privateKey: createPrivateKey(privatePem) };
    ids.push(identity.node);
    if (!away.has(index)) {
      const folders = foldersOf(join(dataDir, identity.node));
      const blobs = options.fetch ? await openBlobFolder(folders.blobs) : undefined;
      const { pollMs } = options;
      const fails = failing.has(index);
      living.push(
        startSimulatedNode({ identity, folders, blobs, fails, pollMs, facts: own, meter, random, log }),
      );
    }
    options.onChange?.(counts());
  }

  async function close(): Promise<void> {
    await severally(living.length, (index) => living[index]!.close());
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  }

  try {
    await severally(count, begin, signal);
  } catch (error) {
    await close();
    throw error;
  }
  return { nodes: ids, counts, close };
}

/** Work for each of so many, a few at a time; the first failure ends it once what is under way has ended. */
async function severally(
  count: number,
  work: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const failed = new AbortController();
  const run = async () => {
    while (next < count && !failed.signal.aborted) {
      signal?.throwIfAborted();
      await work(next++).catch((error: unknown) => {
        failed.abort();
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_A_TIME }, run));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Again while it is an outage or asked too often. */
async function persistently<T>(
  work: () => Promise<T>,
  random: Random,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !(error instanceof Failure) || !mayPass(error)) throw error;
      const asked = (error.retryAfter ?? 0) * 1_000;
      await pause(asked + backoff(failures, RETRY_BASE_MS, RETRY_CAP_MS, random), signal);
      signal?.throwIfAborted();
    }
  }
}

const mayPass = ({ code, row }: Failure) => code === 'platform.too-many-requests' || row.kind === 'outage';

function shared(meter: () => Promise<Metrics['node']>): () => Promise<Metrics['node']> {
  let last: { at: number; found: Promise<Metrics['node']> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at >= METER_MS) last = { at: now, found: meter() };
    return last.found;
  };
}
