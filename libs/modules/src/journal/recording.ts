/**
 * A part of a flow's journal for whoever fetches it: the frames of one source, as they lie on the disk. Put one behind
 * the other they are a recording that `millrace run --input` replays.
 *
 * Guarantee: it only reads, beside the process that writes; a frame that is half written is not there yet.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '@millrace/schemas';
import { eachFrame, HEAD } from '../segments.js';
import { decodeTaken } from './entry.js';
import { JOURNAL } from './journal.js';

export interface RecordingPart {
  frames: Buffer;
  /** Id of the last entry that was looked at: where to go on. */
  through: number;
  /** Whether there was more when this was read. */
  more: boolean;
  /** Entries that are larger than the part may be. */
  leftOut: number;
}

/** Entries of `module` behind the id `after`, up to about `mostBytes`. */
export async function readRecording(
  workFolder: string,
  module: string,
  after: number,
  mostBytes: number,
): Promise<RecordingPart> {
  const folder = path.join(workFolder, JOURNAL);
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log')).toSorted();
  if (files.length === 0) {
    throw new Failure(
      'fleet.command-refused',
      `The flow has no journal: give ${module} the setting journal.`,
    );
  }
  const part = { frames: [] as Buffer[], bytes: 0, through: after, more: false, leftOut: 0 };
  for (const [i, name] of files.entries()) {
    const next = files[i + 1];
    if (part.more || (next !== undefined && Number.parseInt(next, 10) <= after + 1)) continue;
    const bytes = await readFile(path.join(folder, name));
    eachFrame(bytes, (stored) => {
      if (stored.id <= after || part.more) return;
      const { payload } = stored;
      const frame = bytes
        .subarray(payload.byteOffset - bytes.byteOffset - HEAD)
        .subarray(0, HEAD + payload.length);
      const wanted = decodeTaken(stored).module === module;
      if (wanted && frame.length <= mostBytes && part.bytes + frame.length > mostBytes) {
        part.more = true;
        return;
      }
      part.through = stored.id;
      if (!wanted) return;
      if (frame.length > mostBytes) part.leftOut++;
      else {
        part.frames.push(frame);
        part.bytes += frame.length;
      }
    });
  }
  const { frames, through, more, leftOut } = part;
  return { frames: Buffer.concat(frames), through, more, leftOut };
}
