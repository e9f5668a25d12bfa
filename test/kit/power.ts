/**
 * A disk whose process can be killed, and whose power can be cut, at the k-th call.
 *
 * `killed` is kill -9: calls up to the k-th have happened, the k-th and all later ones have not.
 * `restart('power')` also takes away what no fsync made sure: bytes of files, and names made by open, rename
 * and rm. Real file systems lose less; what survives this survives them. It works on a real folder.
 */
import * as real from 'node:fs/promises';
import { dirname } from 'node:path';

export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface RiskyDisk {
  /** To be handed to the code under test in the place of node:fs/promises. */
  files: typeof real;
  /** Calls made so far. */
  readonly calls: number;
  /** After it the folder is as the next start would find it. */
  restart(how: 'kill' | 'power'): Promise<void>;
}

/** `killAt` counts from 1; leave it out to count the calls of a run that nothing disturbs. */
export function riskyDisk(killAt = Number.POSITIVE_INFINITY): RiskyDisk {
  let calls = 0;
  const handles = new Set<real.FileHandle>();
  /** By inode, so that a rename keeps it: where the file lies, and its bytes that an fsync made sure. */
  const written = new Map<number, { path: string; sure: number }>();
  /** How to take back the names that a folder's fsync has not made sure, newest last. */
  const unsure: { folder: string; undo: () => Promise<void> }[] = [];

  function count() {
    calls += 1;
    if (calls >= killAt) throw new Killed(`killed at call ${killAt}`);
  }

  async function aside(path: string): Promise<Uint8Array | undefined> {
    return real.readFile(path).catch(() => undefined);
  }

  function wrapHandle(handle: real.FileHandle, path: string): real.FileHandle {
    return new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = value as (...values: unknown[]) => unknown;
        if (name === 'createReadStream') return method.bind(target);
        return async (...values: unknown[]) => {
          count();
          const result = await method.apply(target, values);
          if (name === 'close') handles.delete(handle);
          if (name === 'sync') await synced(target, path);
          return result;
        };
      },
    });
  }

  async function synced(handle: real.FileHandle, path: string) {
    const { ino, size } = await handle.stat();
    const file = written.get(ino);
    if (file) file.sure = size;
    for (let index = unsure.length - 1; index >= 0; index -= 1) {
      if (unsure[index]!.folder === path) unsure.splice(index, 1);
    }
  }

  const operations: Record<string, (...values: never[]) => Promise<unknown>> = {
    async open(path: string, flags?: string, mode?: number) {
      const existed = await real.stat(path).then(
        () => true,
        () => false,
      );
      const handle = await real.open(path, flags, mode);
      handles.add(handle);
      const info = await handle.stat();
      // What an earlier run left is sure: it has outlived a start.
      if (info.isFile() && !written.has(info.ino)) {
        written.set(info.ino, { path, sure: existed ? info.size : 0 });
      }
      if (!existed) {
        unsure.push({ folder: dirname(path), undo: () => real.rm(path, { force: true }) });
      }
      return wrapHandle(handle, path);
    },
    async rename(from: string, to: string) {
      const before = await aside(to);
      await real.rename(from, to);
      const moved = written.get((await real.stat(to)).ino);
      if (moved) moved.path = to;
      unsure.push({
        folder: dirname(to),
        undo: async () => {
          await real.rename(to, from);
          if (before) await real.writeFile(to, before);
        },
      });
    },
    async rm(path: string, options?: { force?: boolean }) {
      const before = await aside(path);
      await real.rm(path, options);
      if (before) unsure.push({ folder: dirname(path), undo: () => real.writeFile(path, before) });
    },
  };

  const files = new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = (operations[String(name)] ?? value) as (...values: unknown[]) => Promise<unknown>;
      return async (...values: unknown[]) => {
        count();
        return method(...values);
      };
    },
  });

  return {
    files,
    get calls() {
      return calls;
    },
    async restart(how) {
      killAt = 0;
      if (how === 'power') {
        for (const [ino, { path, sure }] of written) {
          const now = await real.stat(path).catch(() => undefined);
          if (now?.ino === ino && now.size > sure) await real.truncate(path, sure);
        }
        for (const { undo } of unsure.toReversed()) await undo();
      }
      await Promise.all([...handles].map((handle) => handle.close()));
    },
  };
}
