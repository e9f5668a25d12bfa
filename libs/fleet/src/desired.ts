/**
 * Who may tell a node what to be: the bytes that are signed, and the rules by which a desired state is taken.
 *
 * Guarantee: what `judgeDesired` takes was signed by enough distinct trusted keys, is meant for this node, is
 * newer than all that was taken before, and may still be installed. It looks at nothing inside the flows and
 * does no cryptography of its own: `verify` is the caller's (node:crypto on both sides).
 */
import canonicalize from 'canonicalize';
import type { DesiredPayload, PublicKey, ReasonCode, SignedDesired } from '@millrace/schemas';

/** UTF-8 of the canonical JSON (RFC 8785): the only bytes that are ever signed or hashed. */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = (canonicalize as unknown as (value: unknown) => string | undefined)(value);
  if (text === undefined) throw new Error('only JSON values have a canonical form');
  return new TextEncoder().encode(text);
}

/** True when `value` (base64url) is the key's ed25519 signature of the bytes. Must not throw. */
export type Verify = (key: PublicKey, bytes: Uint8Array, value: string) => boolean;

export interface NodeTrust {
  organization: string;
  node: string;
  keys: readonly PublicKey[];
  /** How many distinct keys must have signed. */
  threshold: number;
  /** The newest state taken so far; null: none yet. */
  accepted: { epoch: number; sequence: number } | null;
  /** Epoch ms by the director's signed time, else the larger of the node's clock and the last `issuedAt`. */
  now: number;
}

export type Judgement =
  | { verdict: 'take' }
  /** The state that the node already has: nothing to do and nothing wrong. */
  | { verdict: 'known' }
  | { verdict: 'refuse'; code: ReasonCode; detail: string };

export function judgeDesired(
  { payload, signatures }: SignedDesired,
  trust: NodeTrust,
  verify: Verify,
): Judgement {
  if (payload.organization !== trust.organization || payload.node !== trust.node) {
    return refuse(
      'WRONG_NODE',
      `it is addressed to node ${payload.node} of organization ${payload.organization}`,
    );
  }
  const bytes = canonicalBytes(payload);
  const good = new Set<string>();
  for (const { keyId, value } of signatures) {
    const key = trust.keys.find((known) => known.keyId === keyId);
    if (key !== undefined && verify(key, bytes, value)) good.add(keyId);
  }
  if (good.size < trust.threshold) {
    return refuse(
      'SIGNATURE_INVALID',
      `${good.size} of the ${trust.threshold} signatures needed are good; signed by ${signatures.map((s) => s.keyId).join(', ')}`,
    );
  }
  const order = compareStates(payload, trust.accepted);
  if (order === 0) return { verdict: 'known' };
  if (order < 0) {
    const { epoch, sequence } = trust.accepted!;
    return refuse(
      'ROLLBACK_REFUSED',
      `it is number ${payload.epoch}.${payload.sequence}, and ${epoch}.${sequence} was taken before: an old state sent again`,
    );
  }
  if (payload.expiresAt <= trust.now) {
    return refuse('EXPIRED', `it could be installed until ${new Date(payload.expiresAt).toISOString()}`);
  }
  return { verdict: 'take' };
}

/** Negative when `state` is older than `than`, 0 when it is the same, positive when it is newer. */
export function compareStates(
  state: Pick<DesiredPayload, 'epoch' | 'sequence'>,
  than: Pick<DesiredPayload, 'epoch' | 'sequence'> | null,
): number {
  if (than === null) return 1;
  return state.epoch - than.epoch || state.sequence - than.sequence;
}

const refuse = (code: ReasonCode, detail: string): Judgement => ({ verdict: 'refuse', code, detail });
