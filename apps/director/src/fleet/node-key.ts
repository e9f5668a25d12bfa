/** A node's own key: Ed25519, as SPKI DER in base64. Pure. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { canonicalBytes } from '@millrace/fleet';
import { Failure, type Signature } from '@millrace/schemas';

/** Throws when this is no Ed25519 key. */
export function readNodeKey(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // falls through to the refusal
  }
  throw new Failure(
    'fleet.key-invalid',
    'signingKey must be an Ed25519 public key: SPKI, DER, base64. Let the agent make a new identity.',
    { errors: [{ pointer: '/signingKey', detail: 'not an Ed25519 key' }] },
  );
}

/** Whether the node that brought this key signed exactly this payload. */
export function isSignedBy(key: string, payload: unknown, signature: Signature): boolean {
  return verify(null, canonicalBytes(payload), readNodeKey(key), Buffer.from(signature.value, 'base64url'));
}
