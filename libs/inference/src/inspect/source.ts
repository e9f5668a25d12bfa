/**
 * A file to inspect, read in pieces: memory stays at one window, however long the file. A store that can give
 * a range of bytes is a source too.
 */
import { open } from 'node:fs/promises';
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; never asked beyond `size`. The bytes stay valid until the next read. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Whether a file lies beside this one, under a relative path that has been checked. Absent: none does. */
  beside?(relative: string): Promise<boolean>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A file on disk. `close` it. */
export async function fileSource(file: string): Promise<ByteSource & { close(): Promise<void> }> {
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  const folder = path.dirname(file);
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) return bytes.subarray(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    async beside(relative) {
      const target = path.join(folder, relative);
      const found = await lstat(target).catch(() => undefined);
      if (!found?.isFile()) return false;
      // A link somewhere on the way would lead out after all.
      const [real, home] = await Promise.all([realpath(target), realpath(folder)]);
      return real.startsWith(home + path.sep);
    },
    close: () => handle.close(),
  };
}

/** A stretch of a source, as a source. */
export const part = (source: ByteSource, start: number, length: number): ByteSource => ({
  size: length,
  read: (offset, wanted) => source.read(start + offset, wanted),
});

const WINDOW = 256 * 1024;

/** Small reads near one another become one of the source: a store far away answers seldom and much. */
export function windowed(source: ByteSource): ByteSource {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  return {
    size: source.size,
    async read(offset, length) {
      if (length > WINDOW) return source.read(offset, length);
      if (offset < start || offset + length > start + bytes.length) {
        bytes = Uint8Array.from(await source.read(offset, Math.min(WINDOW, source.size - offset)));
        start = offset;
      }
      return bytes.subarray(offset - start, offset - start + length);
    },
  };
}
