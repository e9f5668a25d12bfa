/** Records as a person reads them and as a table program does. Pure. */
import type { Sample } from './frames.js';

/** Of a record: 14:03:07.250, with the date when it is not of this day. */
export function clock(t: number, today = new Date()): string {
  const time = new Date(t);
  if (Number.isNaN(time.getTime())) return String(t);
  const two = (part: number) => String(part).padStart(2, '0');
  const said = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(
    time.getMilliseconds(),
  ).padStart(3, '0')}`;
  if (time.toDateString() === today.toDateString()) return said;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${said}`;
}

/** Time first, in epoch milliseconds, then the fields; a list is one cell with spaces. Oldest first. */
export function csvOf(records: readonly Sample[], fields: readonly string[]): string {
  const columns = ['t', ...fields];
  const lines = records.map((record) => columns.map((column) => cellOf(record[column])).join(','));
  return `${[columns.map(quoted).join(','), ...lines].join('\r\n')}\r\n`;
}

function cellOf(value: Sample[string] | undefined): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return quoted(value.map((one) => one ?? '').join(' '));
  return typeof value === 'string' ? quoted(harmless(value)) : String(value);
}

/** A table program takes a text that begins so for a formula, and runs it. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
