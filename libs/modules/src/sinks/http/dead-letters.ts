/**
 * Records that a server refused, for a person to look at: a JSON line each, with the answer.
 *
 * Guarantee: at most two files of MOST_BYTES; the older goes when the newer is full.
 */
import { appendFile, rename, stat } from 'node:fs/promises';

export const MOST_BYTES = 8 * 1024 * 1024;

export interface DeadLetter {
  /** When it was refused, epoch ms. */
  at: number;
  status: number;
  answer: string;
}

/** @param payload the record, as JSON */
export async function keepDeadLetter(
  file: string,
  { at, status, answer }: DeadLetter,
  payload: Buffer,
): Promise<void> {
  const line = `{"at":${at},"status":${status},"answer":${JSON.stringify(answer)},"record":${payload.toString('utf8')}}\n`;
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > 0 && size + line.length > MOST_BYTES) await rename(file, `${file}.1`);
  await appendFile(file, line);
}
