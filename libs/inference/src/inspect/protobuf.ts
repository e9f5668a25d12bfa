/**
 * A bounded reader of protobuf, just wide enough for ONNX: it walks the fields of a message and skips what
 * nobody asks for without reading it.
 *
 * Guarantee: time is bounded by `limits.fields`, memory by one window; a length that leads out of its message
 * is a Failure that names the byte. It knows no schema; `onnx.ts` does.
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 */
import { Failure } from '@millrace/schemas';
import { limits } from './limits.js';
import type { ByteSource } from './source.js';

/** Bytes read at a time. 64 KiB keeps a model of many small nodes at a few reads a megabyte. */
const WINDOW = 64 * 1024;

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * Called for each field. `value` is the number of a varint, the length of a bytes field, 0 otherwise. For bytes
 * the reader stands at their first; the visitor may read or walk them, or leave them.
 */
export type Visit = (field: number, wire: number, value: number) => Promise<void> | void;

export class ProtoReader {
  /** Absolute offset of the next byte. */
  position = 0;
  /** Absolute offset of the tag of the field that is being visited. */
  fieldStart = 0;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private fields = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly what: string,
  ) {}

  get size(): number {
    return this.source.size;
  }

  async walk(end: number, visit: Visit): Promise<void> {
    while (this.position < end) {
      // A tag and a varint take 20 bytes at the most.
      if (!this.has(20)) await this.fill();
      this.fieldStart = this.position;
      if (++this.fields > limits.fields) this.tooMuch(`more than ${limits.fields} fields`);
      const tag = this.varint(end);
      const wire = tag & 7;
      const field = Math.floor(tag / 8);
      let value = 0;
      let next: number;
      if (wire === VARINT) {
        value = this.varint(end);
        next = this.position;
      } else if (wire === BYTES) {
        value = this.varint(end);
        next = this.position + value;
      } else if (wire === FIXED32) next = this.position + 4;
      else if (wire === FIXED64) next = this.position + 8;
      else this.broken(`a field of unknown kind ${wire}`);
      if (field === 0) this.broken('a field without a number');
      if (value < 0 && wire === BYTES) this.broken('a negative length');
      if (next > end) {
        this.broken(
          end === this.size
            ? `a field of ${next - this.position} bytes, but the file ends ${end - this.position} bytes further on`
            : 'a field that is longer than the message around it',
        );
      }
      const visited = visit(field, wire, value);
      if (visited) await visited;
      this.position = next;
    }
  }

  /** The bytes of a field as text. Longer than `limit` is refused. */
  async text(length: number, place: string, limit: number = limits.name): Promise<string> {
    if (length > limit) this.tooMuch(`${place} of ${length} bytes; ${limit} are the most`);
    if (!this.has(length)) await this.fill();
    const at = this.position - this.windowStart;
    // The text is shown to people and written to tables: what is no UTF-8 becomes U+FFFD.
    return decoder.decode(this.window.subarray(at, at + length));
  }

  broken(what: string): never {
    throw new Failure(
      'catalogue.model-broken',
      `The ${this.what} is damaged or cut off: at byte ${this.position} there is ${what}. Upload it again, or export it again.`,
    );
  }

  tooMuch(what: string): never {
    throw new Failure(
      'catalogue.model-too-complex',
      `The ${this.what} goes beyond a limit: ${what}. Export a smaller model.`,
    );
  }

  private has(count: number): boolean {
    const ahead = this.windowStart + this.window.length - this.position;
    return this.position >= this.windowStart && (ahead >= count || (ahead > 0 && this.atEnd()));
  }

  private atEnd(): boolean {
    return this.windowStart + this.window.length >= this.size;
  }

  private async fill(): Promise<void> {
    this.window = await this.source.read(this.position, Math.min(WINDOW, this.size - this.position));
    this.windowStart = this.position;
    if (this.window.length === 0 && this.position < this.size) this.broken('nothing more to read');
  }

  /** As a signed 64-bit number; beyond 2^53 it is rounded, which no count, length or type here reaches. */
  private varint(end: number): number {
    const limit = Math.min(end - this.windowStart, this.window.length);
    let at = this.position - this.windowStart;
    // Two halves of 32 bits: a float would round -1 away.
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= limit) this.broken('a number that breaks off');
      const byte = this.window[at++]!;
      const seven = byte & 0x7f;
      if (shift < 32) low |= seven << shift;
      if (shift > 28) high |= seven << (shift - 32);
      else if (shift === 28) high = seven >>> 4;
      if (byte < 0x80) {
        this.position = this.windowStart + at;
        return high * 2 ** 32 + (low >>> 0);
      }
    }
    return this.broken('a number of more than 10 bytes');
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Writing, for the few fields that a rewritten model needs. */
export function bytesField(field: number, content: Uint8Array): Uint8Array {
  return concat([varintBytes(field * 8 + BYTES), varintBytes(content.length), content]);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

export function numberField(field: number, value: number): Uint8Array {
  return concat([varintBytes(field * 8 + VARINT), varintBytes(value)]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
