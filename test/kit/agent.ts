/**
 * A real agent for tests, in this process or as one of its own, enrolled at a director of the bench, with flows
 * of the test's modules (flow-host.mjs). The processes of flows come from the build: `npx tsc -b apps/agent`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FlowDocument, FlowReport } from '@millrace/schemas';
import {
  agentConfig,
  joinNode,
  startAgent,
  type Agent,
  type AgentConfig,
} from '../../apps/agent/src/index.js';
import { foldersOf } from '../../apps/agent/src/folders.js';
import { startBenchDirector, until, type BenchDirector, type BenchFlow } from './bench-director.js';

const kit = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const LOG_LEVEL = process.env.MILLRACE_TEST_LOG ?? 'silent';

export interface TestAgent {
  director: BenchDirector;
  dataDir: string;
  /** In this process; closes the one before. */
  start(changes?: Partial<AgentConfig>): Promise<Agent>;
  /** As a process of its own, for kill -9. */
  spawn(): Promise<ChildProcess>;
  stop(): Promise<void>;
  /** What `sink.list` wrote, in order. */
  list(name?: string): Promise<{ tag: string; number: number }[]>;
  /** Waits until a version has written something after this moment. */
  writes(tag: string, name?: string): Promise<void>;
  running(version: number, flow?: string): Promise<FlowReport>;
  close(): Promise<void>;
}

export async function testAgent(): Promise<TestAgent> {
  if (!existsSync(kit('../../apps/agent/dist/flows/host-main.js'))) {
    throw new Error('the agent is not built: npx tsc -b apps/agent');
  }
  const director = await startBenchDirector();
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-agent-'));
  await joinNode({ url: director.url, token: director.token, name: 'press-4', dataDir });
  const children: ChildProcess[] = [];
  let agent: Agent | undefined;

  async function list(name = 'pump'): Promise<{ tag: string; number: number }[]> {
    const path = join(foldersOf(dataDir).flow(name).work, 'list');
    const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    return lines.map((line) => {
      const [tag, number] = line.split(' ');
      return { tag: tag!, number: Number(number) };
    });
  }

  const stop = async () => {
    await agent?.close();
    agent = undefined;
  };

  return {
    director,
    dataDir,
    list,
    stop,
    async start(changes = {}) {
      await stop();
      const config = {
        dataDir,
        pollMs: 500,
        hostEntry: kit('flow-host.mjs'),
        logLevel: LOG_LEVEL,
        ...changes,
      };
      agent = await startAgent(agentConfig(config));
      return agent;
    },
    async spawn() {
      const child = spawn(process.execPath, [kit('agent-main.mjs'), dataDir], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, LOG: LOG_LEVEL, NODE_OPTIONS: '' },
      });
      children.push(child);
      let ready = false;
      child.stdout!.on('data', () => (ready = true));
      child.on('exit', (code) => {
        if (!ready) throw new Error(`the agent did not start: ${code}`);
      });
      await until(() => ready, 'start of the agent', 60_000);
      return child;
    },
    async writes(tag, name) {
      const count = async () => (await list(name)).filter((entry) => entry.tag === tag).length;
      const before = await count();
      let now = before;
      await until(() => {
        void count().then((found) => (now = found));
        return now > before;
      }, `new records of ${tag}`);
    },
    running: (version, flow = 'pump') =>
      director.flowReport(
        flow,
        (report) => report.outcome === 'succeeded' && report.runningVersion === version,
        `version ${version} of ${flow} running`,
        40_000,
      ),
    async close() {
      await stop();
      for (const child of children) child.kill('SIGKILL');
      await director.close();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

export interface FlowShape {
  name?: string;
  how?: 'never' | 'counts' | 'throws' | 'exits' | 'at-start' | 'hangs' | 'on-file';
  everyMs?: number;
  /** How many numbers there are in all. */
  only?: number;
  /** A locked reference to a resource. */
  model?: string;
  /** Sends an alert for each number instead of listing it. */
  up?: boolean;
  path?: string;
}

/** Numbers since now, one every 5 ms unless told, listed with the version as their tag. */
export function numbersFlow(
  origin: number,
  version: number,
  shape: FlowShape = {},
  more: Partial<BenchFlow> = {},
): BenchFlow {
  const { name = 'pump', how = 'never', everyMs = 5, only, model, up = false, path = 'list' } = shape;
  const tag = `v${version}`;
  const document: FlowDocument = {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name },
    modules: {
      source: {
        type: 'source.counted',
        settings: { everyMs, origin, ...(only === undefined ? {} : { only }) },
      },
      ...(model === undefined ? {} : { model: { type: 'map.reads', from: ['source'], settings: { model } } }),
      step: { type: 'map.fails', from: [model === undefined ? 'source' : 'model'], settings: { how, tag } },
      sink: up
        ? { type: 'sink.up', from: ['step'], settings: {} }
        : { type: 'sink.list', from: ['step'], settings: { path, tag } },
    },
  };
  return { flow: name, version, document, strategy: { probationMs: 300, timeoutMs: 60_000 }, ...more };
}
