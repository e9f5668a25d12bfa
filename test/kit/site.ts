/**
 * A site under a test director: a resource with versions, flows that follow an alias of it, and nodes without agents
 * that do what they are told when a test says so.
 */
import type { FlowReport, SignedDesired } from '@millrace/schemas';
import { Presence } from '../../apps/director/src/fleet/presence.js';
import { Rollouts } from '../../apps/director/src/deployments/rollouts.js';
import type { TestDirector } from './director.js';
import { testFacts, testNode, type TestNode } from './node.js';
import { uploadResource } from './resources.js';

export interface Site {
  resource: string;
  flows: string[];
  group: string;
  nodes: TestNode[];
}

export const bytesOf = (name: string, version: number) =>
  Buffer.from(`t,pressure\n1,${version}\n# ${name}\n`);

/** A flow that replays a resource, with a value that a node, a group or a deployment may give. */
export const replay = (name: string, ...references: string[]) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name },
  parameters: { limit: { type: 'number', default: 1 } },
  modules: Object.fromEntries(
    references.flatMap((file, i) => [
      [
        `rows${i}`,
        {
          type: 'source.csv',
          settings: {
            file,
            timestamp: { column: 't', format: 'epochMs' },
          },
        },
      ],
      [
        `out${i}`,
        { type: 'sink.file', from: [`rows${i}`], settings: { path: `out${i}.jsonl`, format: 'jsonl' } },
      ],
    ]),
  ),
});

export function siteKit(director: () => TestDirector) {
  let count = 0;
  const fresh = (what: string) => `${what}-${(count += 1)}`;
  const advance = () => director().director.app.get(Rollouts).advance(director().organization);

  async function must<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Body> {
    const answer = await director().call<Body>(method, path, body, { headers });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A resource with three versions, flows that follow `production` at the first, and nodes that run them. */
  async function site({ flows = 1, nodes = 2 }: { flows?: number; nodes?: number } = {}): Promise<Site> {
    const [resource, group] = [fresh('speed'), fresh('group')];
    for (const version of [1, 2, 3])
      await uploadResource(director(), resource, bytesOf(resource, version), {
        kind: 'data',
        fileName: 'speed.csv',
      });
    await must('PUT', `/v1/resources/${resource}/aliases/production`, { version: 1 });
    await must('POST', '/v1/groups', { name: group });
    const made: TestNode[] = [];
    for (let i = 0; i < nodes; i++) made.push(await testNode(director(), fresh('node'), { group }));
    await wake(...made);
    const names: string[] = [];
    for (let i = 0; i < flows; i++) {
      const name = fresh('flow');
      names.push(name);
      await must('POST', '/v1/flows', {
        name,
        document: replay(name, `resource:${resource}@production`),
      });
      await must('POST', `/v1/flows/${name}:publish`);
      await must('POST', '/v1/deployments', { flow: name, version: 1, group, parameters: { limit: 7 } });
    }
    const one = { resource, flows: names, group, nodes: made };
    await settle(one);
    return one;
  }

  async function wake(...nodes: TestNode[]): Promise<void> {
    const presence = director().director.app.get(Presence);
    for (const node of nodes) presence.heard(director().organization, node.id);
    await presence.flush();
    await advance();
  }

  const desired = async (node: TestNode) =>
    (await node.call<SignedDesired>('GET', '/v1/agent/desired')).body.payload;
  /** Version by flow. */
  const wants = async (node: TestNode) =>
    Object.fromEntries((await desired(node)).flows.map((one) => [one.flow, one.version]));

  /** The node does all that it is told, except for what `change` says of a flow. */
  async function obey(node: TestNode, change: Record<string, Partial<FlowReport>> = {}): Promise<void> {
    await advance();
    const { flows, epoch, sequence } = await desired(node);
    const reports = flows.map((want): FlowReport => ({
      flow: want.flow,
      runningDigest: want.digest,
      runningVersion: want.version,
      desiredDigest: want.digest,
      desiredVersion: want.version,
      progress: 'running',
      outcome: 'succeeded',
      reason: null,
      gapMs: 1,
      lost: 0,
      since: 0,
      ...change[want.flow],
    }));
    const blobs = flows.flatMap((want) => Object.values(want.resources).map(({ digest }) => digest));
    const facts = { ...testFacts, blobs: [...new Set(blobs)] };
    const answer = await node.report(reports, { epoch, sequence, facts });
    if (answer.body.sequence !== sequence) throw new Error(JSON.stringify(answer.body));
    await advance();
  }

  /** Everybody obeys until nobody is told anything new. */
  async function settle({ nodes }: Site): Promise<void> {
    for (let round = 0; round < 3; round++) for (const node of nodes) await obey(node);
  }

  return { fresh, advance, must, site, wake, desired, wants, obey, settle };
}
