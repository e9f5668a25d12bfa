/**
 * What a worker writes on standard error, as lines of the log.
 *
 * Guarantee: at most LINES lines of LINE_CHARS a second go on, the rest is counted; the last words are kept as evidence;
 * a flood costs neither memory nor the loop that reads it: beyond CHUNKS reads in SLOT_MS it is left in the pipe, where
 * it slows down the one who writes.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const LINES = 20;
const LINE_CHARS = 2000;
const SLOT_MS = 100;
/** Some 40 MB a second, at 20 µs a read: two hundredths of a core. */
const CHUNKS = 64;
const LAST_CHARS = 4000;

export interface WorkerLog {
  /** The last that it wrote. */
  readonly last: string;
  close(): void;
}

export function readLog(
  from: Readable,
  line: (text: string) => void,
  lost: (lines: number) => void,
): WorkerLog {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  let last = '';
  let allowed = LINES;
  let dropped = 0;
  let chunks = 0;
  const slot = setInterval(() => {
    chunks = 0;
    from.resume();
  }, SLOT_MS);
  const second = setInterval(() => {
    allowed = LINES;
    if (dropped > 0) lost(dropped);
    dropped = 0;
  }, 1000);
  slot.unref();
  second.unref();

  from.on('data', (chunk: Buffer) => {
    if (++chunks > CHUNKS) from.pause();
    if (allowed === 0) {
      // Not even read: its lines are counted, and its end is kept.
      dropped += linesIn(chunk);
      last = keep(last, chunk.subarray(Math.max(0, chunk.length - LAST_CHARS)).toString('utf8'));
      begun = '';
      return;
    }
    const text = decoder.write(chunk);
    last = keep(last, text);
    const lines = (begun + text).split('\n');
    begun = lines.pop()!.slice(0, LINE_CHARS);
    for (const one of lines) {
      if (one.trim() === '') continue;
      if (allowed > 0) {
        allowed--;
        line(one.slice(0, LINE_CHARS));
      } else dropped++;
    }
  });
  from.on('error', () => undefined);
  return {
    get last() {
      return last.trim();
    },
    close() {
      clearInterval(slot);
      clearInterval(second);
      if (begun.trim() !== '' && allowed > 0) line(begun);
      if (dropped > 0) lost(dropped);
      begun = '';
      dropped = 0;
    },
  };
}

const keep = (before: string, text: string): string => (before + text).slice(-LAST_CHARS);

function linesIn(chunk: Buffer): number {
  let n = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) n++;
  return n;
}
