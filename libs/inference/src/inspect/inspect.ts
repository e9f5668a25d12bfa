/**
 * Says what a file is from its bytes, and what a model wants and gives.
 *
 * Guarantee: no name is looked at, nothing of the file is loaded or run, time and memory are bounded. A file
 * that begins like a format and then breaks its rules is a Failure that says where.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import type { FileFormat, Inspection } from '@millrace/schemas';
import { limits } from './limits.js';
import { describeOnnx } from './onnx-support.js';
import { readOnnx } from './onnx.js';
import { looksLikePickle, mentionsJoblib, numpyWithObjects } from './pickle.js';
import { beginsRuntime, inspectRuntime } from './runtime.js';
import { beginsSafetensors, readSafetensors } from './safetensors.js';
import { bytesSource, fileSource, type ByteSource } from './source.js';
import { begin, partial, readZip, type ZipEntry } from './zip.js';

/** Bytes from the beginning that decide. Joblib names itself within the first few hundred. */
const HEAD = 64 * 1024;

export async function inspectFile(path: string): Promise<Inspection> {
  const source = await fileSource(path);
  try {
    return await inspect(source);
  } finally {
    await source.close();
  }
}

export function inspectBytes(bytes: Uint8Array): Promise<Inspection> {
  return inspect(bytesSource(bytes));
}

export async function inspect(source: ByteSource): Promise<Inspection> {
  const bytes = source.size;
  // A copy: sources may use their memory again.
  const head = Uint8Array.from(await source.read(0, Math.min(HEAD, bytes)));
  const { format, inside, runsCode } = identify(head, bytes);
  const found = { format, bytes, runsCode, ...(inside.length > 0 && { inside }) };
  if (format === 'onnx') return { ...found, ...(await inspectOnnx(source)) };
  if (format === 'safetensors') return { ...found, safetensors: await readSafetensors(source) };
  if (format === 'json' && beginsRuntime(head)) return { ...found, ...(await inspectRuntime(source)) };
  if (format === 'zip') return { ...found, ...inspectEntries(await readZip(source)) };
  return found;
}

async function inspectOnnx(source: ByteSource): Promise<Partial<Inspection>> {
  const { onnx, unsupported } = await describeOnnx(await readOnnx(source), source);
  return { onnx, ...(unsupported.length > 0 && { unsupported }) };
}

function inspectEntries(entries: readonly ZipEntry[]): Partial<Inspection> {
  const found = entries.map(({ head, bytes }) => identify(head, bytes, 1));
  const runsCode = found.some((entry) => entry.runsCode);
  const inside = [
    ...new Set(found.flatMap(({ format, inside }) => [format, ...inside]).filter((f) => f !== 'empty')),
  ];
  // TorchScript keeps its compiled code and constants beside the pickle.
  const torch = entries.some(({ name }) => /(^|\/)(constants\.pkl|code\/.*\.py)$/.test(name));
  return {
    runsCode,
    entries: entries.length,
    inside,
    ...(runsCode && torch && { format: 'torchscript' as const }),
  };
}

interface Identity {
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

function identify(head: Uint8Array, size: number, layer = 0): Identity {
  const whole = head.length >= size;
  const is = (format: FileFormat, runsCode = false, inside: FileFormat[] = []): Identity => ({
    format,
    runsCode,
    inside,
  });
  if (head.length === 0) return is('empty');
  const magic = magics.find(([, bytes, at = 0]) => bytes.every((byte, i) => head[at + i] === byte))?.[0];
  if (magic === 'gzip') return within('gzip', head, () => gunzipSync(head, partial), layer);
  if (magic === 'numpy') return is('numpy', numpyWithObjects(head));
  if (magic) return is(magic);
  if (looksLikePickle(head, whole)) return is(mentionsJoblib(head) ? 'joblib' : 'pickle', true);
  // zlib has a check of its first two bytes: joblib compresses with it by default.
  if (head[0] === 0x78 && ((head[0] << 8) | (head[1] ?? 0)) % 31 === 0)
    return within('zlib', head, () => inflateSync(head, partial), layer);
  if (beginsSafetensors(head, size)) return is('safetensors');
  const text = asText(head, whole);
  if (text !== undefined) return is(textFormat(text));
  return is(beginsOnnx(head) ? 'onnx' : 'unknown');
}

function within(
  format: 'gzip' | 'zlib',
  head: Uint8Array,
  inflate: () => Uint8Array,
  layer: number,
): Identity {
  const inner = layer < limits.layers ? begin(inflate) : new Uint8Array(0);
  // Unknown to be harmless is not harmless: what cannot be looked into counts as able to run code.
  if (inner.length === 0) return { format, inside: [], runsCode: layer >= limits.layers };
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
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d))
    return undefined;
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
