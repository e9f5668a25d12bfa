/**
 * What the first lines of a test file say: is it CSV or JSON lines at all, and which columns has it.
 *
 * Guarantee: what no source could read (packed, binary, another encoding, empty) is refused with a sentence
 * that says what was found. Only the beginning is looked at; a broken line further on is counted by the run.
 * Pure.
 */
import { Failure } from '@millrace/schemas';

/** How much of the beginning is looked at. */
export const HEAD_BYTES = 64 * 1024;
const LINES = 100;
const COLUMNS = 1_000;
const NAME_LENGTH = 200;

/** @param whole whether `head` is the whole file */
export function columnsOf(name: string, head: Uint8Array, whole: boolean): string[] {
  const lines = linesOf(name, textOf(name, head), whole);
  const found = lines[0]!.text.trimStart().startsWith('{') ? keysOf(name, lines) : cellsOf(lines[0]!.text);
  return found.slice(0, COLUMNS).map((column) => column.slice(0, NAME_LENGTH));
}

function textOf(name: string, head: Uint8Array): string {
  const [a, b] = head;
  if (a === 0x1f && b === 0x8b) throw unfit(name, 'is packed with gzip. Unpack it first');
  if (a === 0x50 && b === 0x4b) throw unfit(name, 'is a ZIP archive or a spreadsheet. Save it as CSV');
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    throw unfit(name, 'is UTF-16. Save it as UTF-8');
  if (head.includes(0)) throw unfit(name, 'is no text: it holds zero bytes');
  try {
    // The beginning may end within a character: `stream` waits for the rest of it.
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    throw unfit(name, 'is no text in UTF-8');
  }
}

interface Line {
  /** From 1. */
  number: number;
  text: string;
}

/** Lines with something in them; the last is left out when the beginning cuts it. */
function linesOf(name: string, text: string, whole: boolean): Line[] {
  const all = text.split(/\r\n|\n|\r/);
  if (!whole) all.pop();
  const lines = all
    .slice(0, LINES)
    .map((line, i) => ({ number: i + 1, text: line }))
    .filter((line) => line.text.trim() !== '');
  if (lines.length > 0) return lines;
  throw unfit(name, whole ? 'is empty' : `has no line within its first ${HEAD_BYTES / 1024} KiB`);
}

/** Keys of the objects, in the order in which they first come. */
function keysOf(name: string, lines: Line[]): string[] {
  const keys = new Set<string>();
  for (const { number, text } of lines) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (number !== lines[0]!.number) continue;
      throw unfit(name, `begins with a brace, and line ${number} is no JSON: ${(error as Error).message}`);
    }
    if (typeof value === 'object' && value !== null) for (const key of Object.keys(value)) keys.add(key);
  }
  return [...keys];
}

/** Cells of a header; a line of numbers alone names nothing. */
function cellsOf(line: string): string[] {
  const outside = line.replaceAll(/"(?:[^"]|"")*"/g, '');
  const [delimiter] = [',', ';', '\t', '|'].toSorted(
    (one, other) => outside.split(other).length - outside.split(one).length,
  );
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at <= line.length; at++) {
    const c = line[at];
    if (c === '"' && quoted && line[at + 1] === '"') cell += line[at++];
    else if (c === '"' && (quoted || cell.trim() === '')) quoted = !quoted;
    else if (c === undefined || (c === delimiter && !quoted)) {
      cells.push(cell.trim());
      cell = '';
    } else cell += c;
  }
  const names = cells.filter((one) => one !== '');
  return names.every((one) => Number.isFinite(Number(one))) ? [] : names;
}

const unfit = (name: string, what: string): Failure =>
  new Failure(
    'flows.test-file-unfit',
    `${name} ${what}. Send CSV whose first line names the columns, or JSON lines, in UTF-8.`,
  );
