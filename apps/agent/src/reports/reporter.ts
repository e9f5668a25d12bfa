/**
 * Tells the director what is running, as it was read again just now: on every change, at every connection, and
 * every minute.
 *
 * Guarantee: a report's number is higher than that of every report before it, over kills too, so that the
 * director can drop what comes late or twice; each is signed by the node. One that cannot be sent is not kept:
 * the next one says more.
 */
import { canonicalBytes } from '@millrace/fleet';
import {
  Failure,
  type FlowReport,
  type NodeFacts,
  type ReportPayload,
  type SignedReport,
} from '@millrace/schemas';
import { backoff, pause, type Random } from '../backoff.js';
import type { Inbox } from '../desired/inbox.js';
import type { Identity } from '../identity/identity.js';
import { signBytes } from '../identity/keys.js';
import type { Log } from '../log.js';

const EVERY_MS = 60_000;
/** Changes come in bursts; one report tells them all. */
const BURST_MS = 50;
const RETRY_BASE_MS = 1_000;

export interface ReporterOptions {
  identity: Pick<Identity, 'organization' | 'node' | 'privateKey'>;
  inbox: Pick<Inbox, 'accepted' | 'refused'>;
  /** What of each flow is to be told, looked at now. */
  flows(): Promise<FlowReport[]>;
  /** Numbers that rise for ever: see sequence.ts. */
  nextNumber(): Promise<number>;
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

export function startReporter(options: ReporterOptions): Reporter {
  const closing = new AbortController();
  let wakeUp = new AbortController();
  let last = '';
  let factsDue = true;
  /** The digests that the director was last told; a plan counts bytes to fetch by them. */
  let held = '';

  async function report(force: boolean): Promise<void> {
    const { identity, inbox, wall } = options;
    const flows = await options.flows();
    const said = JSON.stringify({ flows, accepted: inbox.accepted?.sequence, refused: inbox.refused });
    if (!force && said === last) return;
    const facts = await options.facts();
    const holds = (facts.blobs ?? []).join();
    const payload: ReportPayload = {
      organization: identity.organization,
      node: identity.node,
      seq: await options.nextNumber(),
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
