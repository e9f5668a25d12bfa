/**
 * The bytes of a file, as they come: plain or gzip, told apart by content and not by name.
 *
 * Guarantee: positions are those of the unpacked bytes, so a saved one can be gone back to. It reads ahead by
 * one chunk and closes what it opened; what cannot be read is a Failure that names the file.
 */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Failure } from '@millrace/schemas';

/** 256 KiB: a few thousand rows a system call, and nothing against a node's memory. */
export const CHUNK = 256 * 1024;
/** A longer line is no row of a sensor: it is a broken file, and must not fill the memory. */
export const MAX_LINE = 1024 * 1024;

export class FileBytes {
  /** What has been read and not been used: `bytes` from `pos` to `end`. */
  bytes = Buffer.allocUnsafe(CHUNK);
  pos = 0;
  end = 0;
  /** Nothing follows `end`. */
  last = false;
  /** Position in the unpacked file of `bytes[0]`. */
  private base = 0;

  private constructor(
    private readonly name: string,
    private readonly from: Stretch,
  ) {}

  static async open(path: string, name: string, position = 0): Promise<FileBytes> {
    try {
      const handle = await open(path, 'r');
      const magic = Buffer.alloc(2);
      const { bytesRead } = await handle.read(magic, 0, 2, 0);
      const packed = bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
      if (packed) await handle.close();
      const file = new FileBytes(name, packed ? unpacked(path) : plain(handle, position));
      if (packed) await file.skip(position);
      else file.base = position;
      return file;
    } catch (error) {
      throw unreadable(name, error);
    }
  }

  /** Position in the unpacked file of `pos`. */
  get position(): number {
    return this.base + this.pos;
  }

  /** Reads on behind `end`, keeping what has not been used. */
  async more(): Promise<void> {
    if (this.pos > 0) {
      this.bytes.copyWithin(0, this.pos, this.end);
      this.base += this.pos;
      this.end -= this.pos;
      this.pos = 0;
    }
    if (this.end === this.bytes.length) {
      const larger = Buffer.allocUnsafe(this.bytes.length * 2);
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    try {
      const n = await this.from.read(this.bytes, this.end);
      this.end += n;
      if (n === 0) this.last = true;
    } catch (error) {
      throw unreadable(this.name, error);
    }
  }

  async close(): Promise<void> {
    await this.from.close();
  }

  private async skip(position: number): Promise<void> {
    while (this.base + this.end <= position && !this.last) {
      this.pos = this.end;
      await this.more();
    }
    this.pos = Math.min(this.end, position - this.base);
  }
}

interface Stretch {
  /** Fills the buffer from `at`, as far as it likes; 0 at the end. */
  read(into: Buffer, at: number): Promise<number>;
  close(): Promise<void>;
}

function plain(handle: FileHandle, position: number): Stretch {
  let next = position;
  return {
    async read(into, at) {
      const { bytesRead } = await handle.read(into, at, into.length - at, next);
      next += bytesRead;
      return bytesRead;
    },
    close: () => handle.close(),
  };
}

function unpacked(path: string): Stretch {
  const file = createReadStream(path);
  const gunzip = createGunzip({ chunkSize: CHUNK });
  file.on('error', (error) => gunzip.destroy(error));
  file.pipe(gunzip);
  const chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return {
    async read(into, at) {
      if (rest.length === 0) {
        const { value, done } = await chunks.next();
        if (done) return 0;
        rest = value;
      }
      const n = rest.copy(into, at);
      rest = rest.subarray(n);
      return n;
    },
    async close() {
      file.destroy();
      gunzip.destroy();
    },
  };
}

function unreadable(name: string, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  return new Failure(
    'engine.file-unreadable',
    `the file ${name} cannot be read: ${why}. Check its path and its rights.`,
    {
      cause: error,
    },
  );
}
