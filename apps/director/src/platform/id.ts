/**
 * Ids and secrets. An id sorts by the time it was made, so that newest first is `ORDER BY id DESC`, and is
 * safe in a URL, an MQTT topic and a file name.
 */
import { createHash, randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, lower case

/** 48 bits of milliseconds and 80 random ones (a ULID in lower case, 26 characters). */
export function newId(now: number = Date.now(), random: Uint8Array = randomBytes(10)): string {
  let value = BigInt(now);
  for (const byte of random.subarray(0, 10)) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

/** 32 random bytes, base64url: what a credential's secret part is made of. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** SHA-256, hex. Enough for a secret of 256 random bits; passwords go through argon2. */
export const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
