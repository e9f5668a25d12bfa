import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockData } from './lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock of a data folder', () => {
  it('keeps a second one out until it is released', async () => {
    const release = await lockData(folder);
    await expect(lockData(folder)).rejects.toMatchObject({ code: 'platform.already-running' });
    await expect(lockData(folder)).rejects.toThrow(String(process.pid));
    await release();
    await (
      await lockData(folder)
    )();
  });

  it('is free when its holder was killed, also when the number was given again', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    const { pid } = child;
    child.kill('SIGKILL');
    await once(child, 'exit');
    await writeFile(join(folder, 'up.lock'), `${pid} whenever`);
    await (
      await lockData(folder)
    )();
    // This process lives, but it began at another moment than the one that held the lock.
    await writeFile(join(folder, 'up.lock'), `${process.pid} whenever`);
    if (process.platform === 'linux') await (await lockData(folder))();
  });
});
