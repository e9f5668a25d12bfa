import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as real from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { riskyDisk } from '../../../test/kit/power.js';
import { digestOf } from './digest.js';
import type { Files } from './files.js';
import { openBlobFolder } from './folder.js';
import type { Source } from './pull.js';

let dir: string;
beforeEach(async () => {
  dir = await real.mkdtemp(join(tmpdir(), 'millrace-blobs-'));
});
afterEach(() => real.rm(dir, { recursive: true, force: true }));

const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31 + (index >> 8)) & 255));
const digest = digestOf(content);
const size = content.length;
const other = Buffer.from(content).reverse();

/** Serves bytes from an offset in chunks of 8,000, as an object store does. */
const serve =
  (bytes: Buffer, upTo = bytes.length): Source =>
  async (offset) =>
    Readable.from(
      (function* () {
        for (let at = offset; at < upTo; at += 8000) yield bytes.subarray(at, Math.min(at + 8000, upTo));
      })(),
    );

/** Fails like a connection that was reset after so many bytes of the content. */
const cutAt =
  (bytes: Buffer, at: number): Source =>
  async (offset) =>
    Readable.from(
      (async function* () {
        yield bytes.subarray(offset, at);
        throw new Error('connection reset');
      })(),
    );

const mismatch = { code: 'catalogue.digest-mismatch' };

describe('a pull', () => {
  test('brings a blob once and finds it afterwards', async () => {
    const folder = await openBlobFolder(dir);
    expect(await folder.has(digest)).toBe(false);
    const seen: number[] = [];
    const options = { onProgress: (done: number) => seen.push(done) };
    const pulled = await folder.pull(digest, size, serve(content), options);
    expect(pulled).toEqual({ path: folder.path(digest), fetched: size, resumedAt: 0 });
    expect((await real.readFile(pulled.path)).equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(size);
    const never: Source = () => Promise.reject(new Error('must not be asked'));
    expect((await folder.pull(digest, size, never)).fetched).toBe(0);
    expect(await folder.list()).toMatchObject([{ digest, size, partial: false }]);
  });

  test('of nothing is a blob too', async () => {
    const folder = await openBlobFolder(dir);
    const empty = digestOf(Buffer.alloc(0));
    await folder.pull(empty, 0, serve(Buffer.alloc(0)));
    expect(await folder.has(empty)).toBe(true);
  });

  test('never lets a tampered blob become active: bits, truncated, appended, swapped', async () => {
    const folder = await openBlobFolder(dir);
    for (let bit = 0; bit < size * 8; bit += 40_009) {
      const wrong = Buffer.from(content);
      wrong[bit >> 3] = wrong[bit >> 3]! ^ (1 << (bit & 7));
      await expect(folder.pull(digest, size, serve(wrong))).rejects.toMatchObject(mismatch);
      expect(await folder.list()).toEqual([]);
    }
    await expect(folder.pull(digest, size, serve(other))).rejects.toMatchObject(mismatch);
    const longer = Buffer.concat([content, Buffer.from([1])]);
    await expect(folder.pull(digest, size, serve(longer))).rejects.toMatchObject(mismatch);
    expect(await folder.list()).toEqual([]);
    await expect(folder.pull(digest, size, serve(content.subarray(0, -1)))).rejects.toMatchObject({
      code: 'platform.download-cut',
    });
    expect(await folder.has(digest)).toBe(false);
    // After every refused update the next good one works.
    expect((await folder.pull(digest, size, serve(content))).resumedAt).toBe(size - 1);
    expect(await folder.has(digest)).toBe(true);
  });

  test('goes on from where a cut left it, also after a restart', async () => {
    const folder = await openBlobFolder(dir);
    const cut = folder.pull(digest, size, cutAt(content, 20_001));
    await expect(cut).rejects.toMatchObject({ code: 'platform.download-cut' });
    expect(await folder.has(digest)).toBe(false);
    const again = await openBlobFolder(dir);
    expect(await again.list()).toMatchObject([{ digest, size: 20_001, partial: true }]);
    const offsets: number[] = [];
    const source: Source = (offset, signal) => {
      offsets.push(offset);
      return serve(content)(offset, signal);
    };
    expect(await again.pull(digest, size, source)).toMatchObject({
      fetched: size - 20_001,
      resumedAt: 20_001,
    });
    expect(offsets).toEqual([20_001]);
  });

  test('starts over by itself when what an earlier pull left is wrong or too long', async () => {
    const folder = await openBlobFolder(dir);
    await real.writeFile(`${folder.path(digest)}.part`, Buffer.alloc(30_000));
    expect(await folder.pull(digest, size, serve(content))).toMatchObject({ fetched: size, resumedAt: 0 });
    await real.rm(folder.path(digest));
    await real.writeFile(`${folder.path(digest)}.part`, Buffer.concat([content, content]));
    expect(await folder.pull(digest, size, serve(content))).toMatchObject({ fetched: size });
    await real.rm(folder.path(digest));
    // A crash between the last byte and the rename: nothing needs to be asked for.
    await real.writeFile(`${folder.path(digest)}.part`, content);
    expect(await folder.pull(digest, size, () => Promise.reject(new Error('asked')))).toMatchObject({
      fetched: 0,
      resumedAt: size,
    });
  });

  test('stops an endless download at the signed size', async () => {
    const folder = await openBlobFolder(dir);
    let served = 0;
    const endless: Source = async () =>
      Readable.from(
        (function* () {
          for (;;) {
            served += 1;
            yield content;
          }
        })(),
      );
    await expect(folder.pull(digest, size, endless)).rejects.toMatchObject(mismatch);
    expect(served).toBeLessThan(50);
    expect(await folder.list()).toEqual([]);
  });

  test('gives up what drips, what stalls, and what never opens', async () => {
    const folder = await openBlobFolder(dir);
    const patience = { patienceMs: 40, minBytesPerSecond: 1_000_000_000 };
    const dripping: Source = async () =>
      Readable.from(
        (async function* () {
          for (let at = 0; ; at += 1) {
            yield content.subarray(at, at + 1);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        })(),
      );
    const tooSlow = { code: 'platform.download-too-slow' };
    await expect(folder.pull(digest, size, dripping, patience)).rejects.toMatchObject(tooSlow);
    const silent: Source = async () => new Readable({ read: () => undefined });
    const least = { patienceMs: 40, minBytesPerSecond: 0 };
    await expect(folder.pull(digest, size, silent, least)).rejects.toMatchObject(tooSlow);
    const late = new Readable({ read: () => undefined });
    let open!: (stream: Readable) => void;
    const opening = new Promise<Readable>((resolve) => (open = resolve));
    await expect(folder.pull(digest, size, () => opening, least)).rejects.toMatchObject(tooSlow);
    open(late);
    await new Promise((resolve) => setImmediate(resolve));
    expect(late.destroyed).toBe(true);
    expect(await folder.has(digest)).toBe(false);
    await folder.pull(digest, size, serve(content));
  });

  test('is one download for all who ask; one who leaves does not stop the others', async () => {
    const folder = await openBlobFolder(dir);
    let asked = 0;
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const source: Source = async (offset, signal) => {
      asked += 1;
      await gate;
      return serve(content)(offset, signal);
    };
    const leaver = new AbortController();
    const first = folder.pull(digest, size, source, { signal: leaver.signal });
    const second = folder.pull(digest, size, source);
    leaver.abort(new Error('no longer wanted'));
    await expect(first).rejects.toThrow('no longer wanted');
    go();
    expect((await second).fetched).toBe(size);
    expect(asked).toBe(1);
  });

  test('ends when the last one leaves, and may be begun again at once', async () => {
    const folder = await openBlobFolder(dir);
    const leaver = new AbortController();
    const stream = new Readable({ read: () => undefined });
    const left = folder.pull(digest, size, async () => stream, { signal: leaver.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    leaver.abort(new Error('superseded'));
    const next = folder.pull(digest, size, serve(content));
    await expect(left).rejects.toThrow('superseded');
    expect(stream.destroyed).toBe(true);
    expect((await next).fetched).toBe(size);
  });

  test('passes on what the source says, such as that the node may not have it', async () => {
    const folder = await openBlobFolder(dir);
    const { Failure } = await import('@millrace/schemas');
    const forbidden = new Failure('access.forbidden', 'not yours');
    await expect(folder.pull(digest, size, () => Promise.reject(forbidden))).rejects.toBe(forbidden);
  });

  test('refuses a size that contradicts the digest', async () => {
    const folder = await openBlobFolder(dir);
    await folder.pull(digest, size, serve(content));
    await expect(folder.pull(digest, size + 1, serve(content))).rejects.toMatchObject(mismatch);
    await expect(folder.pull('../../etc/passwd', 1, serve(content))).rejects.toMatchObject({
      code: 'catalogue.invalid-digest',
    });
  });
});

describe('space', () => {
  test('short of the quota is refused with needed and free, before a byte is fetched', async () => {
    const folder = await openBlobFolder(dir);
    await folder.pull(digest, size, serve(content));
    const second = digestOf(other);
    const asked: Source = () => Promise.reject(new Error('must not be asked'));
    const refused = folder.pull(second, size, asked, { quotaBytes: 2 * size - 1 });
    await expect(refused).rejects.toMatchObject({
      code: 'platform.no-space',
      current: { needed: size, free: size - 1 },
    });
    expect((await folder.pull(second, size, serve(other), { quotaBytes: 2 * size })).fetched).toBe(size);
  });

  test('for one of two at the same time is given to one', async () => {
    const folder = await openBlobFolder(dir);
    const quota = { quotaBytes: size };
    const results = await Promise.allSettled([
      folder.pull(digest, size, serve(content), quota),
      folder.pull(digestOf(other), size, serve(other), quota),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const used = (await folder.list()).reduce((sum, blob) => sum + blob.size, 0);
    expect(used).toBe(size);
  });

  test('keeps a reserve of the disk free', async () => {
    const folder = await openBlobFolder(dir, { reserveBytes: Number.MAX_SAFE_INTEGER / 2 });
    await expect(folder.pull(digest, size, serve(content))).rejects.toMatchObject({
      code: 'platform.no-space',
    });
  });

  test('that runs out at any byte is told, given back, and heals itself', async () => {
    let room = 0;
    const tight = new Proxy(real, {
      get(target, name) {
        if (name !== 'open') return Reflect.get(target, name, target) as unknown;
        return async (...values: Parameters<typeof real.open>) => {
          const handle = await real.open(...values);
          const append = handle.appendFile.bind(handle);
          let written = 0;
          handle.appendFile = async (data) => {
            const bytes = data as Uint8Array;
            const fits = bytes.subarray(0, Math.max(0, room - written));
            await append(fits);
            written += fits.length;
            if (fits.length < bytes.length) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
          };
          return handle;
        };
      },
    }) as Files;
    const folder = await openBlobFolder(dir, { files: tight });
    for (room = 0; room < size; room += 7_001) {
      await expect(folder.pull(digest, size, serve(content))).rejects.toMatchObject({
        code: 'platform.no-space',
        current: { needed: size },
      });
      expect(await folder.list()).toEqual([]);
    }
    room = size;
    expect((await folder.pull(digest, size, serve(content))).fetched).toBe(size);
  });
});

describe('keeping and collecting', () => {
  test('a damaged blob is found, removed and can be fetched anew', async () => {
    const folder = await openBlobFolder(dir);
    expect(await folder.reverify(digest)).toBe('absent');
    await folder.pull(digest, size, serve(content));
    expect(await folder.reverify(digest)).toBe('intact');
    const file = await real.open(folder.path(digest), 'r+');
    await file.write(Buffer.from([content[777]! ^ 1]), 0, 1, 777);
    await file.close();
    expect(await folder.reverify(digest)).toBe('damaged');
    expect(await folder.has(digest)).toBe(false);
    await folder.pull(digest, size, serve(content));
    expect(await folder.reverify(digest)).toBe('intact');
  });

  test('what is named, young or foreign stays; the rest and old partial files go', async () => {
    let now = Date.now();
    const folder = await openBlobFolder(dir, { now: () => now });
    const second = digestOf(other);
    await folder.pull(digest, size, serve(content));
    await folder.pull(second, size, serve(other));
    const third = digestOf(Buffer.from('third'));
    await real.writeFile(`${folder.path(third)}.part`, 'th');
    await real.writeFile(join(dir, 'README'), 'not a blob');
    expect((await folder.collect(new Set(), 60_000)).removed).toEqual([]);
    now += 120_000;
    const { removed, bytes } = await folder.collect(new Set([digest]), 60_000);
    expect(removed.sort()).toEqual([second, third].sort());
    expect(bytes).toBe(size + 2);
    expect((await real.readdir(dir)).sort()).toEqual([digest.slice(7), 'README'].sort());
    // Found again by a pull: young again.
    await folder.pull(digest, size, serve(content));
    expect((await folder.collect(new Set(), 60_000)).removed).toEqual([]);
  });
});

describe('a crash', () => {
  for (const how of ['kill', 'power'] as const) {
    test(`(${how}) at every file operation of a pull leaves the blob whole or absent`, async () => {
      const undisturbed = riskyDisk();
      const counted = await openBlobFolder(join(dir, 'counted'), undisturbed);
      await counted.pull(digest, size, serve(content));
      expect(undisturbed.calls).toBeGreaterThan(15);
      let resumed = 0;
      for (let k = 1; k <= undisturbed.calls; k += 1) {
        const place = join(dir, String(k));
        const disk = riskyDisk(k);
        const run = openBlobFolder(place, disk).then((folder) => folder.pull(digest, size, serve(content)));
        await expect(run).rejects.toThrow();
        await disk.restart(how);
        const folder = await openBlobFolder(place);
        if (await folder.has(digest)) expect(await folder.reverify(digest)).toBe('intact');
        const pulled = await folder.pull(digest, size, serve(content));
        if (pulled.resumedAt > 0) resumed += 1;
        expect((await real.readFile(pulled.path)).equals(content)).toBe(true);
        expect(await folder.list()).toHaveLength(1);
      }
      // Power cuts lose unsynced bytes, kills do not: then the partial file is worth something.
      // What comes at once is one write: kills between it and the rename find it.
      if (how === 'kill') expect(resumed).toBeGreaterThanOrEqual(3);
    });
  }

  test('(power) after a pull has returned takes nothing back', async () => {
    const disk = riskyDisk();
    const folder = await openBlobFolder(dir, disk);
    await folder.pull(digest, size, serve(content));
    await disk.restart('power');
    expect(await (await openBlobFolder(dir)).reverify(digest)).toBe('intact');
  });
});
