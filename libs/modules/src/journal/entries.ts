/**
 * The entries of a recording, one after the other, from a file of any size.
 *
 * Guarantee: bounded memory; a torn end is no entry; a file that is no recording is told as such.
 */
import { open } from 'node:fs/promises';
import { Failure } from '@millrace/schemas';
import { eachFrame, type Stored } from '../segments.js';
import { decodeTaken, type Entry } from './entry.js';

const CHUNK = 1024 * 1024;

export async function* entriesOf(file: string, name: string): AsyncGenerator<Entry> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('engine.file-unreadable', `${name} cannot be read: ${cause.message}.`, { cause });
  });
  try {
    let rest = Buffer.alloc(0);
    let any = false;
    for (;;) {
      const chunk = Buffer.alloc(CHUNK);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK);
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const found: Stored[] = [];
      const used = eachFrame(bytes, (stored) => found.push(stored));
      for (const stored of found) yield decodeTaken(stored);
      any ||= used > 0;
      rest = bytes.subarray(used);
      if (bytesRead > 0) continue;
      if (any || rest.length === 0) return;
      throw new Failure(
        'engine.file-unfit',
        `${name} is no recording: fetch one with \`millrace node recording\`.`,
      );
    }
  } finally {
    await handle.close();
  }
}
