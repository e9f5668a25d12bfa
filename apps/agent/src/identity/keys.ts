/** Ed25519 with node:crypto: the node's own key, and the check of the director's signatures. */
import { createPublicKey, generateKeyPairSync, sign, verify as check, type KeyObject } from 'node:crypto';
import type { Verify } from '@millrace/fleet';

export function makeKey(): { privatePem: string; publicSpki: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicSpki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

/** base64url, no padding. */
export function signBytes(key: KeyObject, bytes: Uint8Array): string {
  return sign(null, bytes, key).toString('base64url');
}

/** Never throws: a key or signature that cannot be read is a signature that is not good. */
export const verifySignature: Verify = (key, bytes, value) => {
  try {
    const publicKey = createPublicKey({
      key: Buffer.from(key.publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    });
    return (
      publicKey.asymmetricKeyType === 'ed25519' &&
      check(null, bytes, publicKey, Buffer.from(value, 'base64url'))
    );
  } catch {
    return false;
  }
};
