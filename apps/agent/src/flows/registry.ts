/**
 * Which processes of flows this data folder has, on disk, so that the next start of the agent knows what a kill
 * left behind; and the lock that keeps a second agent out.
 *
 * Guarantee: no flow is started while a process of an earlier agent may still run it: they end by themselves
 * when their parent is gone, and are waited for, and killed when they do not. A process is known by its number
 * and the moment it began, so a number that was given again is nobody of ours.
 */
import { readFile, rm } from 'node:fs/promises';
import { readJson, writeAtomically } from '@millrace/blobs';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';
import { pause } from '../backoff.js';
import type { Folders } from '../folders.js';
import type { Log } from '../log.js';
import { DRAIN_MS } from './ipc.js';

const Known = z.object({
  pid: z.number(),
  began: z.string(),
  /** It leads a group of its own, and does not end when its parent does: an installer. */
  group: z.boolean().optional(),
});
type Known = z.infer<typeof Known>;

export interface Registry {
  add(pid: number, group?: 'group'): Promise<void>;
  remove(pid: number): Promise<void>;
}

/** Throws `fleet.agent-running` when another agent lives on this folder. */
export async function lockFolder(folders: Folders): Promise<() => Promise<void>> {
  const before = Known.safeParse(await readJson(folders.lock).catch(() => undefined));
  if (before.success && before.data.pid !== process.pid && (await isAlive(before.data))) {
    throw new Failure(
      'fleet.agent-running',
      `The agent with process number ${before.data.pid} works in this data folder. Stop it, or set MILLRACE_DATA.`,
    );
  }
  await writeAtomically(folders.lock, JSON.stringify(await identify(process.pid)));
  return () => rm(folders.lock, { force: true });
}

/** Waits for what an earlier agent left, then begins an empty list. */
export async function openRegistry(folders: Folders, log: Log): Promise<Registry> {
  const stored = z.array(Known).safeParse(await readJson(folders.processes).catch(() => undefined));
  for (const known of stored.data ?? []) await outlive(known, log);
  let all: Known[] = [];
  const save = () => writeAtomically(folders.processes, JSON.stringify(all));
  await save();
  return {
    async add(pid, group) {
      all = [...all, { ...(await identify(pid)), ...(group && { group: true }) }];
      await save();
    },
    async remove(pid) {
      all = all.filter((known) => known.pid !== pid);
      await save();
    },
  };
}

async function outlive(known: Known, log: Log): Promise<void> {
  if (known.group === true) {
    // Nothing of it is of use, and what it makes would be in the way.
    if (known.began !== '' && (await isAlive(known))) process.kill(-known.pid, 'SIGKILL');
    return;
  }
  const end = performance.now() + DRAIN_MS + 2_000;
  while (await isAlive(known)) {
    if (performance.now() > end) {
      // Without the moment it began we can't be sure that it is ours.
      if (known.began === '') return;
      log.warn({ pid: known.pid }, 'a flow of an earlier agent did not end by itself');
      process.kill(known.pid, 'SIGKILL');
      return;
    }
    await pause(50);
  }
}

async function isAlive(known: Known): Promise<boolean> {
  try {
    process.kill(known.pid, 0);
  } catch {
    return false;
  }
  const { began } = await identify(known.pid);
  // A zombie has no `began`, and does nothing any more.
  return process.platform !== 'linux' || (began !== '' && began === known.began);
}

/** `began` is the start time in clock ticks with the boot's id, on Linux; elsewhere unknown. */
async function identify(pid: number): Promise<Known> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return { pid, began: fields[0] === 'Z' ? '' : `${boot}/${fields[19]}` };
  } catch {
    return { pid, began: '' };
  }
}
