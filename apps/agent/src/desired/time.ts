/**
 * The time by which signed states expire: the director's own, signed, once it was asked; until then the larger of
 * the node's clock and the moment at which the newest accepted state was signed.
 *
 * Guarantee: nobody in between can move it (the answer carries our nonce and a signature), and a clock on this
 * node that stands wrong or steps has no say once the director has answered. It decides about installing only;
 * nothing that runs ever looks at it.
 */
import { canonicalBytes } from '@millrace/fleet';
import { Failure } from '@millrace/schemas';
import { randomBytes } from 'node:crypto';
import type { DirectorApi } from '../director/api.js';
import type { Identity } from '../identity/identity.js';
import { verifySignature } from '../identity/keys.js';

const FRESH_MS = 3_600_000;

export interface TrustedTime {
  /** Epoch milliseconds. `issuedAt`: of the newest accepted state. */
  at(issuedAt: number): number;
  /** Asks the director; rejects when it does not answer with a good signature. */
  ask(): Promise<void>;
  /** The same when the last answer is old, and without a word when it fails. */
  refresh(): Promise<void>;
}

export interface TimeOptions {
  api: Pick<DirectorApi, 'time'>;
  identity: Pick<Identity, 'keys'>;
  /** Monotonic and epoch milliseconds. */
  now(): number;
  wall(): number;
}

export function trustedTime({ api, identity, now, wall }: TimeOptions): TrustedTime {
  let signed: { time: number; at: number } | undefined;

  async function ask(): Promise<void> {
    const nonce = randomBytes(16).toString('base64url');
    const { payload, signature } = await api.time(nonce);
    const key = identity.keys.find(({ keyId }) => keyId === signature.keyId);
    const good = key !== undefined && verifySignature(key, canonicalBytes(payload), signature.value);
    if (!good || payload.nonce !== nonce) {
      throw new Failure(
        'platform.message-invalid',
        "The time that came as the director's is not signed by it.",
      );
    }
    // The answer may have been under way for a while, so it is rather early than late.
    signed = { time: payload.time, at: now() };
  }

  return {
    at: (issuedAt) =>
      signed === undefined ? Math.max(wall(), issuedAt) : Math.max(signed.time + now() - signed.at, issuedAt),
    ask,
    async refresh() {
      if (signed === undefined || now() - signed.at > FRESH_MS) await ask().catch(() => undefined);
    },
  };
}
