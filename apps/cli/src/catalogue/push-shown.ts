/**
 * A push as a person sees it: what is done, how fast, and how long still; Ctrl-C stops it and says what is kept.
 *
 * Guarantee: the first Ctrl-C ends the push tidily, the second one the process.
 */
import { paceMeter, type Client } from '@millrace/client';
import { progress } from '../output/progress.js';
import { bytesOf, durationOf } from '../output/time.js';
import { Interrupted } from '../usage.js';
import { pushFile, type PushFile, type PushStep } from './push.js';

const says: Record<PushStep, string> = { hashing: 'hashing', sending: 'sent', verifying: 'verifying' };

export async function pushShown(director: Client, file: Omit<PushFile, 'onStep' | 'signal'>) {
  const line = progress();
  const stop = new AbortController();
  const interrupted = () => stop.abort();
  process.once('SIGINT', interrupted);
  let at: { step: PushStep; done: number; size: number } | undefined;
  let pace = paceMeter();
  try {
    return await pushFile(director, {
      ...file,
      signal: stop.signal,
      onStep(step, done, size) {
        if (at?.step !== step) pace = paceMeter();
        at = { step, done, size };
        line.show(`${file.path}: ${stepOf(step, done, size, pace)}`);
      },
    });
  } catch (error) {
    throw stop.signal.aborted ? stopped(file, at) : error;
  } finally {
    line.end();
    process.off('SIGINT', interrupted);
  }
}

/** `sent 120.0 MiB of 500.0 MiB, 41.2 MiB/s, 9 s left`. */
export function stepOf(
  step: PushStep,
  done: number,
  size: number,
  pace: ReturnType<typeof paceMeter>,
): string {
  const { bytesPerSecond, msLeft } = pace(done, size);
  return [
    `${says[step]} ${bytesOf(done)} of ${bytesOf(size)}`,
    ...(bytesPerSecond === undefined ? [] : [`${bytesOf(Math.round(bytesPerSecond))}/s`]),
    ...(msLeft === undefined || done === size ? [] : [`${durationOf(msLeft)} left`]),
  ].join(', ');
}

function stopped(
  { path, name }: Pick<PushFile, 'path' | 'name'>,
  at: { step: PushStep; done: number; size: number } | undefined,
): Interrupted {
  const kept =
    at?.step === 'verifying'
      ? `All of ${path} is there, and it goes on being verified: see \`millrace resource show ${name}\`.`
      : at?.step === 'sending'
        ? `${bytesOf(at.done)} of ${bytesOf(at.size)} had left. Push the same file again within a day, from any machine, ` +
          'and it goes on where it stopped.'
        : 'Nothing was sent yet.';
  return new Interrupted(`Stopped. ${kept}`);
}
