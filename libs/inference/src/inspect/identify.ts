/**
 * What a file is by its first bytes, and whether opening it could run code that it brings along. No name is looked at.
 *
 * Guarantee: errs towards code. What cannot be looked into, since nothing here unpacks it, counts as able to run code.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import type { FileFormat } from '@millrace/schemas';
import { limits } from './limits.js';
import { looksLikePickle, mentionsJoblib, numpyWithObjects } from './pickle.js';
import { beginsSafetensors } from './safetensors.js';
import { begin, partial } from './zip.js';

export interface Identity {
  format: FileFormat;
  inside: FileFormat[];
  runsCode: boolean;
}

const magics: [FileFormat, number[], number?][] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['hdf5', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a]],
  ['parquet', [0x50, 0x41, 0x52, 0x31]],
  ['numpy', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ['tar', [0x75, 0x73, 0x74, 0x61, 0x72], 257],
];

/** Nothing here unpacks them, and joblib writes its pickles into each. */
const opaque: ReadonlySet<FileFormat> = new Set(['bzip2', 'xz', 'zstd', 'lz4']);

/** `head` is the beginning of a file of `size` bytes. */
export function identify(head: Uint8Array, size: number, layer = 0): Identity {
  const whole = head.length >= size;
  const is = (format: FileFormat, runsCode = false, inside: FileFormat[] = []): Identity => ({
    format,
    runsCode,
    inside,
  });
  if (head.length === 0) return is('empty');
  const magic = magics.find(([, bytes, at = 0]) => bytes.every((byte, i) => head[at + i] === byte))?.[0];
  const peek = head.subarray(0, limits.peek);
  if (magic === 'gzip')
    return within(
      'gzip',
      begin(() => gunzipSync(peek, partial)),
      layer,
    );
  if (magic === 'numpy') return is('numpy', numpyWithObjects(head));
  // A tar begins with a name, which may be a pickle all the same.
  if (magic !== undefined && (magic !== 'tar' || !looksLikePickle(head, whole)))
    return is(magic, opaque.has(magic));
  if (looksLikePickle(head, whole)) return is(mentionsJoblib(head) ? 'joblib' : 'pickle', true);
  // zlib has a check of its first two bytes, which a text may pass; joblib compresses with it by default.
  if (head[0] === 0x78 && ((head[0] << 8) | (head[1] ?? 0)) % 31 === 0) {
    const inner = begin(() => inflateSync(peek, partial));
    if (inner.length > 0) return within('zlib', inner, layer);
  }
  if (beginsSafetensors(head, size)) return is('safetensors');
  const text = asText(head, whole);
  if (text !== undefined) return is(textFormat(text));
  return is(beginsOnnx(head) ? 'onnx' : 'unknown');
}

/** `inner`: how the content begins. Unknown to be harmless is not harmless: what does not show counts as code. */
function within(format: 'gzip' | 'zlib', inner: Uint8Array, layer: number): Identity {
  if (layer >= limits.layers || inner.length === 0) return { format, inside: [], runsCode: true };
  const { format: first, inside, runsCode } = identify(inner, Number.POSITIVE_INFINITY, layer + 1);
  return { format, inside: [first, ...inside], runsCode };
}

/** Tags that a ModelProto may begin with: one of its own fields, in its own wire type. */
const modelTags = new Set([0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]);

/** ONNX has no magic number. Nearly every writer starts with the IR version, a small number. */
function beginsOnnx(head: Uint8Array): boolean {
  if (head[0] === 0x08) return head[1]! < 0x80 && (head.length === 2 || modelTags.has(head[2]!));
  return modelTags.has(head[0]!) && head.length > 1;
}

function asText(head: Uint8Array, whole: boolean): string | undefined {
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return undefined;
  try {
    // `stream` lets a letter be cut by the end of the window.
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: !whole });
  } catch {
    return undefined;
  }
}

function textFormat(text: string): FileFormat {
  if (/^\s*[[{]/.test(text)) return 'json';
  const rows = text.split(/\r?\n/).slice(0, 5).filter(Boolean);
  const separator = [',', ';', '\t'].find((mark) => rows[0]?.includes(mark));
  if (!separator || rows.length < 2) return 'text';
  const columns = rows[0]!.split(separator).length;
  // The last row may be cut by the window.
  return rows.slice(0, -1).every((row) => row.split(separator).length === columns) ? 'csv' : 'text';
}
