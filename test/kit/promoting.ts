/** The journey of a better version, on a fleet of any kind: promoted by one command, taken back by one; both timed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Installation, until } from './millrace.js';

interface Page<T> {
  items: T[];
}
interface Running {
  name: string;
  flows: { flow: string; runningVersion: number | null; progress: string }[];
  facts: { blobs?: string[] } | null;
}
interface Promotion {
  id: string;
  state: string;
  flows: { flow: string; fromVersion: number; version: number; deployments: unknown[] }[];
}

export interface Fleet {
  title: string;
  size: number;
  /** The name of one of them. */
  one: string;
  /** All of them, as members of the group. */
  join(it: Installation, group: string): Promise<void>;
}

const FLOWS = ['pump-a', 'pump-b', 'pump-c'];
const GROUP = 'line-1';

/** Declares its tests. A file takes one fleet: on services of its own there is one installation. */
export function promotes({ title, size, one, join: joinAll }: Fleet): void {
  /** Nodes one after the other, and time for each wave. */
  const PATIENCE_MS = 120_000 + size * 5_000;
  let it: Installation;
  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
  }, 180_000);
  afterAll(() => it.remove(), 120_000);

  const flowOf = (name: string) => `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${name} }
modules:
  rows:
    type: source.csv
    settings: { file: "resource:speed@production", timestamp: { column: t, format: epochMs } }
  out: { type: sink.file, from: [rows], settings: { path: out.jsonl, format: jsonl } }
`;

  async function push(version: number): Promise<void> {
    const file = join(it.folder, 'speed.csv');
    await writeFile(file, `t,speed\n1000,${version}\n2000,${version}\n`);
    await it.json('resource', 'push', file, '--name', 'speed', '--kind', 'data');
  }

  const nodes = async () => (await it.call<Page<Running>>('GET', '/v1/nodes?limit=200')).body.items;
  /** Flows on nodes that run this version. */
  const runs = (all: Running[], version: number) =>
    all
      .flatMap((node) => node.flows)
      .filter((flow) => flow.runningVersion === version && flow.progress === 'running').length;
  const allRun = (version: number) =>
    until(
      `version ${version} of every flow on every node`,
      async () => runs(await nodes(), version) === size * FLOWS.length,
      PATIENCE_MS,
    );

  test(`${title}: three flows follow one alias on every node`, async () => {
    await push(1);
    await it.json('resource', 'alias', 'speed@1', 'production');
    await it.json('group', 'create', GROUP);
    await joinAll(it, GROUP);
    for (const name of FLOWS) {
      const file = join(it.folder, `${name}.yaml`);
      await writeFile(file, flowOf(name));
      await it.json('flow', 'push', file);
      await it.json('flow', 'publish', name);
      expect((await it.run('deploy', `${name}@1`, '--to', GROUP)).code).toBe(0);
    }
    await allRun(1);
  }, 400_000);

  test(`${title}: one command shows what it would do, and another one does it: all flows, all nodes`, async () => {
    await push(2);
    const plan = await it.json<{ valid: boolean; nodes: number; flows: unknown[] }>(
      'promote',
      'speed@2',
      'production',
      '--plan',
    );
    expect(plan).toMatchObject({ valid: true, nodes: size });
    expect(plan.flows).toHaveLength(3);
    const began = performance.now();
    const done = await it.run('promote', 'speed@2', 'production', '--wait', '--note', 'a better one');
    const took = performance.now() - began;
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('succeeded')]);
    expect(runs(await nodes(), 2)).toBe(size * FLOWS.length);
    say(`promoted: ${FLOWS.length} flows on ${size} nodes`, took);
    const [promotion] = (await it.call<Page<Promotion>>('GET', '/v1/promotions')).body.items;
    expect(promotion).toMatchObject({ state: 'succeeded' });
    expect(promotion!.flows.map(({ flow, version }) => [flow, version])).toEqual(
      FLOWS.map((flow) => [flow, 2]),
    );
  }, 400_000);

  test(`${title}: one command takes it back, and nothing is fetched for that`, async () => {
    const [promotion] = (await it.call<Page<Promotion>>('GET', '/v1/promotions')).body.items;
    const back = await it.json<{ bytesToFetch: number }>('promote', 'speed@1', 'production', '--plan');
    expect(back.bytesToFetch).toBe(0);
    const began = performance.now();
    const reverted = await it.run('promotion', 'revert', promotion!.id);
    expect([reverted.code, reverted.stderr]).toEqual([0, expect.stringContaining('rolled-back')]);
    await allRun(1);
    say(`taken back: ${FLOWS.length} flows on ${size} nodes`, performance.now() - began);
    const resource = await it.call<{ aliases: Record<string, number> }>('GET', '/v1/resources/speed');
    expect(resource.body.aliases).toEqual({ production: 1 });
  }, 400_000);

  test(`${title}: the catalogue tells what ran where`, async () => {
    const ran = await it.json<{ nodeName: string; until: string | null }[]>('resource', 'nodes', 'speed@2');
    expect(ran).toHaveLength(size * FLOWS.length);
    expect(ran.every((one) => one.until !== null)).toBe(true);
    const history = await it.json<{ flow: string; version: number }[]>('node', 'history', one);
    expect(history.filter((one) => one.flow === 'pump-a').map((one) => one.version)).toEqual([1, 2, 1]);
    const moves = await it.json<{ from: number; to: number }[]>('resource', 'history', 'speed', 'production');
    expect(moves.map(({ from, to }) => [from, to])).toEqual([
      [2, 1],
      [1, 2],
      [null, 1],
    ]);
  }, 60_000);
}

function say(what: string, ms: number): void {
  process.stdout.write(`${what} in ${(ms / 1_000).toFixed(1)} s\n`);
}
