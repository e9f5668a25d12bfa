/**
 * Reads the directory of a zip file and the first bytes of its entries; unpacks nothing.
 *
 * Guarantee: bounded entries, directory and peeks; an entry whose path leads out of the archive is a Failure.
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
  /** The first bytes, at most `limits.peek`; empty when not looked at. */
  head: Uint8Array;
}

/** An entry as the directory tells of it. */
export interface ZipPlace {
  name: string;
  method: number;
  encrypted: boolean;
  crc: number;
  /** Bytes in the file, and unpacked. */
  packed: number;
  bytes: number;
  /** Where its own header stands. */
  at: number;
  /** As Unix has it; 0 when another system wrote it. */
  mode: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, and the longest comment that may follow it. */
const TAIL = 22 + 0xffff;
const UNIX = 3;

export async function readZip(source: ByteSource): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (const place of await zipDirectory(source)) {
    const looked = entries.length < limits.archivePeeks && place.bytes > 0 && !place.encrypted;
    const head = looked ? await peek(source, place) : new Uint8Array(0);
    entries.push({ name: place.name, bytes: place.bytes, head });
  }
  return entries;
}

export async function zipDirectory(source: ByteSource): Promise<ZipPlace[]> {
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
  const places: ZipPlace[] = [];
  for (let n = 0, p = 0; n < count; n++) {
    if (p + 46 > directory.length || directory.readUInt32LE(p) !== ENTRY)
      throw broken('its directory breaks off');
    const nameLength = directory.readUInt16LE(p + 28);
    const name = directory.toString('utf8', p + 46, p + 46 + nameLength);
    if (nameLength > limits.name) throw tooComplex(`a path of ${nameLength} bytes`);
    if (escapes(name)) throw leadsOut(name);
    places.push({
      name,
      method: directory.readUInt16LE(p + 10),
      encrypted: (directory.readUInt16LE(p + 8) & 1) !== 0,
      crc: directory.readUInt32LE(p + 16),
      packed: directory.readUInt32LE(p + 20),
      bytes: directory.readUInt32LE(p + 24),
      at: directory.readUInt32LE(p + 42),
      mode: directory[p + 5] === UNIX ? directory.readUInt16LE(p + 40) : 0,
    });
    p += 46 + nameLength + directory.readUInt16LE(p + 30) + directory.readUInt16LE(p + 32);
  }
  return places;
}

/** Where the packed bytes of an entry begin. */
export async function zipContent(source: ByteSource, { at }: Pick<ZipPlace, 'at'>): Promise<number> {
  if (at + 30 > source.size) throw broken('an entry lies beyond its end');
  const local = Buffer.from(await source.read(at, 30));
  if (local.readUInt32LE(0) !== LOCAL) throw broken('an entry is not where its directory says');
  return at + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
}

async function peek(source: ByteSource, entry: ZipPlace): Promise<Uint8Array> {
  const start = await zipContent(source, entry);
  const length = Math.min(entry.packed, limits.peek, source.size - start);
  if (length <= 0) return new Uint8Array(0);
  const bytes = Uint8Array.from(await source.read(start, length));
  if (entry.method === 0) return bytes;
  return entry.method === 8 ? begin(() => inflateRawSync(bytes, partial)) : new Uint8Array(0);
}

/** Decompress what is there, and no more than a peek. */
export const partial = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1024 * 1024 } as const;

/** 4 KiB deflate to 4 MiB at the very most; what bursts the bound, or is no deflate, shows nothing. */
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
