/**
 * Tells the director what is running, as it was read again just now: on every change, at every connection, and
 * every minute.
 *
 * Guarantee: a report's number is higher than that of every report before it, over kills too, so that the
 * director can drop what comes late or twice; each is signed by the node. One that cannot be sent is not kept:
 * the next one says more.
 */
import { readJson, writeAtomically } from '@millrace/blobs';
import { canonicalBytes } from '@millrace/fleet';
import {
  Failure,
  type FlowReport,
  type NodeFacts,
  type ReportPayload,
  type SignedReport,
} from '@millrace/schemas';
import { z } from 'zod';
import { backoff, pause, type Random } from '../backoff.js';
import { documentDigest } from '../flows/sets.js';
import type { Inbox } from '../desired/inbox.js';
import type { Identity } from '../identity/identity.js';
import { signBytes } from '../identity/keys.js';
import type { Log } from '../log.js';
import type { Lane } from '../reconcile/lane.js';
import { flowReport, upProcess, type Running } from './flow-report.js';

const EVERY_MS = 60_000;
/** Changes come in bursts; one report tells them all. */
const BURST_MS = 50;
const RETRY_BASE_MS = 1_000;
/** Numbers are reserved on the disk in blocks, so that a report costs no fsync. */
const BLOCK = 1_000;

export interface ReporterOptions {
  identity: Identity;
  inbox: Inbox;
  lanes: ReadonlyMap<string, Lane>;
  seqFile: string;
  facts(): Promise<NodeFacts>;
  /** Over MQTT or HTTPS; rejects when neither works. */
  send(report: SignedReport): Promise<void>;
  now(): number;
  wall(): number;
  random: Random;
  log: Log;
}

export interface Reporter {
  /** Something a report tells has changed. */
  wake(): void;
  /** Says everything once more, facts included, as after a connection. */
  tellAll(): void;
  close(): Promise<void>;
}

export async function startReporter(options: ReporterOptions): Promise<Reporter> {
  const closing = new AbortController();
  const seq = await sequence(options.seqFile);
  let wakeUp = new AbortController();
  let last = '';
  let factsDue = true;
  /** The digests that the director was last told; a plan counts bytes to fetch by them. */
  let held = '';

  async function report(force: boolean): Promise<void> {
    const { identity, inbox, wall, now, log } = options;
    const clocks = { now: now(), wall: wall() };
    const flows: FlowReport[] = [];
    for (const lane of options.lanes.values())
      flows.push(flowReport(lane, await runningOf(lane, log), clocks));
    const said = JSON.stringify({ flows, accepted: inbox.accepted?.sequence, refused: inbox.refused });
    if (!force && said === last) return;
    const facts = await options.facts();
    const holds = (facts.blobs ?? []).join();
    const payload: ReportPayload = {
      organization: identity.organization,
      node: identity.node,
      seq: await seq(),
      at: wall(),
      epoch: inbox.accepted?.epoch ?? 0,
      sequence: inbox.accepted?.sequence ?? 0,
      refused: inbox.refused,
      flows,
      ...(factsDue || holds !== held ? { facts } : {}),
    };
    const value = signBytes(identity.privateKey, canonicalBytes(payload));
    await options.send({ payload, signature: { keyId: identity.node, algorithm: 'ed25519', value } });
    last = said;
    held = holds;
    factsDue = false;
  }

  async function run(): Promise<void> {
    let failures = 0;
    let due = true;
    let toldAt = -Infinity;
    while (!closing.signal.aborted) {
      wakeUp = new AbortController();
      try {
        await report(due || factsDue);
        if (due) toldAt = options.now();
        failures = 0;
      } catch (error) {
        options.log.debug({ error: String(error) }, 'a report could not be sent; the next one says more');
        const asked = error instanceof Failure ? (error.retryAfter ?? 0) * 1000 : 0;
        last = '';
        await pause(
          Math.max(asked, backoff(++failures, RETRY_BASE_MS, EVERY_MS, options.random)),
          closing.signal,
        );
        continue;
      }
      const wait = toldAt + EVERY_MS - options.now();
      await pause(wait, AbortSignal.any([wakeUp.signal, closing.signal]));
      due = options.now() - toldAt >= EVERY_MS;
      await pause(BURST_MS, closing.signal);
    }
  }

  const done = run();
  return {
    wake: () => wakeUp.abort(),
    tellAll() {
      factsDue = true;
      wakeUp.abort();
    },
    async close() {
      closing.abort();
      await done;
    },
  };
}

/** What runs, with the digest of its document as it lies on the disk now. */
async function runningOf(lane: Lane, log: Log): Promise<Running | null> {
  const up = upProcess(lane);
  if (up === null) return null;
  try {
    return { ...up.set, found: await documentDigest(lane.folders, up.set.key) };
  } catch (error) {
    log.warn(
      { flow: lane.flow, error: String(error) },
      'the document of a running flow cannot be read again',
    );
    return { ...up.set, found: null };
  }
}

/** Numbers that rise for ever; a kill leaves a hole of at most BLOCK. */
async function sequence(path: string): Promise<() => Promise<number>> {
  const stored = z.object({ reserved: z.number() }).safeParse(await readJson(path).catch(() => undefined));
  let next = stored.success ? stored.data.reserved : 0;
  let reserved = next;
  return async () => {
    if (next >= reserved) {
      reserved = next + BLOCK;
      await writeAtomically(path, JSON.stringify({ reserved }));
    }
    return ++next;
  };
}
