/**
 * The canonical form of JSON (RFC 8785) and the digest of a flow.
 *
 * Guarantee: the same flow gives the same digest however it was written, and in Node and a browser alike.
 * What does not run is no part of it: positions on the canvas and the description.
 */
import canonicalizeModule from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { FlowDocument } from '@millrace/schemas';

// The package is CommonJS and its types speak of a default export, so the types call a function a module.
const serialize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** Throws for what JSON cannot say: NaN, infinity, a value that is undefined. */
export function canonicalize(value: unknown): string {
  const text = serialize(value);
  if (text === undefined) throw new TypeError('undefined has no canonical form');
  return text;
}

/** `sha256:` and 64 hexadecimal digits over the UTF-8 of the canonical form. */
export function digestOf(value: unknown): string {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(canonicalize(value))))}`;
}

/** The digest of a version, when the document is locked (lockResources). */
export function flowDigest(document: FlowDocument): string {
  const { layout: _layout, metadata, ...rest } = document;
  const { description: _description, ...kept } = metadata;
  return digestOf({ ...rest, metadata: kept });
}
