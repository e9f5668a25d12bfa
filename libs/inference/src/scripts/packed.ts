/**
 * What the readers of packed folders share: an entry, the bytes of a file in windows, and the ways to refuse.
 */
import { Failure } from '@millrace/schemas';
import type { ByteSource } from '../inspect/source.js';

export interface PackedEntry {
  /** Relative, with `/`. */
  path: string;
  kind: 'file' | 'folder';
  bytes: number;
  executable: boolean;
  /** To be read before the next entry is asked for, or left. */
  content: AsyncIterable<Uint8Array>;
}

/** As an archive names it, before it is known to be harmless. */
export interface RawEntry extends Omit<PackedEntry, 'kind'> {
  kind: 'file' | 'folder' | 'link' | 'device';
}

const WINDOW = 256 * 1024;

export async function* plain(source: ByteSource, from = 0, to = source.size): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += WINDOW)
    yield Uint8Array.from(await source.read(at, Math.min(WINDOW, to - at)));
}

export const unfit = (what: string): Failure =>
  new Failure('catalogue.script-unfit', `The packed folder cannot be taken: ${what}. Then push it again.`);

export const tooComplex = (what: string): Failure =>
  new Failure('catalogue.model-too-complex', `The packed folder goes beyond a limit: ${what}.`);

export const damaged = (what: string): Failure =>
  new Failure('catalogue.model-broken', `The packed folder is damaged or cut off: ${what}. Pack it again.`);
