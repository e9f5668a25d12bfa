/**
 * Reads a tar: the old format, ustar, and the long names of GNU and pax. Nothing else of it is known.
 *
 * Guarantee: one header and one window in memory; a header that does not add up is a Failure.
 * Format: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
 */
import { damaged, tooComplex, unfit, type RawEntry } from './packed.js';

const BLOCK = 512;
/** Bytes of a long name or of a pax header. */
const LONG = 64 * 1024;

export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawEntry> {
  const bytes = new Reader(chunks);
  let long: { path?: string; size?: number } = {};
  try {
    for (;;) {
      const header = await bytes.read(BLOCK);
      // The end is two empty blocks, and some writers leave them out.
      if (header === undefined) return;
      // What is around the tar may have a checksum at its very end.
      if (header.every((byte) => byte === 0)) return await bytes.drain();
      assertChecksum(header);
      const type = String.fromCharCode(header[156]!);
      const size = long.size ?? number(header, 124, 12);
      const path = long.path ?? nameOf(header);
      if ('LKxg'.includes(type)) {
        const told = await bytes.long(number(header, 124, 12));
        if (type === 'L') long = { ...long, path: text(told, 0, told.length) };
        if (type === 'x') long = { ...long, ...pax(told) };
        continue;
      }
      long = {};
      if (type === 'S') throw unfit(`"${path}" is a sparse file`);
      const kind = kinds[type] ?? 'device';
      const length = kind === 'file' ? size : 0;
      const executable = (number(header, 100, 8) & 0o100) !== 0;
      yield { path, kind, bytes: length, executable, content: bytes.take(length) };
      await bytes.skip(padded(length));
    }
  } finally {
    await bytes.close();
  }
}

const kinds: Record<string, RawEntry['kind']> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'link',
};

const padded = (length: number) => Math.ceil(length / BLOCK) * BLOCK;

function text(bytes: Uint8Array, from: number, length: number): string {
  const end = bytes.indexOf(0, from);
  const to = end < 0 || end > from + length ? from + length : end;
  return Buffer.from(bytes.subarray(from, to)).toString('utf8');
}

function nameOf(header: Uint8Array): string {
  const name = text(header, 0, 100);
  // GNU keeps times where POSIX keeps the first part of a long path.
  const posix = text(header, 257, 8) === 'ustar';
  const prefix = posix && header[263] === 0x30 ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function number(header: Uint8Array, from: number, length: number): number {
  if (header[from]! & 0x80) throw tooComplex('a file of more than 8 GiB');
  const digits = text(header, from, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw damaged('a header holds no number where one belongs');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function assertChecksum(header: Uint8Array): void {
  const said = number(header, 148, 8);
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!;
  if (sum !== said) throw damaged('a header does not add up');
}

/** `<length> <key>=<value>\n`, again and again. */
function pax(bytes: Uint8Array): { path?: string; size?: number } {
  const all = Buffer.from(bytes);
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < all.length;) {
    const space = all.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(all.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > all.length)
      throw damaged('a pax header does not add up');
    const [key, ...value] = all.toString('utf8', space + 1, at + length - 1).split('=');
    if (key === 'path') found.path = value.join('=');
    if (key === 'size') found.size = Number(value.join('='));
    if (key?.startsWith('GNU.sparse.')) throw unfit('it holds a sparse file');
    at += length;
  }
  if (found.size !== undefined && (!Number.isSafeInteger(found.size) || found.size < 0))
    throw damaged('a pax header names no size');
  return found;
}

/** Exactly so many bytes of a stream of chunks. */
class Reader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private chunk: Uint8Array = new Uint8Array(0);
  /** Of the content that is being read: what its reader left. */
  private left = 0;
  private taken = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.iterator = chunks[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async read(length: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0;) {
      const part = await this.some(missing);
      if (part === undefined) {
        if (missing === length) return undefined;
        throw damaged('it breaks off');
      }
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async long(length: number): Promise<Uint8Array> {
    if (length > LONG) throw tooComplex(`a header of ${length} bytes`);
    const all = await this.read(padded(length));
    if (all === undefined) throw damaged('it breaks off');
    return all.subarray(0, length);
  }

  async *take(length: number): AsyncGenerator<Uint8Array> {
    this.taken = length;
    this.left = length;
    while (this.left > 0) {
      const part = await this.some(this.left);
      if (part === undefined) throw damaged('it breaks off');
      this.left -= part.length;
      yield part;
    }
  }

  /** What `take` left of so many bytes, and what is behind it. */
  async skip(length: number): Promise<void> {
    let missing = length - (this.taken - this.left);
    this.left = 0;
    this.taken = 0;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === undefined) throw damaged('it breaks off');
      missing -= part.length;
    }
  }

  async drain(): Promise<void> {
    while (!(await this.iterator.next()).done);
  }

  async close(): Promise<void> {
    await this.iterator.return?.();
  }

  private async some(most: number): Promise<Uint8Array | undefined> {
    while (this.chunk.length === 0) {
      const next = await this.iterator.next();
      if (next.done === true) return undefined;
      this.chunk = next.value;
    }
    const part = this.chunk.subarray(0, most);
    this.chunk = this.chunk.subarray(part.length);
    return part;
  }
}
