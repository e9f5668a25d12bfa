/**
 * Walks the headers of a tar file; unpacks nothing. Format: POSIX.1-2017, pax, "ustar Interchange Format".
 *
 * Guarantee: bounded entries; an entry that leads out of the archive, links, or is no plain file or folder is a
 * Failure, and so is a header that lies.
 */
import { Failure } from '@millrace/schemas';
import { limits } from './limits.js';
import type { ByteSource } from './source.js';
import { escapes } from './zip.js';

export interface TarEntry {
  name: string;
  /** Of its content. */
  offset: number;
  bytes: number;
}

const BLOCK = 512;
/** Names and sizes of the next entry, in entries of their own: pax and GNU. */
const EXTRA = new Set(['x', 'g', 'L', 'K']);
const EXTRA_BYTES = 1024 * 1024;

export async function* readTar(source: ByteSource): AsyncGenerator<TarEntry> {
  let count = 0;
  for (let at = 0; at + BLOCK <= source.size;) {
    const header = Buffer.from(await source.read(at, BLOCK));
    if (header.every((byte) => byte === 0)) return;
    if (++count > limits.archiveEntries) throw tooComplex(`more than ${limits.archiveEntries} entries`);
    if (checksum(header) !== octal(header, 148, 8)) throw broken(`the header at byte ${at} is none`);
    const kind = header.toString('latin1', 156, 157).replace('\0', '0');
    const bytes = octal(header, 124, 12);
    const offset = at + BLOCK;
    if (offset + bytes > source.size) throw broken(`the entry at byte ${at} lies beyond its end`);
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
    const name = [prefix, text(header, 0, 100)].filter(Boolean).join('/');
    at = offset + Math.ceil(bytes / BLOCK) * BLOCK;
    if (EXTRA.has(kind)) {
      if (bytes > EXTRA_BYTES) throw tooComplex(`a header of ${bytes} bytes`);
      const said = Buffer.from(await source.read(offset, bytes)).toString('utf8');
      for (const path of kind === 'L' || kind === 'K' ? [said] : pathsOf(said)) assertInside(path);
      continue;
    }
    assertInside(name);
    if (kind === '5') continue;
    if (kind !== '0' && kind !== '7')
      throw new Failure(
        'catalogue.path-escapes',
        `The archive holds "${name}", which is a link or a device and no plain file. Pack it again without.`,
      );
    yield { name, offset, bytes };
  }
  throw broken('it has no end');
}

/** What a pax header says of paths and of where links lead; a size of its own would hide what follows. */
function pathsOf(said: string): string[] {
  const lines = [...said.matchAll(/^\d+ ([^=\n]+)=([^\n]*)$/gm)];
  if (lines.some(([, key]) => key === 'size')) throw tooComplex('a size beyond 8 GiB');
  return lines.filter(([, key]) => key === 'path' || key === 'linkpath').map(([, , value]) => value!);
}

function assertInside(path: string): void {
  const name = path.replace(/\0.*$/s, '');
  if (name.length > limits.name) throw tooComplex(`a path of ${name.length} characters`);
  if (!escapes(name)) return;
  throw new Failure(
    'catalogue.path-escapes',
    `The archive holds "${name}", which leads out of its folder. Pack it again with relative paths.`,
  );
}

function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

const text = (header: Buffer, at: number, length: number) =>
  header.toString('utf8', at, at + length).replace(/\0.*$/s, '');

function octal(header: Buffer, at: number, length: number): number {
  const said = text(header, at, length).trim();
  if (!/^[0-7]+$/.test(said)) throw broken('a header holds no number where one is due');
  return Number.parseInt(said, 8);
}

const broken = (what: string) =>
  new Failure('catalogue.model-broken', `The tar file is damaged or cut off: ${what}. Upload it again.`);
const tooComplex = (what: string) =>
  new Failure('catalogue.model-too-complex', `The tar file goes beyond a limit: ${what}.`);
