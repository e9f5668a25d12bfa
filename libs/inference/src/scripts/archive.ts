/**
 * A folder that was packed, entry by entry: zip, tar, and tar under gzip.
 *
 * Guarantee: what is given stays inside of the folder, on any system, is a plain file or a folder, each path
 * once, and comes to no more than `limits` allow, whatever the file says of itself. Anything else is a Failure
 * that names it. Memory is a window, however large the file. Nothing is written here (unpack.ts).
 */
import { escapes, leadsOut, readZip } from '../inspect/zip.js';
import { limits } from '../inspect/limits.js';
import type { ByteSource } from '../inspect/source.js';
import { inflated, unzipped } from './inflate.js';
import { plain, tooComplex, unfit, type PackedEntry, type RawEntry } from './packed.js';
import { readTar } from './tar.js';

export type PackedFormat = 'zip' | 'tar' | 'tar.gz';

/** By its first bytes; undefined for a file that is no packed folder. */
export async function packedFormat(source: ByteSource): Promise<PackedFormat | undefined> {
  const head = Uint8Array.from(await source.read(0, Math.min(source.size, 512)));
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return 'zip';
  if (isTar(head)) return 'tar';
  if (head[0] !== 0x1f || head[1] !== 0x8b) return undefined;
  try {
    for await (const chunk of inflated(source)) return isTar(chunk) ? 'tar.gz' : undefined;
  } catch {
    // Begins like gzip, and is none.
  }
  return undefined;
}

const isTar = (head: Uint8Array) => Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';

export async function* readPacked(source: ByteSource, format: PackedFormat): AsyncGenerator<PackedEntry> {
  const folders = new Set<string>();
  const files = new Set<string>();
  let left = limits.packedBytes;
  for await (const raw of rawEntries(source, format)) {
    const path = assertPath(raw.path);
    if (path === '') continue;
    const { kind, bytes } = raw;
    if (kind === 'link')
      throw unfit(`"${path}" is a link. Pack the files themselves (tar --dereference, zip without -y)`);
    if (kind === 'device') throw unfit(`"${path}" is neither a file nor a folder`);
    const parts = path.split('/');
    const above = parts.map((_, depth) => parts.slice(0, depth + 1).join('/')).slice(0, -1);
    // A folder may be told of twice; a file has one content.
    const clash = files.has(path) || above.some((folder) => files.has(folder));
    if (clash || (kind === 'file' && folders.has(path))) throw unfit(`"${path}" is in it twice`);
    for (const folder of kind === 'file' ? above : [...above, path]) folders.add(folder);
    if (kind === 'file') files.add(path);
    if (folders.size + files.size > limits.packedEntries)
      throw tooComplex(`more than ${limits.packedEntries} files and folders`);
    left -= bytes;
    if (left < 0) throw tooComplex(`more than ${limits.packedBytes} bytes when it is unpacked`);
    yield { path, kind, bytes, executable: raw.executable, content: raw.content };
  }
}

/** Reads all of it: how many files there are, and what they come to. */
export async function measurePacked(
  source: ByteSource,
  format: PackedFormat,
): Promise<{ files: number; bytes: number }> {
  let files = 0;
  let bytes = 0;
  for await (const { kind, content } of readPacked(source, format)) {
    if (kind !== 'file') continue;
    files++;
    for await (const chunk of content) bytes += chunk.length;
  }
  if (files === 0) throw unfit('there is no file in it');
  return { files, bytes };
}

async function* rawEntries(source: ByteSource, format: PackedFormat): AsyncGenerator<RawEntry> {
  if (format === 'tar') return yield* readTar(plain(source));
  if (format === 'tar.gz') return yield* readTar(inflated(source));
  for (const entry of await readZip(source)) {
    const { name, bytes, mode } = entry;
    yield {
      path: name,
      kind: /[/\\]$/.test(name) ? 'folder' : 'file',
      bytes,
      executable: (mode & 0o100) !== 0,
      content: unzipped(source, entry),
    };
  }
}

/** As it is written on this disk: `./a\b/` is `a/b`. */
function assertPath(given: string): string {
  if (escapes(given)) throw leadsOut(given);
  if (Buffer.byteLength(given) > limits.packedPath)
    throw tooComplex(`a path of more than ${limits.packedPath} bytes`);
  return given
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
