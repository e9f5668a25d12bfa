/**
 * Begin and end of a test run: one folder that all its suites share (the test server lives in it), removed at
 * the end together with what a killed run left behind.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const prefix = 'millrace-test-';

export default async function begin() {
  if (process.env.MILLRACE_TEST_RUN) return;
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !alive(pid)) await remove(join(tmpdir(), name));
  }
  process.env.MILLRACE_TEST_RUN = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}

/** Stops the server of the run by the id in its own lock file, then removes the folder. */
export async function remove(folder) {
  const pid = postmaster(folder);
  if (pid > 1 && alive(pid)) {
    process.kill(pid, 'SIGQUIT'); // immediate: the data goes away in a moment
    for (let i = 0; i < 500 && alive(pid); i++) await sleep(20);
  }
  rmSync(folder, { recursive: true, force: true });
}

function postmaster(folder) {
  try {
    return Number(readFileSync(join(folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return 0;
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
