/**
 * The entries of a recording, one after the other, from a file of any size.
 *
 * Guarantee: never more than a message and a chunk of the file in memory; a torn end is no entry; a file that is no
 * recording, or is damaged on its way, is told as such.
 */
import { open } from 'node:fs/promises';
import { Failure } from '@millrace/schemas';
import { eachFrame, HEAD, type Stored } from '../segments.js';
import { decodeTaken, type Entry } from './entry.js';

const CHUNK = 1024 * 1024;
/** No source takes a larger message. */
const MOST_FRAME = 64 * CHUNK;

export async function* entriesOf(file: string, name: string): AsyncGenerator<Entry> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('engine.file-unreadable', `${name} cannot be read: ${cause.message}.`, { cause });
  });
  try {
    let rest = Buffer.alloc(0);
    let entries = 0;
    for (;;) {
      const chunk = Buffer.alloc(CHUNK);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK);
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const found: Stored[] = [];
      rest = bytes.subarray(eachFrame(bytes, (stored) => found.push(stored)));
      for (const stored of found) yield decodeTaken(stored);
      entries += found.length;
      const ended = bytesRead === 0;
      if (ended ? entries === 0 && rest.length > 0 : isNoFrame(rest)) throw unfit(name, entries);
      if (ended) return;
    }
  } finally {
    await handle.close();
  }
}

/** A whole one would have been taken already. */
const isNoFrame = (bytes: Buffer): boolean => {
  if (bytes.length < HEAD) return false;
  const length = HEAD + bytes.readUInt32LE(0);
  return length > MOST_FRAME || bytes.length >= length;
};

function unfit(name: string, entries: number): Failure {
  return new Failure(
    'engine.file-unfit',
    entries === 0
      ? `${name} is no recording: fetch one with \`millrace node recording\`.`
      : `${name} is damaged behind its entry ${entries}: fetch it again with \`millrace node recording\`.`,
  );
}
