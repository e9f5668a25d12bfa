/**
 * Frames of the worker protocol: `u32 length, u8 kind, u32 id, u32 headerLength, header (JSON), body`, all of it
 * little-endian. `length` counts what stands behind it. A header of no bytes is `{}`.
 *
 * Guarantee: what is handed on is a whole frame of a known kind and of at most MAX_FRAME bytes; anything else is
 * refused with its first bytes. It knows nothing of processes and keeps at most one frame that is not whole.
 */
/** What came is no frame; the message says what it is. */
export class NoFrame extends Error {}

export const Kind = {
  hello: 1,
  ready: 2,
  batch: 3,
  result: 4,
  error: 5,
  ping: 6,
  pong: 7,
  bye: 8,
} as const;

/** Bytes in front of the header. */
export const PREFIX = 13;
/** A batch beyond this is a mistake: 256 MiB are 32 million numbers. */
export const MAX_FRAME = 256 * 1024 * 1024;
/** Of the prefix, what `length` counts. */
const COUNTED = 9;
/** Length and kind: known before room is made for the rest. */
const HEAD = 5;

export interface Frame {
  kind: number;
  id: number;
  header: Record<string, unknown>;
  /** Valid while it is handled. */
  body: Buffer;
}

const EMPTY: Record<string, unknown> = Object.freeze({});

/** Prefix and header of a frame whose body of `bodyBytes` follows. */
export function frameHead(kind: number, id: number, header: object | null, bodyBytes = 0): Buffer {
  const json = header === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(header));
  const head = Buffer.allocUnsafe(PREFIX + json.length);
  writePrefix(head, 0, kind, id, json.length, bodyBytes);
  json.copy(head, PREFIX);
  return head;
}

export function writePrefix(
  into: Buffer,
  at: number,
  kind: number,
  id: number,
  headerBytes: number,
  bodyBytes: number,
): void {
  into.writeUInt32LE(COUNTED + headerBytes + bodyBytes, at);
  into[at + 4] = kind;
  into.writeUInt32LE(id, at + 5);
  into.writeUInt32LE(headerBytes, at + 9);
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  private whole: Buffer | undefined;
  private filled = 0;
  /** The beginning of a frame that ended before its length and kind were known. */
  private begun: Buffer | undefined;

  constructor(private readonly take: (frame: Frame) => void) {}

  /** Throws NoFrame when the bytes are none; nothing more can be read then. */
  push(given: Buffer): void {
    const chunk = this.begun === undefined ? given : Buffer.concat([this.begun, given]);
    this.begun = undefined;
    for (let at = 0; at < chunk.length;) {
      if (this.whole !== undefined) {
        at += this.fill(chunk, at);
        continue;
      }
      const left = chunk.length - at;
      if (left < HEAD) {
        this.begun = Buffer.from(chunk.subarray(at));
        return;
      }
      const size = sizeAt(chunk, at);
      if (left >= size) {
        this.take(frameAt(chunk, at, size));
        at += size;
      } else {
        this.whole = Buffer.allocUnsafeSlow(size);
        this.filled = 0;
      }
    }
  }

  private fill(chunk: Buffer, at: number): number {
    const whole = this.whole!;
    const taken = chunk.copy(whole, this.filled, at);
    this.filled += taken;
    if (this.filled === whole.length) {
      this.whole = undefined;
      this.take(frameAt(whole, 0, whole.length));
    }
    return taken;
  }
}

function sizeAt(chunk: Buffer, at: number): number {
  const length = chunk.readUInt32LE(at);
  const kind = chunk[at + 4]!;
  if (length < COUNTED || length + 4 > MAX_FRAME || kind < Kind.hello || kind > Kind.bye)
    throw new NoFrame(
      `what it writes is no frame: it begins with ${JSON.stringify(chunk.toString('latin1', at, at + 32))}`,
    );
  return length + 4;
}

function frameAt(bytes: Buffer, at: number, size: number): Frame {
  const headerBytes = bytes.readUInt32LE(at + 9);
  const body = at + PREFIX + headerBytes;
  if (body > at + size) throw new NoFrame('a frame of it has a header that is longer than the frame');
  return {
    kind: bytes[at + 4]!,
    id: bytes.readUInt32LE(at + 5),
    header: headerBytes === 0 ? EMPTY : headerOf(bytes.toString('utf8', at + PREFIX, body)),
    body: bytes.subarray(body, at + size),
  };
}

function headerOf(json: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch {
    header = undefined;
  }
  if (typeof header === 'object' && header !== null && !Array.isArray(header))
    return header as Record<string, unknown>;
  throw new NoFrame(`a frame of it has a header that is no JSON object: ${json.slice(0, 64)}`);
}
