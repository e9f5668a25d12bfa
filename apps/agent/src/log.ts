/** The log: JSON lines on stderr, so that stdout stays for what a command answers. */
import pino, { type Logger } from 'pino';

export type Log = Logger;

export function createLog(level: string): Log {
  const redact = ['token', 'credential', '*.token', '*.credential'];
  return pino({ level, base: null, redact }, pino.destination(2));
}
