/** Nodes by filter and their rates, on a real database: what a node should run, what it said, what it counted. */
import type { FlowMetrics, FlowRates, FlowReport, NodeCount, NodeList, NodeLoad } from '@millrace/schemas';
import type { z } from 'zod';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testNode, type TestNode } from '../../../../test/kit/node.js';
import type { Database } from '../platform/database/database.js';
import { Presence } from './presence.js';
import { StandingStore } from './standing.store.js';

let t: TestDirector;
let standing: StandingStore;
let database: Database;
beforeAll(async () => {
  t = await testDirector();
  standing = t.director.app.get(StandingStore);
  database = t.test.database;
});
afterAll(() => t?.close());

const digest = (of: string) => `sha256:${of.repeat(64)}`;
const reported = (flow: string, version: number, change: Partial<FlowReport> = {}): FlowReport => ({
  flow,
  runningDigest: digest(String(version)),
  runningVersion: version,
  desiredDigest: digest(String(version)),
  desiredVersion: version,
  progress: 'running',
  outcome: 'succeeded',
  reason: null,
  gapMs: null,
  lost: null,
  since: 0,
  ...change,
});
/** After the deployments have looked at the node: to them it should run nothing. */
async function want(node: TestNode, flow: string, version: number): Promise<void> {
  await node.call('GET', '/v1/agent/desired');
  await database.withinSql(t.organization, (tx) =>
    standing.want(tx, new Map([[node.id, [{ flow, version, digest: digest(String(version)) }]]])),
  );
}
const names = async (filter: string) => {
  const path = `/v1/nodes?filter=${encodeURIComponent(filter)}`;
  const { body } = await t.call<z.infer<typeof NodeList>>('GET', path);
  return body.items.map((node) => node.name).sort();
};
const count = async (filter?: string) =>
  (await t.call<NodeCount>('GET', `/v1/nodes:count${filter ? `?filter=${encodeURIComponent(filter)}` : ''}`))
    .body;

describe('nodes by filter', () => {
  beforeAll(async () => {
    await t.call('POST', '/v1/groups', { name: 'hall' });
    const [good, behind, broken, idle] = [
      await testNode(t, 'hall-pump-1', { group: 'hall', labels: { line: '3' } }),
      await testNode(t, 'hall-pump-2', { labels: { line: '4' } }),
      await testNode(t, 'press', { labels: { line: '3' } }),
      await testNode(t, 'idle'),
    ];
    for (const node of [good, behind, broken]) await want(node, 'watch', 2);
    await good.report([reported('watch', 2)]);
    await behind.report([
      reported('watch', 1, {
        desiredDigest: digest('2'),
        reason: { code: 'DIRECTOR_UNREACHABLE', detail: 'later' },
      }),
    ]);
    await broken.report([
      reported('watch', 1, { desiredDigest: digest('2'), reason: { code: 'CRASHED', detail: 'it fell' } }),
    ]);
    await idle.report([]);
    const presence = t.director.app.get(Presence);
    for (const node of [good, behind, broken]) presence.heard(t.organization, node.id);
    presence.left(t.organization, idle.id);
    await presence.flush();
  });

  it.each([
    ['name==*pump*', ['hall-pump-1', 'hall-pump-2']],
    ['name==hall-pump-1', ['hall-pump-1']],
    ['labels.line==3', ['hall-pump-1', 'press']],
    ['facts.cpus>=4;name!=*pump*', ['idle', 'press']],
    ['group==hall', ['hall-pump-1']],
    ['flow==watch', ['hall-pump-1', 'hall-pump-2', 'press']],
    ['desired==watch@2', ['hall-pump-1', 'hall-pump-2', 'press']],
    ['running==watch@2', ['hall-pump-1']],
    ['running==watch@1;asDesired==false', ['hall-pump-2', 'press']],
    ['asDesired==true', ['hall-pump-1', 'idle']],
    ['failing==watch', ['press']],
    ['reason=in=(CRASHED,DIRECTOR_UNREACHABLE)', ['hall-pump-2', 'press']],
    ['status==online', ['hall-pump-1', 'hall-pump-2', 'press']],
  ])('%s', async (filter, expected) => {
    expect(await names(filter)).toEqual(expected);
    expect((await count(filter)).total).toBe(expected.length);
  });

  it('are counted as they stand', async () => {
    expect(await count()).toEqual({ total: 4, online: 3, offline: 1, revoked: 0, notAsDesired: 2 });
    expect(await t.call('GET', '/v1/nodes/press')).toMatchObject({ body: { asDesired: false } });
    expect(await t.call('GET', '/v1/nodes/idle')).toMatchObject({ body: { asDesired: true } });
    expect(await t.call('GET', '/v1/nodes:count?filter=flows==1')).toMatchObject({
      status: 422,
      body: { code: 'fleet.selector-invalid', errors: [{ pointer: '/filter' }] },
    });
  });

  it('pages of a filter neither repeat nor skip', async () => {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const path = `/v1/nodes?limit=1&filter=flow==watch${cursor}`;
      const { body } = await t.call<z.infer<typeof NodeList>>('GET', path);
      seen.push(...body.items.map((node) => node.name));
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(seen).toEqual(['press', 'hall-pump-2', 'hall-pump-1']);
  });

  it('a flow that is neither wanted nor run any more leaves nothing behind', async () => {
    const node = await testNode(t, 'leaver');
    await want(node, 'gone', 1);
    await node.report([reported('gone', 1)]);
    expect(await names('flow==gone')).toEqual(['leaver']);
    await database.withinSql(t.organization, (tx) => standing.want(tx, new Map([[node.id, []]])));
    expect(await names('flow==gone;asDesired==false')).toEqual(['leaver']);
    await node.report([reported('gone', 1, { runningDigest: null, runningVersion: null })]);
    expect(await names('flow==gone')).toEqual([]);
  });
});

describe('rates', () => {
  const MINUTE = 60_000;
  const counters = (records: number, startedAt: number): FlowMetrics => ({
    flow: 'watch',
    digest: digest('2'),
    startedAt,
    records,
    errors: records / 60,
    bytesIn: records * 10,
    bytesOut: records,
    memoryBytes: 1,
    modules: {},
  });
  const hear = (node: string, seen: number, flow: FlowMetrics) => {
    const metrics = {
      at: seen,
      node: { cpuShare: 0.25, memoryBytes: 4_096, uptimeMs: 1 },
      flows: [flow],
    };
    return database.withinSql(t.organization, (tx) => standing.count(tx, [{ id: node, seen, metrics }]));
  };
  const rates = async (node: TestNode) =>
    (await t.call<FlowRates>('GET', `/v1/nodes/${node.id}/flows/watch/rates`)).body;

  it('are differences by the minute, over restarts, each message once', async () => {
    const node = await testNode(t, 'counter');
    await want(node, 'watch', 2);
    // Minute 0 is well past, so that all of them are shown.
    const zero = Math.floor(Date.now() / MINUTE - 10) * MINUTE;
    await hear(node.id, zero, counters(1_000, zero - 100 * MINUTE));
    await hear(node.id, zero + MINUTE, counters(1_600, zero - 100 * MINUTE));
    // Another director heard the same, and something older.
    await hear(node.id, zero + MINUTE + 1, counters(1_600, zero - 100 * MINUTE));
    await hear(node.id, zero + MINUTE + 2, counters(1_300, zero - 100 * MINUTE));
    await hear(node.id, zero + 2 * MINUTE, counters(120, zero + MINUTE));
    const { from, stepMs, recordsPerSecond, bytesIn, bytesOut, errors } = await rates(node);
    const at = (zero - from) / stepMs;
    expect(recordsPerSecond).toHaveLength(60);
    expect(recordsPerSecond.slice(at, at + 3)).toEqual([10, expect.closeTo(2, 3), expect.any(Number)]);
    expect(recordsPerSecond[at - 1]).toBeCloseTo(1_000 / 100 / 60);
    expect(bytesIn[at]).toBeCloseTo(6_000);
    expect([bytesOut[at], errors[at]]).toEqual([expect.closeTo(600), expect.closeTo(10)]);
    expect(recordsPerSecond[at + 5]).toBeNull();
    const load = (await t.call<NodeLoad>('GET', `/v1/nodes/${node.id}/load`)).body;
    expect([load.cpuShare[at], load.memoryBytes[at], load.cpuShare[at + 5]]).toEqual([0.25, 4_096, null]);
    const all = await database.withinSql(t.organization, (tx) =>
      standing.minutes(tx, zero / MINUTE, zero / MINUTE + 1),
    );
    expect(all).toMatchObject([{ flow: 'watch', records: expect.closeTo(600) }]);
  });

  it('of a flow that nobody wants or runs are not kept; old ones are swept', async () => {
    const node = await testNode(t, 'stranger');
    const now = Date.now() - 5 * MINUTE;
    await hear(node.id, now, counters(5, now));
    expect(await t.call('GET', `/v1/nodes/${node.id}/flows/watch/rates`)).toMatchObject({
      status: 404,
      body: { code: 'fleet.flow-unknown' },
    });
    await want(node, 'watch', 2);
    expect((await rates(node)).recordsPerSecond.every((one) => one === null)).toBe(true);
    await database.withinSql(t.organization, (tx) => standing.sweep(tx, now + 25 * 60 * MINUTE));
    const left = await database.withinSql(t.organization, (tx) =>
      tx.sql(
        'SELECT 1 FROM node_minutes UNION ALL SELECT 1 FROM node_flow_minutes UNION ALL SELECT 1 FROM flow_minutes',
      ),
    );
    expect(left).toEqual([]);
  });
});
