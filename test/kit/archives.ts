/** Writes archives for tests, byte by byte, also such as no packer would write. */
import { deflateRawSync } from 'node:zlib';

const bytes = (...parts: (string | number[] | Uint8Array)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );

export interface ZipPart {
  name: string;
  /** As it lies in the file. */
  packed: Uint8Array;
  size: number;
  method: number;
  flags: number;
  mode: number;
}

interface EntryOptions {
  deflate?: boolean;
  /** The size that the directory tells. */
  claim?: number;
  packed?: Uint8Array;
  method?: number;
  flags?: number;
  /** Of Unix. */
  mode?: number;
}

export function entry(name: string, content: Uint8Array, options: EntryOptions = {}): ZipPart {
  const {
    deflate = options.packed !== undefined,
    claim = content.length,
    flags = 0,
    mode = 0o100644,
  } = options;
  const packed = options.packed ?? (deflate ? deflateRawSync(content) : content);
  return { name, packed, size: claim, method: options.method ?? (deflate ? 8 : 0), flags, mode };
}

/** `before`: bytes that will stand in front of it. */
export function zip(entries: readonly ZipPart[], before = 0): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = before;
  for (const one of entries) {
    const local = bytes('PK\x03\x04', fieldsOf(one), one.name, one.packed);
    central.push(recordOf(one, at));
    locals.push(local);
    at += local.length;
  }
  return bytes(...locals, ending(central, at));
}

/** So many entries of which each claims the same bytes. */
export function overlapping(count: number, content: Uint8Array): Buffer {
  const one = entry('0', content, { deflate: true });
  const local = bytes('PK\x03\x04', fieldsOf(one), one.name, one.packed);
  const central = Array.from({ length: count }, (_, i) => recordOf({ ...one, name: String(i) }, 0));
  return bytes(local, ending(central, local.length));
}

function fieldsOf({ method, flags, packed, size, name }: ZipPart): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(flags, 2);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
}

function recordOf(one: ZipPart, at: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(one.mode * 65_536, 6);
  tail.writeUInt32LE(at, 10);
  return bytes('PK\x01\x02', [20, 3], fieldsOf(one), tail, one.name);
}

function ending(central: readonly Buffer[], at: number): Buffer {
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return bytes(directory, 'PK\x05\x06', end);
}

/** Name, content and kind: 0 a file, 2 a link, x a header of pax. */
export function tar(entries: readonly (readonly [string, Uint8Array, string?])[]): Buffer {
  const blocks = entries.flatMap(([name, content, kind = '0']) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(kind, 156);
    header.write('ustar\u000000', 257, 'latin1');
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function safetensorsOf(length: bigint, header: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length);
  return Buffer.concat([head, Buffer.from(header)]);
}
