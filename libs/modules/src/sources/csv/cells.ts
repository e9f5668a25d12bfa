/**
 * Cuts the bytes of a CSV file into rows and cells, and reads numbers from them.
 *
 * Guarantee: a number is what JavaScript's Number gives for the trimmed text, to the last bit; a row is given
 * whole or called broken, and after a broken one reading goes on at the line behind the one it began on. It
 * knows no columns and makes no objects.
 */

/** The bytes end within this row: come again with more. */
export const MORE = 0;
export const ROW = 1;
export const BLANK = 2;
export const BROKEN = 3;
export type Outcome = typeof MORE | typeof ROW | typeof BLANK | typeof BROKEN;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const SPACE = 0x20;
const TAB = 0x09;

export class Cells {
  /** Cells of the last row: [starts, ends) in the bytes that were scanned, without their quotes. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** 1: it stood in quotes; 2: and holds doubled quotes. */
  quoted = new Uint8Array(64);
  count = 0;
  /** Where the next row begins, and how many line breaks lie before it. */
  next = 0;
  lines = 0;
  /** Why the last row was broken. */
  problem = '';

  /** @param delimiter a byte, or null for runs of spaces and tabs */
  constructor(private readonly delimiter: number | null) {}

  /** Reads the row that begins at `from`; `last` says that the file ends at `end`. */
  scan(bytes: Uint8Array, from: number, end: number, last: boolean): Outcome {
    this.count = 0;
    this.lines = 1;
    return this.delimiter === null
      ? this.scanRuns(bytes, from, end, last)
      : this.scanCells(bytes, from, end, last, this.delimiter);
  }

  private scanCells(bytes: Uint8Array, from: number, end: number, last: boolean, delimiter: number): Outcome {
    let at = from;
    for (;;) {
      let start = at;
      // A space never parts cells here: that is `scanRuns`.
      while (start < end && bytes[start] === 0x20) start++;
      if (start < end && bytes[start] === QUOTE) {
        const after = this.quotedCell(bytes, start + 1, end, last, delimiter);
        if (after === -1) return MORE;
        if (after === -2) return this.broken(bytes, from, end, last);
        at = after;
      } else {
        while (at < end && bytes[at] !== delimiter && bytes[at] !== LF) at++;
        if (at === end && !last) return MORE;
        this.add(start > at ? at : start, at, 0);
      }
      if (at < end && bytes[at] === delimiter) {
        at++;
        if (at === end && !last) return MORE;
        continue;
      }
      return this.endOfRow(bytes, from, at, end);
    }
  }

  /** Gives where the cell's delimiter or line break stands; -1: more bytes needed; -2: broken. */
  private quotedCell(
    bytes: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    delimiter: number,
  ): number {
    let kind = 1;
    let at = start;
    for (;;) {
      while (at < end && bytes[at] !== QUOTE) {
        if (bytes[at] === LF) this.lines++;
        at++;
      }
      if (at >= end || (at + 1 === end && !last)) {
        if (!last) return -1;
        this.problem = 'a quote is opened and not closed';
        return -2;
      }
      if (bytes[at + 1] !== QUOTE || at + 1 === end) break;
      kind = 2;
      at += 2;
    }
    this.add(start, at, kind);
    at++;
    while (at < end && (bytes[at] === SPACE || bytes[at] === CR) && bytes[at] !== delimiter) at++;
    if (at === end) return last ? at : -1;
    if (bytes[at] === delimiter || bytes[at] === LF) return at;
    this.problem = 'text follows a closing quote';
    return -2;
  }

  private scanRuns(bytes: Uint8Array, from: number, end: number, last: boolean): Outcome {
    let at = from;
    for (;;) {
      while (at < end && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CR)) at++;
      const start = at;
      while (at < end && bytes[at] !== SPACE && bytes[at] !== TAB && bytes[at] !== LF && bytes[at] !== CR)
        at++;
      if (at === end && !last) return MORE;
      if (at > start) this.add(start, at, 0);
      if (at === end || bytes[at] === LF) return this.endOfRow(bytes, from, at, end);
    }
  }

  private endOfRow(bytes: Uint8Array, from: number, at: number, end: number): Outcome {
    this.next = at < end ? at + 1 : at;
    if (at === end) this.lines--;
    const final = this.count - 1;
    if (final >= 0 && this.quoted[final] === 0) {
      const stop = this.ends[final];
      if (stop > this.starts[final] && bytes[stop - 1] === CR) this.ends[final]--;
    }
    const blank =
      this.count === 0 || (this.count === 1 && this.quoted[0] === 0 && this.starts[0] >= this.ends[0]);
    return blank ? BLANK : ROW;
  }

  /** A broken row is given up at the end of its first line, so that an open quote costs one line. */
  private broken(bytes: Uint8Array, from: number, end: number, last: boolean): Outcome {
    const feed = bytes.indexOf(LF, from);
    if (feed < 0 || feed >= end) {
      if (!last) return MORE;
      this.next = end;
      this.lines = 0;
    } else {
      this.next = feed + 1;
      this.lines = 1;
    }
    return BROKEN;
  }

  private add(start: number, end: number, quoted: number): void {
    const i = this.count++;
    if (i === this.starts.length) {
      this.starts = longer(this.starts, new Int32Array(i * 2));
      this.ends = longer(this.ends, new Int32Array(i * 2));
      this.quoted = longer(this.quoted, new Uint8Array(i * 2));
    }
    this.starts[i] = start;
    this.ends[i] = end;
    this.quoted[i] = quoted;
  }
}

function longer<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** 10^0 to 10^22 are doubles without error. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/**
 * A plain decimal, such as `-12.75`, straight from the bytes; NaN for everything else, which Number must
 * read. Up to 2^53 the digits are exact and so is the power of ten, and a division rounds once: the result
 * is the nearest double, as Number gives it (Clinger 1990, the fast path).
 */
export function plainNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let stop = end;
  while (at < stop && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  while (stop > at && (bytes[stop - 1] === SPACE || bytes[stop - 1] === TAB)) stop--;
  const negative = bytes[at] === 0x2d;
  if (negative || bytes[at] === 0x2b) at++;
  const first = at;
  let value = 0;
  let point = -1;
  for (; at < stop; at++) {
    const code = bytes[at];
    if (code >= 0x30 && code <= 0x39) value = value * 10 + code - 0x30;
    else if (code === 0x2e && point < 0) point = at;
    else return NaN;
  }
  const figures = stop - first - (point < 0 ? 0 : 1);
  if (figures <= 0 || value >= 9007199254740992) return NaN;
  if (point >= 0) {
    const places = stop - point - 1;
    if (places > 22) return NaN;
    value /= POWERS[places];
  }
  return negative ? -value : value;
}
