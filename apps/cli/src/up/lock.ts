/**
 * One `millrace up` a data folder.
 *
 * Guarantee: while the process that holds the lock lives, nobody else gets it; one that was killed holds
 * nothing. A process is known by its number and the moment it began, so a number that was given again is
 * somebody else.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@millrace/schemas';

/** Gives what releases the lock. */
export async function lockData(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'up.lock');
  const own = `${process.pid} ${await beganAt(process.pid)}`;
  for (let tried = 0; tried < 2; tried++) {
    try {
      await writeFile(file, own, { flag: 'wx', mode: 0o600 });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid = '', ...began] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
    if (pid !== '' && (await isAlive(Number(pid), began.join(' ')))) {
      throw new Failure(
        'platform.already-running',
        `Millrace runs already in ${folder}, as process ${pid}. Stop it, or choose another folder with --data.`,
      );
    }
    // Left behind by a process that was killed.
    await rm(file, { force: true });
  }
  throw new Failure('platform.already-running', `Another Millrace is just starting in ${folder}.`);
}

async function isAlive(pid: number, began: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await beganAt(pid);
  return now !== 'ended' && now === began;
}

/** The start in clock ticks since the boot on Linux, `ended` for a zombie; elsewhere unknown, so any is the same. */
async function beganAt(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return fields[0] === 'Z' ? 'ended' : `${boot}/${fields[19]}`;
  } catch {
    return process.platform === 'linux' ? 'ended' : '';
  }
}
