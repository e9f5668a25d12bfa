/**
 * Compressed bytes as a stream of plain ones, bounded: no more memory than a window, and never more bytes than
 * were declared, or than a packed folder may come to.
 */
import { Readable } from 'node:stream';
import { crc32, createGunzip, createInflateRaw } from 'node:zlib';
import { limits } from '../inspect/limits.js';
import type { ByteSource } from '../inspect/source.js';
import type { ZipEntry } from '../inspect/zip.js';
import { damaged, plain, tooComplex } from './packed.js';

/** Headers and the rest of blocks of a tar come on top of its content: a few blocks an entry. */
const MOST = limits.packedBytes + limits.packedEntries * 4 * 1024;

/** All of a gzip file. */
export async function* inflated(source: ByteSource): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of through(plain(source), createGunzip())) {
    bytes += chunk.length;
    if (bytes > MOST) throw tooComplex(`more than ${limits.packedBytes} bytes when it is unpacked`);
    yield chunk;
  }
}

/** One entry of a zip file, held to the length and the checksum that its directory says. */
export async function* unzipped(source: ByteSource, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const { name, packed, bytes, crc, deflated } = entry;
  const start = await entry.start(source);
  const raw = plain(source, start, start + packed);
  let found = 0;
  let checksum = 0;
  for await (const chunk of deflated ? through(raw, createInflateRaw()) : raw) {
    found += chunk.length;
    if (found > bytes) throw damaged(`"${name}" is longer than its directory says`);
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (found !== bytes || checksum !== crc) throw damaged(`"${name}" is not what its directory says`);
}

async function* through(
  chunks: AsyncIterable<Uint8Array>,
  inflate: ReturnType<typeof createGunzip>,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(chunks);
  input.on('error', (error) => inflate.destroy(error));
  input.pipe(inflate);
  try {
    for await (const chunk of inflate) yield chunk as Uint8Array;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && code.startsWith('Z_')) throw damaged('it does not decompress');
    throw cause;
  } finally {
    input.destroy();
    inflate.destroy();
  }
}
