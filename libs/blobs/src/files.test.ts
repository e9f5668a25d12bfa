import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as real from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { riskyDisk } from '../../../test/kit/power.js';
import { makeFolder, readJson, writeAtomically, type Files } from './files.js';

let dir: string;
beforeEach(async () => {
  dir = await real.mkdtemp(join(tmpdir(), 'millrace-files-'));
});
afterEach(() => real.rm(dir, { recursive: true, force: true }));

const old = JSON.stringify({ version: 1, padding: 'o'.repeat(5000) });
const next = JSON.stringify({ version: 2, padding: 'n'.repeat(9000) });

describe('a state file', () => {
  test('that is missing is undefined; one that was damaged says so and how to go on', async () => {
    const path = join(dir, 'state.json');
    expect(await readJson(path)).toBeUndefined();
    await writeAtomically(path, '{"a":1}');
    expect(await readJson(path)).toEqual({ a: 1 });
    await real.writeFile(path, '{"a":');
    await expect(readJson(path)).rejects.toMatchObject({ code: 'platform.unreadable-file' });
  });

  test('is written in the order of the calls and leaves no temporary file', async () => {
    const path = join(dir, 'state.json');
    await Promise.all(Array.from({ length: 20 }, (_, n) => writeAtomically(path, JSON.stringify({ n }))));
    expect(await readJson(path)).toEqual({ n: 19 });
    expect(await real.readdir(dir)).toEqual(['state.json']);
  });

  test('keeps its mode for secrets, also over a temporary file that a crash left', async () => {
    const path = join(dir, 'identity.json');
    await real.writeFile(`${path}.tmp`, 'left by a crash', { mode: 0o644 });
    await writeAtomically(path, '{}', { mode: 0o600 });
    expect((await real.stat(path)).mode & 0o777).toBe(0o600);
  });

  test('keeps its old content and says what is needed when the disk is full', async () => {
    const path = join(dir, 'state.json');
    await writeAtomically(path, old);
    const full: Files = {
      ...real,
      open: async (...values: Parameters<typeof real.open>) => {
        const handle = await real.open(...values);
        handle.writeFile = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
        return handle;
      },
    };
    await expect(writeAtomically(path, next, { files: full })).rejects.toMatchObject({
      code: 'platform.no-space',
      current: { needed: next.length },
    });
    expect(await real.readFile(path, 'utf8')).toBe(old);
    expect(await real.readdir(dir)).toEqual(['state.json']);
    await writeAtomically(path, next);
    expect(await real.readFile(path, 'utf8')).toBe(next);
  });

  for (const how of ['kill', 'power'] as const) {
    test(`holds the old or the new bytes after a ${how} at every file operation`, async () => {
      const path = join(dir, 'state.json');
      await writeAtomically(path, old);
      const undisturbed = riskyDisk();
      await writeAtomically(path, old, undisturbed);
      expect(undisturbed.calls).toBeGreaterThan(6);
      const seen = new Set<string>();
      for (let k = 1; k <= undisturbed.calls; k += 1) {
        const disk = riskyDisk(k);
        await expect(writeAtomically(path, next, disk)).rejects.toThrow('killed');
        await disk.restart(how);
        const found = await real.readFile(path, 'utf8');
        expect([old, next]).toContain(found);
        seen.add(found);
        await writeAtomically(path, old);
      }
      expect(seen.has(old)).toBe(true);
      // Once the call has returned, a power cut takes nothing back.
      const disk = riskyDisk();
      await writeAtomically(path, next, disk);
      await disk.restart(how);
      expect(await real.readFile(path, 'utf8')).toBe(next);
    });
  }

  test('the rig notices a writer that leaves out a step', async () => {
    const path = join(dir, 'state.json');
    await writeAtomically(path, old);
    const disk = riskyDisk();
    const file = await disk.files.open(`${path}.tmp`, 'w');
    await file.writeFile(next);
    await file.close();
    await disk.files.rename(`${path}.tmp`, path);
    const folder = await disk.files.open(dir, 'r');
    await folder.sync();
    await folder.close();
    await disk.restart('power');
    expect(await real.readFile(path, 'utf8')).toBe('');
  });
});

test('a folder is made with those above it', async () => {
  const path = join(dir, 'a', 'b', 'c');
  await makeFolder(path);
  await makeFolder(path);
  expect((await real.stat(path)).isDirectory()).toBe(true);
});
