/**
 * What a file is, and what the archives and compressed files in it hold, down to `limits.layers`.
 *
 * Guarantee: every entry of an archive is looked at, in whatever it is packed, or the file is refused: nothing that
 * could run code hides behind a number of entries, a size or a layer. Nothing is written to the disk; at most
 * `limits.unpacked` bytes are held.
 */
import { createGunzip, createInflateRaw } from 'node:zlib';
import { Failure, type FileFormat } from '@millrace/schemas';
import { identify, type Identity } from './identify.js';
import { limits } from './limits.js';
import { bytesSource, part, windowed, type ByteSource } from './source.js';
import { readTar } from './tar.js';
import { readZip, type ZipEntry } from './zip.js';

/** Bytes from the beginning that decide. Joblib names itself within the first few hundred. */
const HEAD = 64 * 1024;

/** Of what is unpacked: many small ones would cost more than they hold. */
const chunkSize = 256 * 1024;

export interface Inside extends Identity {
  /** Of a zip file. */
  entries?: number;
}

export async function lookInside(source: ByteSource, layer = 0): Promise<Inside> {
  // A copy: sources may use their memory again.
  const head = Uint8Array.from(await source.read(0, Math.min(HEAD, source.size)));
  const found = identify(head, source.size, layer);
  if (found.runsCode) return found;
  if (found.format === 'zip') return insideZip(source, layer);
  if (found.format === 'tar') return insideTar(source, layer);
  // Of what is compressed the beginning was looked at; an archive must be seen to its end.
  if (found.format === 'gzip' && isArchive(found.inside[0])) {
    const inner = await lookInside(bytesSource(await unpack(source, createGunzip({ chunkSize }))), layer + 1);
    return { format: 'gzip', inside: [inner.format, ...inner.inside], runsCode: inner.runsCode };
  }
  return found;
}

const isArchive = (format: FileFormat | undefined) =>
  format === 'zip' || format === 'tar' || format === 'gzip';

async function insideZip(source: ByteSource, layer: number): Promise<Inside> {
  const entries = await readZip(source);
  const found: Identity[] = [];
  const near = windowed(source);
  for (const entry of entries) found.push(await insideEntry(near, entry, layer));
  const merged = merge('zip', found);
  // TorchScript keeps its compiled code and constants beside the pickle.
  const torch = entries.some(({ name }) => /(^|\/)(constants\.pkl|code\/.*\.py)$/.test(name));
  return {
    ...merged,
    entries: entries.length,
    ...(merged.runsCode && torch && { format: 'torchscript' as const }),
  };
}

async function insideEntry(source: ByteSource, entry: ZipEntry, layer: number): Promise<Identity> {
  const head = await entry.head(source);
  const found = identify(head, entry.bytes, layer + 1);
  if (found.runsCode || !isArchive(found.format)) return found;
  deeper(layer);
  const packed = part(source, await entry.start(source), entry.packed);
  return lookInside(
    entry.deflated ? bytesSource(await unpack(packed, createInflateRaw({ chunkSize }))) : packed,
    layer + 1,
  );
}

async function insideTar(source: ByteSource, layer: number): Promise<Inside> {
  const found: Identity[] = [];
  const near = windowed(source);
  for await (const { offset, bytes } of readTar(near)) {
    const head = Uint8Array.from(await near.read(offset, Math.min(limits.peek, bytes)));
    const entry = identify(head, bytes, layer + 1);
    if (!entry.runsCode && isArchive(entry.format)) {
      deeper(layer);
      found.push(await lookInside(part(near, offset, bytes), layer + 1));
    } else found.push(entry);
  }
  return merge('tar', found);
}

function merge(format: FileFormat, found: readonly Identity[]): Identity {
  const all = found.flatMap(({ format, inside }) => [format, ...inside]);
  return {
    format,
    runsCode: found.some(({ runsCode }) => runsCode),
    inside: [...new Set(all.filter((one) => one !== 'empty'))],
  };
}

function deeper(layer: number): void {
  if (layer + 1 <= limits.layers) return;
  throw tooComplex(`archives in archives, more than ${limits.layers} deep`);
}

/** All of it, up to the bound. */
async function unpack(
  source: ByteSource,
  through: NodeJS.ReadWriteStream & { destroy(error?: Error): void },
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  const feeding = (async () => {
    for (let at = 0; at < source.size; at += HEAD) {
      const bytes = Uint8Array.from(await source.read(at, Math.min(HEAD, source.size - at)));
      if (!through.write(bytes)) await new Promise((resolve) => through.once('drain', resolve));
    }
    through.end();
  })();
  // A store that is away says nothing about the file: its own error goes on.
  feeding.catch((error: Error) => through.destroy(error));
  try {
    for await (const chunk of through as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.unpacked) throw tooComplex(`more than ${limits.unpacked} bytes when it is unpacked`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'catalogue.model-broken',
      `The archive is damaged or cut off: ${why}. Upload it again.`,
    );
  } finally {
    through.destroy();
  }
  return Buffer.concat(chunks);
}

const tooComplex = (what: string) =>
  new Failure('catalogue.model-too-complex', `The archive goes beyond a limit: ${what}.`);
