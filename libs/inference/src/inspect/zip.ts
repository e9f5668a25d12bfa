/**
 * Reads the directory of a zip file, and the first bytes of its entries when asked; unpacks nothing to the disk.
 *
 * Guarantee: bounded entries, directory and peeks; an entry that leads out of the archive, links, overlaps another,
 * cannot be looked into or claims more than deflate can hold is a Failure.
 * Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { inflateRawSync } from 'node:zlib';
import { constants } from 'node:zlib';
import { Failure } from '@millrace/schemas';
import { limits } from './limits.js';
import type { ByteSource } from './source.js';

export interface ZipEntry {
  name: string;
  bytes: number;
  packed: number;
  deflated: boolean;
  crc: number;
  /** As Unix has it; 0 when another system wrote it. */
  mode: number;
  /** Where its packed bytes begin. */
  start(source: ByteSource): Promise<number>;
  /** Its first bytes unpacked, at most `limits.peek`. */
  head(source: ByteSource): Promise<Uint8Array>;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, and the longest comment that may follow it. */
const TAIL = 22 + 0xffff;
/** Written by; other systems have no links. */
const UNIX = 3;

export async function readZip(source: ByteSource): Promise<ZipEntry[]> {
  const tailStart = Math.max(0, source.size - TAIL);
  const tail = Buffer.from(await source.read(tailStart, source.size - tailStart));
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) throw broken('it has no directory at its end');
  const count = tail.readUInt16LE(at + 10);
  const length = tail.readUInt32LE(at + 12);
  const start = tail.readUInt32LE(at + 16);
  if (count === 0xffff || start === 0xffffffff) throw tooComplex('more than 65,534 entries or 4 GiB');
  if (count > limits.archiveEntries)
    throw tooComplex(`${count} entries; ${limits.archiveEntries} are the most`);
  if (length > limits.archiveDirectory) throw tooComplex(`a directory of ${length} bytes`);
  if (start + length > source.size) throw broken('its directory lies beyond its end');
  const directory = Buffer.from(await source.read(start, length));
  const entries: Placed[] = [];
  for (let n = 0, p = 0; n < count; n++) {
    if (p + 46 > directory.length || directory.readUInt32LE(p) !== ENTRY)
      throw broken('its directory breaks off');
    const nameLength = directory.readUInt16LE(p + 28);
    const name = directory.toString('utf8', p + 46, p + 46 + nameLength);
    if (nameLength > limits.name) throw tooComplex(`a path of ${nameLength} bytes`);
    if (escapes(name)) throw leadsOut(name);
    entries.push(entryOf(name, directory.subarray(p, p + 46)));
    p += 46 + nameLength + directory.readUInt16LE(p + 30) + directory.readUInt16LE(p + 32);
  }
  assertHonest(entries, start);
  return entries.map(({ entry }) => entry);
}

/** Whether it can be read as a zip file from its end, whatever stands before. */
export async function endsAsZip(source: ByteSource): Promise<boolean> {
  const tailStart = Math.max(0, source.size - TAIL);
  const tail = Buffer.from(await source.read(tailStart, source.size - tailStart));
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const end = tailStart + at;
    if (tail.readUInt16LE(at + 10) > 0 && tail.readUInt32LE(at + 12) + tail.readUInt32LE(at + 16) <= end)
      return true;
  }
  return false;
}

interface Placed {
  entry: ZipEntry;
  at: number;
}

function entryOf(name: string, record: Buffer): Placed {
  const method = record.readUInt16LE(10);
  const packed = record.readUInt32LE(20);
  const bytes = record.readUInt32LE(24);
  const at = record.readUInt32LE(42);
  if ((record.readUInt16LE(8) & 1) !== 0) throw tooComplex(`"${name}" is encrypted and cannot be looked at`);
  if (bytes > 0 && method !== 0 && method !== 8)
    throw tooComplex(
      `"${name}" is packed by method ${method}; only stored and deflated files can be looked at`,
    );
  // Whatever system it says that it comes from.
  const mode = record.readUInt16LE(40);
  if ((mode & 0o170000) === 0o120000)
    throw new Failure(
      'catalogue.path-escapes',
      `The archive holds "${name}", which is a link and no plain file. Pack it again without.`,
    );
  if (method === 0 && bytes !== packed) throw broken(`"${name}" has two sizes`);
  if (bytes > packed * limits.archiveRatio)
    throw tooComplex(`"${name}" claims ${bytes} bytes out of ${packed}`);
  const start = (source: ByteSource) => startOf(source, at, packed);
  return {
    at,
    entry: {
      name,
      bytes,
      packed,
      deflated: method === 8,
      crc: record.readUInt32LE(16),
      mode: record[5] === UNIX ? mode : 0,
      start,
      async head(source) {
        if (bytes === 0) return new Uint8Array(0);
        const from = await start(source);
        const head = Uint8Array.from(await source.read(from, Math.min(packed, limits.peek)));
        if (method === 0) return head;
        const unpacked = begin(() => inflateRawSync(head, partial));
        if (unpacked.length === 0) throw broken(`"${name}" cannot be unpacked`);
        return unpacked;
      },
    },
  };
}

/** Entries that share bytes, or a name, are no work of a packer; many small liars make a bomb. */
function assertHonest(entries: readonly Placed[], end: number): void {
  const names = new Set(entries.map(({ entry }) => entry.name));
  if (names.size < entries.length) throw broken('two of its entries have the same name');
  const total = entries.reduce((sum, { entry }) => sum + entry.bytes, 0);
  if (total > limits.archiveBytes) throw tooComplex(`${total} bytes when it is unpacked`);
  const sorted = entries.toSorted((a, b) => a.at - b.at);
  for (const [i, { at, entry }] of sorted.entries()) {
    const next = sorted[i + 1]?.at ?? end;
    if (at + 30 + entry.packed > next) throw broken(`"${entry.name}" overlaps what follows it`);
  }
}

async function startOf(source: ByteSource, at: number, packed: number): Promise<number> {
  if (at + 30 > source.size) throw broken('an entry lies beyond its end');
  const local = Buffer.from(await source.read(at, 30));
  if (local.readUInt32LE(0) !== LOCAL) throw broken('an entry is not where its directory says');
  const start = at + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (start + packed > source.size) throw broken('an entry lies beyond its end');
  return start;
}

/** Decompress what is there, and no more than a peek. */
export const partial = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 8 * 1024 * 1024 } as const;

/** Of `limits.peek` packed bytes, which unpack to 4.2 MiB at the very most. What is no deflate shows nothing. */
export function begin(inflate: () => Uint8Array): Uint8Array {
  try {
    return inflate().subarray(0, limits.peek);
  } catch {
    return new Uint8Array(0);
  }
}

/** Whether a path from a file would lead out of the folder it belongs in, on any system. */
export function escapes(path: string): boolean {
  return (
    path === '' ||
    path.includes('\0') ||
    /^[/\\]/.test(path) ||
    /^[a-z]:/i.test(path) ||
    path.split(/[/\\]/).includes('..')
  );
}

export const leadsOut = (name: string): Failure =>
  new Failure(
    'catalogue.path-escapes',
    `The archive holds "${name}", which leads out of its folder. Pack it again with relative paths.`,
  );

function broken(what: string): Failure {
  return new Failure(
    'catalogue.model-broken',
    `The zip file is damaged or cut off: ${what}. Upload it again.`,
  );
}

function tooComplex(what: string): Failure {
  return new Failure('catalogue.model-too-complex', `The zip file goes beyond a limit: ${what}.`);
}
