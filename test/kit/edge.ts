/**
 * The edge of a director under test: a real agent in this process with the real modules in processes of their
 * own (from the build: `npx tsc -b apps/agent`), and a node without an agent that answers commands over MQTT.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command, Reply } from '@millrace/schemas';
import { mqttTransport, publishTyped, subscribeTyped } from '@millrace/transport';
import { agentConfig, joinNode, startAgent, type Agent } from '../../apps/agent/src/index.js';
import type { TestDirector } from './director.js';
import { joinToken, type TestNode } from './node.js';

/** Silent for 90 s, a node counts as offline. */
const BEAT_MS = 20_000;

const built = fileURLToPath(new URL('../../apps/agent/dist/flows/host-main.js', import.meta.url));

export interface EdgeNode {
  id: string;
  /** The one that runs. */
  agent(): Agent;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Joins and starts. Waits until the broker knows it. */
export async function edgeNode(t: TestDirector, name: string, group?: string): Promise<EdgeNode> {
  if (!existsSync(built)) throw new Error('the agent is not built: npx tsc -b apps/agent');
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-edge-'));
  const token = await joinToken(t, group === undefined ? {} : { group });
  const { node: id } = await joinNode({ url: t.url, token, name, dataDir });
  let agent: Agent | undefined;
  const stop = async () => {
    await agent?.close();
    agent = undefined;
  };
  const start = async () => {
    const logLevel = process.env.MILLRACE_TEST_LOG ?? 'silent';
    agent = await startAgent(agentConfig({ dataDir, pollMs: 500, hostEntry: built, logLevel }));
    await waitFor(`${name} online`, async () => {
      const { body } = await t.call<{ status: string }>('GET', `/v1/nodes/${id}`);
      return body.status === 'online';
    });
  };
  await start();
  return {
    id,
    stop,
    start,
    agent() {
      if (agent === undefined) throw new Error(`${name} does not run`);
      return agent;
    },
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

/** Publishes a flow of a simulator, a filter and a file, and brings it to a group. Waits until the nodes run it. */
export async function bringFlow(
  t: TestDirector,
  name: string,
  group: string,
  nodes: string[],
): Promise<void> {
  const signals = [{ name: 'pressure', shape: 'sine', hz: 200 }];
  const document = {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name },
    modules: {
      sensors: { type: 'source.simulator', settings: { signals } },
      clean: { type: 'clean.range', from: ['sensors'], settings: { field: 'pressure', min: -2, max: 2 } },
      out: { type: 'sink.file', from: ['clean'], settings: { path: 'out.jsonl', format: 'jsonl' } },
    },
  };
  const must = async (path: string, body: unknown) => {
    const answer = await t.call('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  };
  await must('/v1/flows', { name, document });
  await must(`/v1/flows/${name}:publish`, {});
  await must('/v1/deployments', { flow: name, version: 1, group, strategy: { probationMs: 200 } });
  for (const node of nodes) {
    await waitFor(`${name} to run on ${node}`, async () => {
      const { body } = await t.call<{ flows: { flow: string; progress: string }[] }>(
        'GET',
        `/v1/nodes/${node}`,
      );
      return body.flows.some(({ flow, progress }) => flow === name && progress === 'running');
    });
  }
}

export interface Speaking {
  commands: Command[];
  say(reply: Reply): Promise<void>;
  close(): Promise<void>;
}

/** Connects a node to the broker and answers its commands; undefined: says nothing. */
export async function speaking(
  { id: node, organization, mqttUrl, mqttPassword: password }: TestNode,
  answer: (command: Command) => Omit<Reply, 'id'> | undefined = ({ verb }) => ({
    ok: true,
    result: verb === 'recording' ? { frames: '', through: 0, more: false, leftOut: 0 } : { lines: [] },
  }),
): Promise<Speaking> {
  if (mqttUrl === null) throw new Error('the director has no broker');
  const transport = mqttTransport({ url: mqttUrl, clientId: node, username: node, password });
  const address = { organization, node };
  const commands: Command[] = [];
  const say = (reply: Reply) => publishTyped(transport, address, 'reply', reply);
  const heard = subscribeTyped(
    transport,
    address,
    'command',
    async ({ payload }) => {
      commands.push(payload);
      const reply = answer(payload);
      if (reply !== undefined) await say({ id: payload.id, ...reply });
    },
    {
      onInvalid: ({ reason }) => {
        throw reason;
      },
    },
  );
  transport.connect();
  await heard.granted();
  const beat = () => publishTyped(transport, address, 'presence', { state: 'online', at: Date.now() });
  await beat();
  const beats = setInterval(() => void beat().catch(() => undefined), BEAT_MS);
  return {
    commands,
    say,
    async close() {
      clearInterval(beats);
      await transport.close();
    },
  };
}

/** 60 s: processes are started, on a machine that may do other things. */
export async function waitFor(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`within 60 s there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
