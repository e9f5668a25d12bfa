/**
 * How a command ends when it fails: the code, the place and the way out on stderr, and the exit code.
 * 1 failed, 2 wrong usage, 4 not allowed.
 */
import { CommanderError } from 'commander';
import { Failure, type ProblemPlace } from '@millrace/schemas';
import { Interrupted, UsageError } from '../usage.js';
import { paint, talk } from './talk.js';

/** Says what went wrong and gives the exit code. */
export function tellError(error: unknown): number {
  // Commander has said it already; it also throws when help was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    talk(`${paint('error', 'red')}: ${error.message}`);
    return 2;
  }
  if (error instanceof Interrupted) {
    talk(error.message);
    return 1;
  }
  if (error instanceof Failure) {
    talk(`${paint(error.code, 'red')}: ${error.message}`);
    for (const place of error.errors) talk(`  ${placeLine(place)}`);
    return error.row.status === 401 || error.row.status === 403 ? 4 : 1;
  }
  const known = error instanceof Error ? error : new Error(String(error));
  talk(`${paint('platform.bug', 'red')}: ${known.message}`);
  talk('This is a mistake in Millrace itself. Set MILLRACE_DEBUG=1 to see where it comes from.');
  if (process.env.MILLRACE_DEBUG) talk(known.stack ?? '');
  return 1;
}

/** Why a file cannot be read, as a sentence's end. */
export function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file.';
  if (code === 'EISDIR') return 'it is a folder. Name the file in it.';
  return `${message}.`;
}

/** `FILE:12: clean min: reason`; what is not known of the place is left out. */
export function placeLine(place: ProblemPlace, file?: string): string {
  const line = place.line === undefined ? undefined : String(place.line);
  const start = file === undefined ? line && `line ${line}` : [file, line].filter(Boolean).join(':');
  return [start, placeName(place), place.detail]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
}

function placeName({ pointer, module, field }: ProblemPlace): string | undefined {
  const parts = (pointer ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (parts[0] === 'parameters' && parts[1] !== undefined) return `parameter ${parts.slice(1).join('.')}`;
  if (parts[0] === 'modules' && parts[1] !== undefined) {
    const setting = parts.slice(parts[2] === 'settings' ? 3 : 2).join('.');
    return [parts[1], setting].filter((part) => part !== '').join(' ');
  }
  return [module, parts.length > 0 ? parts.join('.') : field].filter(Boolean).join(' ') || undefined;
}
