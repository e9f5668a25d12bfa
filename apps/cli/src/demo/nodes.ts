/**
 * Nodes of the demo: each joins once and runs as a process of its own, `millrace agent run`.
 *
 * Guarantee: a node keeps its identity over restarts; a process that ends by itself is started again; all end
 * with this one, also when it is killed, since each watches its channel to it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { joinNode } from '@millrace/agent';
import { readJson, writeAtomically } from '@millrace/blobs';
import type { Client } from '@millrace/client';
import type { Labels } from '@millrace/schemas';
import { unlessMissing } from '../catalogue/push.js';
import { talk } from '../output/talk.js';

export interface DemoNode {
  name: string;
  group?: string;
  labels: Labels;
  /** Joins and never runs. */
  offline: boolean;
}

export interface RunningNode {
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
/** A flow drains within 10 s; what takes longer hangs. */
const STOPS_WITHIN_MS = 20_000;
const LONGEST_WAIT_MS = 10_000;

const folderOf = (data: string, name: string): string => join(data, 'nodes', name);

export async function joinDemoNode(
  { fleet, url }: Client,
  { name, group, labels }: DemoNode,
  { data, mqttUrl }: { data: string; mqttUrl: string },
): Promise<void> {
  const dataDir = folderOf(data, name);
  const file = join(dataDir, 'identity.json');
  const identity = (await readJson(file)) as Record<string, unknown> | undefined;
  if (identity !== undefined) {
    // Its director is always the one beside it, whose ports may have changed.
    const now = { url, mqttUrl, mqttWebSocketUrl: `${url.replace(/^http/, 'ws')}/mqtt` };
    if (Object.entries(now).some(([key, value]) => identity[key] !== value)) {
      await writeAtomically(file, `${JSON.stringify({ ...identity, ...now }, null, 2)}\n`, { mode: 0o600 });
    }
    return;
  }
  // A start that was cut between joining and keeping the identity left a node that nobody is.
  const orphan = await fleet.node(name).catch(unlessMissing);
  if (orphan !== undefined) {
    if (orphan.status !== 'revoked') await fleet.revokeNode(orphan.id);
    await fleet.removeNode(orphan.id);
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { token } = await fleet.createJoinToken({ group, labels, uses: 1, minutes: 10 });
  await joinNode({ url, token, name, dataDir });
  talk(`demo: ${name} has joined`);
}

export function runNode(name: string, data: string): RunningNode {
  const folder = folderOf(data, name);
  let stopping = false;
  let child: ChildProcess | undefined;
  const patience = new AbortController();

  async function keepRunning(): Promise<void> {
    for (let failures = 0; ;) {
      if (stopping) return;
      const began = Date.now();
      child = start(name, folder, join(data, 'nodes', `${name}.log`));
      const ended = child;
      const code = await new Promise<number | null>((resolve) => {
        ended.once('exit', resolve);
        ended.once('error', () => resolve(null));
      });
      if (stopping) return;
      failures = Date.now() - began > 60_000 ? 1 : failures + 1;
      talk(
        `demo: ${name} ended with ${code}; see ${join(data, 'nodes', `${name}.log`)}. It is started again.`,
      );
      const wait = Math.min(LONGEST_WAIT_MS, 250 * 2 ** failures);
      await pause(wait, undefined, { signal: patience.signal }).catch(() => undefined);
    }
  }

  const done = keepRunning();
  return {
    async stop() {
      stopping = true;
      patience.abort();
      child?.kill('SIGTERM');
      const late = setTimeout(() => child?.kill('SIGKILL'), STOPS_WITHIN_MS);
      await done;
      clearTimeout(late);
    },
  };
}

function start(name: string, folder: string, logFile: string): ChildProcess {
  // Begun anew at every start, so that it stays small.
  const log = openSync(logFile, 'w', 0o600);
  try {
    return spawn(process.execPath, [PROGRAM, 'agent', 'run', '--data', folder], {
      env: environment(),
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

/** Variables that speak to the director or to the command line mean nothing to a node. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(?:MILLRACE|DATABASE|REDIS|S3|MQTT)_/.test(key),
  );
  return { ...Object.fromEntries(kept), MILLRACE_LOG_LEVEL: process.env.MILLRACE_LOG_LEVEL || 'warn' };
}
