/**
 * The processes of a worker: itself, its children and theirs, also those that left its group.
 *
 * Guarantee: after `endTree` none of them runs. Found by what /proc says of parents, by the process group, and by a mark
 * in the environment that children inherit: what left the group and lost its parent still has that. Where there is no
 * /proc the process group is all that can be ended.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The variable whose value marks the processes of one worker. */
export const MARK = 'MILLRACE_WORKER';

const hasProc = existsSync('/proc/self/stat');
/** What is killed is gone in a moment; one that the kernel holds in a read is not waited for any longer. */
const END_ROUNDS = 100;
const ROUND_MS = 10;
/** A tree that is larger is over any cap; nobody needs to walk it to the end. */
const MOST = 4096;

export interface TreeUse {
  processes: number;
  /** Resident memory of all of them. */
  bytes: number;
}

/** What the processes below `pid` use, itself included. Costs some 50 µs a process. */
export function treeUse(pid: number): TreeUse | undefined {
  if (!hasProc) return undefined;
  const pids = below(pid);
  return { processes: pids.length, bytes: pids.reduce((sum, one) => sum + residentBytes(one), 0) };
}

/** Ends them all, again and again until none is left: one that forks may have been quicker than the look. */
export async function endTree(pid: number, mark: string): Promise<void> {
  // The look comes before the first blow: children of what is dead have another parent.
  let left = hasProc ? members(pid, mark) : [];
  signalGroup(pid);
  for (let round = 0; round < END_ROUNDS; round++) {
    for (const one of left) signal(one);
    if (!hasProc) return;
    left = members(pid, mark);
    if (left.length === 0) return;
    await sleep(ROUND_MS);
  }
}

/** Living processes of the worker. What is dead and not yet fetched by its parent counts as gone. */
export function members(pid: number, mark: string): number[] {
  if (!hasProc) return [];
  const tree = new Set(below(pid));
  const entry = `${MARK}=${mark}`;
  for (const name of readdirSync('/proc')) {
    const one = Number(name);
    if (Number.isInteger(one) && !tree.has(one) && isOurs(one, pid, entry)) tree.add(one);
  }
  return [...tree].filter(isAlive);
}

function isOurs(one: number, group: number, entry: string): boolean {
  if (statOf(one)?.group === group) return true;
  return read(`/proc/${one}/environ`).split('\0').includes(entry);
}

function below(pid: number): number[] {
  const found = [pid];
  for (let i = 0; i < found.length && found.length < MOST; i++) {
    for (const task of list(`/proc/${found[i]}/task`)) {
      const children = read(`/proc/${found[i]}/task/${task}/children`).trim();
      if (children !== '') found.push(...children.split(' ').map(Number));
    }
  }
  return found.filter((one) => existsSync(`/proc/${one}`));
}

const isAlive = (pid: number): boolean => {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
};

/** The name may hold spaces and brackets, so what counts is behind the last one. */
function statOf(pid: number): { state: string; group: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  const [state, , group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { state: state!, group: Number(group) };
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Empty for a process that has just ended, or is somebody else's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

function signalGroup(pid: number): void {
  if (process.platform !== 'win32') signal(-pid);
  else signal(pid);
}
