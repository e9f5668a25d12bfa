/**
 * The object store in a folder, for one machine. Links lead to the director's own `/objects/...` (route.ts).
 *
 * Guarantee: an object appears whole, by rename after fsync; what an interrupted upload left is in `incoming`
 * and `uploads`, and goes away after a day.
 */
import { hkdfSync } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '@millrace/schemas';
import { newId } from '../id.js';
import { signPermit } from './links.js';
import {
  assertKey,
  ObjectStore,
  type Link,
  type ObjectInfo,
  type Part,
  type Range,
  type StoredPart,
} from './store.js';

const ABANDONED_MS = 86_400_000;
/** Read from the disk at a time: of a model there is much, and each read costs a turn of the event loop. */
const READ_BYTES = 512 * 1024;

export class DiskStore extends ObjectStore {
  /** Signs the links. */
  readonly secret: Uint8Array;

  constructor(
    private readonly folder: string,
    masterKey: Uint8Array,
    private readonly publicUrl: () => string,
    private readonly now: () => number,
  ) {
    super();
    this.secret = new Uint8Array(hkdfSync('sha256', masterKey, '', 'millrace object links', 32));
  }

  /** Makes the folders and clears what uploads abandoned long ago. */
  async prepare(): Promise<void> {
    for (const name of ['objects', 'incoming', 'uploads'])
      await mkdir(join(this.folder, name), { recursive: true });
    for (const name of ['incoming', 'uploads']) {
      for (const entry of await readdir(join(this.folder, name))) {
        const path = join(this.folder, name, entry);
        const { mtimeMs } = await stat(path);
        if (mtimeMs < this.now() - ABANDONED_MS) await rm(path, { recursive: true, force: true });
      }
    }
  }

  async put(key: string, body: Readable | Uint8Array, size: number): Promise<void> {
    await this.write(body, await this.place(key), size);
  }

  async get(key: string, range?: Range): Promise<Readable> {
    const path = this.path(key);
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? missing(key) : error;
    });
    return file.createReadStream({ ...range, highWaterMark: READ_BYTES });
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      return { size: (await stat(this.path(key))).size };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  async beginUpload(key: string): Promise<string> {
    assertKey(key);
    const upload = newId(this.now());
    await mkdir(join(this.folder, 'uploads', upload));
    return upload;
  }

  async partLink(key: string, upload: string, part: number, size: number, seconds: number): Promise<Link> {
    assertKey(key);
    return this.sign({ key, method: 'PUT', upload, part, size }, seconds);
  }

  /** What the route calls with the bytes of a part. Returns its etag. */
  async putPart(upload: string, part: number, body: Readable, size: number): Promise<string> {
    return this.write(body, join(this.uploadFolder(upload), String(part)), size);
  }

  async listParts(_key: string, upload: string): Promise<StoredPart[]> {
    const folder = this.uploadFolder(upload);
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const parts = await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name));
        return { number: Number(name), size, etag: etagOf(size, mtimeMs) };
      }),
    );
    return parts.sort((a, b) => a.number - b.number);
  }

  async completeUpload(key: string, upload: string, parts: Part[]): Promise<void> {
    const folder = this.uploadFolder(upload);
    const paths = parts.map(({ number }) => join(folder, String(number)));
    let size = 0;
    for (const path of paths) {
      const info = await stat(path).catch(() => undefined);
      if (!info)
        throw new Failure(
          'platform.object-missing',
          `Part ${path.slice(folder.length + 1)} was not uploaded.`,
        );
      size += info.size;
    }
    await this.write(Readable.from(concatenated(paths)), await this.place(key), size);
    await rm(folder, { recursive: true, force: true });
  }

  async abortUpload(_key: string, upload: string): Promise<void> {
    await rm(this.uploadFolder(upload), { recursive: true, force: true });
  }

  async link(key: string, seconds: number): Promise<Link> {
    assertKey(key);
    return this.sign({ key, method: 'GET' }, seconds);
  }

  async check(): Promise<void> {
    await stat(join(this.folder, 'objects'));
  }

  async close(): Promise<void> {
    // nothing is held open
  }

  private sign(
    permit: { key: string; method: 'GET' | 'PUT'; upload?: string; part?: number; size?: number },
    seconds: number,
  ): Link {
    const expiresAt = this.now() + seconds * 1_000;
    return { url: `${this.publicUrl()}${signPermit({ ...permit, expiresAt }, this.secret)}`, expiresAt };
  }

  private path(key: string): string {
    assertKey(key);
    return join(this.folder, 'objects', key);
  }

  /** The path of an object that is about to be written. */
  private async place(key: string): Promise<string> {
    const path = this.path(key);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  private uploadFolder(upload: string): string {
    if (!/^[0-9a-z]{26}$/.test(upload))
      throw new Failure('platform.object-missing', 'There is no such upload.');
    return join(this.folder, 'uploads', upload);
  }

  /** Exactly `size` bytes into `target`; anything else leaves nothing. Returns its etag. */
  private async write(body: Readable | Uint8Array, target: string, size: number): Promise<string> {
    const beside = join(this.folder, 'incoming', newId(this.now()));
    let seen = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        seen += chunk.length;
        done(seen > size ? wrongSize(size, seen) : null, chunk);
      },
    });
    try {
      const source = body instanceof Readable ? body : Readable.from([body]);
      await pipeline(source, measure, createWriteStream(beside, { flush: true }));
      if (seen !== size) throw wrongSize(size, seen);
      // The folder of an upload is not made again: what comes after its end has nowhere to go.
      await rename(beside, target);
      await syncFolder(dirname(target));
    } catch (error) {
      await rm(beside, { force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        throw new Failure('platform.object-missing', 'There is no such upload any more. Begin it again.', {
          cause: error,
        });
      }
      throw error;
    }
    return etagOf(size, (await stat(target)).mtimeMs);
  }
}

/** Tells two writings of a part apart. What the bytes are is found out by whoever seals the upload. */
const etagOf = (size: number, mtimeMs: number): string => `"${size}-${mtimeMs}"`;

async function* concatenated(paths: string[]): AsyncGenerator<Buffer> {
  for (const path of paths)
    yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
}

const wrongSize = (size: number, seen: number) =>
  new Failure(
    'platform.invalid-request',
    `This upload is for exactly ${size} bytes; ${seen > size ? 'more' : `only ${seen}`} came.`,
  );

const missing = (key: string) =>
  new Failure('platform.object-missing', `The object store has nothing under ${key}.`);

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync().catch(() => undefined);
  } finally {
    await folder.close();
  }
}
