/**
 * The demo: three nodes in two groups run a real flow over real data, brought there as a user would do it,
 * through the REST API alone.
 *
 * Guarantee: what is there already is not made again, so a restart changes nothing; node-3 has joined and is
 * kept offline on purpose, to show what that looks like. The example is examples/hydraulic-cooler.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { client, type Client } from '@millrace/client';
import type { FlowVersion, GroupCreate } from '@millrace/schemas';
import { pointAlias, pushFile, unlessMissing } from '../catalogue/push.js';
import { talk } from '../output/talk.js';
import { joinDemoNode, runNode, type DemoNode, type RunningNode } from './nodes.js';

export interface Demo {
  /** What a person may look at, a line each. */
  says: string[];
  stop(): Promise<void>;
}

export interface DemoOptions {
  url: string;
  mqttUrl: string;
  token: string;
  /** Data folder of `millrace up`; the nodes live below it. */
  data: string;
  signal: AbortSignal;
}

const EXAMPLE = fileURLToPath(new URL('../../../../examples/hydraulic-cooler', import.meta.url));
const FLOW = 'hydraulic-cooler';
const RESOURCES = ['cooler-ts1.csv', 'cooler-ts2.csv', 'cooler-ts4.csv', 'cooler-condition.onnx'];
/** An hour of the rig in 36 seconds, again and again; a row then stands for a hundredth of a second. */
const PARAMETERS = { live: true, speed: 100, periodMs: 10 };

const GROUPS: GroupCreate[] = [{ name: 'line-1' }, { name: 'line-2', selector: 'labels.line==2' }];
const NODES: DemoNode[] = [
  { name: 'node-1', group: 'line-1', labels: { line: '1' }, offline: false },
  { name: 'node-2', labels: { line: '2' }, offline: false },
  { name: 'node-3', labels: { line: '2' }, offline: true },
];

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { url, token, signal } = options;
  const director = client({ url, token });
  for (const file of RESOURCES) await offerResource(director, file, signal);
  const version = await publishFlow(director);
  for (const group of GROUPS) {
    if ((await director.fleet.group(group.name).catch(unlessMissing)) === undefined) {
      await director.fleet.createGroup(group);
    }
  }
  const running: RunningNode[] = [];
  const stop = async () => {
    await Promise.all(running.map((node) => node.stop()));
  };
  try {
    for (const node of NODES) {
      signal.throwIfAborted();
      await joinDemoNode(director, node, options);
      if (!node.offline) running.push(runNode(node.name, options.data));
    }
    for (const { name } of GROUPS) await deployOnce(director, version, name);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    says: [
      `The demo: ${FLOW} runs on node-1 and node-2; node-3 is offline on purpose. Each turn of 36 s replays an hour`,
      'of a hydraulic rig whose cooler degrades: an alert is raised in it, and cleared when the next turn begins.',
    ],
    stop,
  };
}

async function offerResource(director: Client, file: string, signal: AbortSignal): Promise<void> {
  const name = file.slice(0, file.lastIndexOf('.'));
  const { version, sentBytes } = await pushFile(director, {
    name,
    path: join(EXAMPLE, 'resources', file),
    note: 'from the example hydraulic-cooler',
    signal,
  });
  if (sentBytes > 0) talk(`demo: ${name}@${version.version} is in the catalogue`);
  await pointAlias(director, name, 'production', version.version);
}

/** A draft that somebody has changed since stays as it is; what was published first is what the demo runs. */
async function publishFlow({ flows }: Client): Promise<Pick<FlowVersion, 'version'>> {
  const there = await flows.get(FLOW).catch(unlessMissing);
  if (there?.latestVersion) return { version: there.latestVersion };
  const text = await readFile(join(EXAMPLE, 'flow.yaml'), 'utf8');
  if (there === undefined) await flows.create({ name: FLOW, text });
  else {
    const { etag } = await flows.draft(FLOW);
    await flows.saveDraft(FLOW, text, etag);
  }
  const { value } = await flows.publish(FLOW, 'The demo');
  talk(`demo: ${FLOW}@${value.version} is published`);
  return value;
}

/** A group that ever had the flow is left to its people: undeployed stays undeployed. */
async function deployOnce(
  { deployments }: Client,
  { version }: { version: number },
  group: string,
): Promise<void> {
  const before = await deployments.list({ flow: FLOW, group, limit: 1 });
  if (before.items.length > 0) return;
  await deployments.deploy({
    flow: FLOW,
    version,
    group,
    parameters: PARAMETERS,
    // Short, so that a person sees it happen.
    strategy: { probationMs: 5_000, soakMs: 5_000 },
  });
  talk(`demo: ${FLOW}@${version} is deployed to ${group}`);
}
