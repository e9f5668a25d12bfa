/** The overview of a fleet on a real database: a small one by what it says, one of 5,000 nodes by how it is made. */
import type { Overview } from '@millrace/schemas';
import { as, makeEstate, type Estate } from '../../../../test/kit/estate.js';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { StandingStore } from '../fleet/standing.store.js';

let t: TestDirector;
let e: Estate;
beforeAll(async () => {
  t = await testDirector();
  e = await makeEstate(as(t, (await t.person('admin')).token, t.organization), 'plant', 'cmapss_hgb_rul');
});
afterAll(() => t?.close());

const overview = async () => (await t.call<Overview>('GET', '/v1/overview')).body;

describe('the overview', () => {
  it('says how nodes, flows, deployments and alerts stand', async () => {
    const now = Date.now();
    const flow = {
      flow: e.flow,
      digest: `sha256:${'0'.repeat(64)}`,
      startedAt: now - 600_000,
      records: 6_000,
      errors: 0,
      bytesIn: 60_000,
      bytesOut: 600,
      memoryBytes: 1,
      modules: {},
    };
    const heard = {
      id: e.node.id,
      seen: now,
      metrics: { at: now, node: { cpuShare: 0, memoryBytes: 0, uptimeMs: 0 }, flows: [flow] },
    };
    await t.test.database.withinSql(t.organization, (tx) =>
      t.director.app.get(StandingStore).count(tx, [heard]),
    );
    await t.call('POST', `/v1/alerts/${e.alert}:acknowledge`);

    const shown = await overview();
    expect(shown.nodes).toEqual({ total: 1, online: 1, offline: 0, notAsDesired: 0 });
    expect(shown.alerts).toMatchObject({ raised: 1, acknowledged: 1, bySeverity: { high: 2, low: 0 } });
    expect(shown.deployments).toEqual({ underway: 0 });
    const [one] = shown.flows.filter(({ name }) => name === e.flow);
    expect(one).toMatchObject({
      latestVersion: 2,
      nodesDesired: 1,
      nodesRunning: 1,
      nodesFailing: 0,
      nodesOffline: 0,
      alertsRaised: 1,
      recordsPerSecond: expect.closeTo(10, 5),
    });
    expect([one?.rates.length, one?.alerts.length]).toEqual([60, 60]);
    expect(one?.rates.slice(0, 45).every((rate) => rate === null)).toBe(true);
    // Nine whole minutes, or a little less of the first.
    expect(one?.bytesIn).toBeGreaterThan(45_000);
    expect((one?.bytesIn ?? 0) / (one?.bytesOut ?? 1)).toBeCloseTo(100);
  });

  it('counts a node that runs something else, and one that said why', async () => {
    const said = { code: 'CRASHED', detail: 'it fell' } as const;
    await t.test.database.withinSql(t.organization, async (tx) => {
      const [row] = await tx.sql<{ desired_digest: string }>('SELECT desired_digest FROM node_flows');
      await t.director.app.get(StandingStore).found(tx, e.node.id, [
        {
          flow: e.flow,
          runningDigest: null,
          runningVersion: null,
          desiredDigest: row?.desired_digest ?? '',
          desiredVersion: 1,
          progress: 'starting',
          outcome: null,
          reason: said,
          gapMs: null,
          lost: null,
          since: 0,
        },
      ]);
    });
    const shown = await overview();
    expect(shown.nodes.notAsDesired).toBe(1);
    expect(shown.flows.find(({ name }) => name === e.flow)).toMatchObject({
      nodesDesired: 1,
      nodesRunning: 0,
      nodesFailing: 1,
    });
  });
});
