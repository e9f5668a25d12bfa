/**
 * Signed links to the disk store: one key, one method, one end, and for an upload one part of one size.
 * Guarantee: changing any of them, or asking later, is refused. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Failure } from '@millrace/schemas';

export interface Permit {
  key: string;
  /** GET also allows HEAD. */
  method: 'GET' | 'PUT';
  /** Epoch milliseconds. */
  expiresAt: number;
  upload?: string;
  part?: number;
  /** The exact length of what is PUT. */
  size?: number;
}

export function signPermit(permit: Permit, secret: Uint8Array): string {
  const query = new URLSearchParams({ method: permit.method, expires: String(permit.expiresAt) });
  if (permit.upload !== undefined) query.set('upload', permit.upload);
  if (permit.part !== undefined) query.set('part', String(permit.part));
  if (permit.size !== undefined) query.set('size', String(permit.size));
  query.set('signature', mac(permit, secret).toString('base64url'));
  return `/objects/${permit.key}?${query.toString()}`;
}

/** The permit that a link carries; throws `platform.link-refused`. */
export function readPermit(
  key: string,
  query: Record<string, string | undefined>,
  method: string,
  secret: Uint8Array,
  now: number,
): Permit {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const permit: Permit = {
    key,
    method: query.method === 'PUT' ? 'PUT' : 'GET',
    expiresAt: Number(query.expires),
    upload: query.upload,
    part: number(query.part),
    size: number(query.size),
  };
  const given = Buffer.from(query.signature ?? '', 'base64url');
  const wanted = mac(permit, secret);
  const asked = method === 'HEAD' ? 'GET' : method;
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || asked !== permit.method) {
    throw new Failure(
      'platform.link-refused',
      'This link was not made by the director for this. Ask for a new one.',
    );
  }
  if (now >= permit.expiresAt) {
    throw new Failure(
      'platform.link-refused',
      'This link has ended. Ask for a new one and go on from where you are.',
    );
  }
  return permit;
}

function mac(permit: Permit, secret: Uint8Array): Buffer {
  const { key, method, expiresAt, upload = '', part = '', size = '' } = permit;
  return createHmac('sha256', secret)
    .update(JSON.stringify([key, method, expiresAt, upload, part, size]))
    .digest();
}
