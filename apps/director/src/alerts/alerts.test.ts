import type { AlertMessage } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testNode, type TestNode } from '../../../../test/kit/node.js';
import { Live } from '../platform/live/live.js';
import { RESULTS_KEPT } from './alerts.store.js';
import { OutboxService } from './outbox.service.js';

interface View {
  id: string;
  state: string;
  node: string;
  t: number;
}
interface Items {
  items: View[];
  next: string | null;
}

let t: TestDirector;
let node: TestNode;
beforeAll(async () => {
  t = await testDirector();
});
beforeEach(async () => {
  node = await testNode(t, `n${Date.now().toString(36)}`);
});
afterAll(() => t?.close());

const message = (number: number, change: Partial<AlertMessage> = {}): AlertMessage => ({
  number,
  flow: 'pump',
  version: 1,
  module: 'alert',
  key: null,
  t: 1_000 + number,
  change: 'raised',
  severity: 'high',
  message: 'too hot',
  values: { temperature: 91.5, text: null },
  ...change,
});
const send = (alerts: AlertMessage[]) => node.call('POST', '/v1/agent/alerts', { alerts });
const list = async (query = '') => (await t.call<Items>('GET', `/v1/alerts?node=${node.id}${query}`)).body;

describe('alerts from an outbox', () => {
  it('are there once, whatever comes twice, and acknowledged through what is committed', async () => {
    expect((await send([message(1), message(2)])).body).toEqual({ acks: [{ channel: 'alert', through: 2 }] });
    expect((await send([message(2), message(2), message(3), message(1)])).body).toEqual({
      acks: [{ channel: 'alert', through: 3 }],
    });
    const { items } = await list();
    expect(items.map((alert) => alert.t)).toEqual([1_003, 1_002, 1_001]);
    expect(items[0]).toMatchObject({
      node: node.id,
      nodeName: node.name,
      flow: 'pump',
      module: 'alert',
      severity: 'high',
      state: 'raised',
      message: 'too hot',
      values: { temperature: 91.5, text: null },
    });
  });

  it('are there once, also when two ways bring them at the same time', async () => {
    const outbox = t.director.app.get(OutboxService);
    const all = [1, 2, 3, 4, 5].map((number) => message(number));
    await Promise.all([1, 2, 3, 4].map(() => outbox.recordAlerts(t.organization, node.id, all)));
    expect((await list()).items).toHaveLength(5);
  });

  it('are cleared by the same node, flow, module and key alone', async () => {
    await send([message(1), message(2, { key: 'b' }), message(3, { module: 'other' })]);
    await send([message(4, { change: 'cleared', t: 9_000 })]);
    const { items } = await list();
    expect(items.map((alert) => alert.state)).toEqual(['raised', 'raised', 'cleared']);
    expect(items[2]).toMatchObject({ clearedT: 9_000 });
    // A clear without anything open is no alert of its own.
    await send([message(5, { change: 'cleared' })]);
    expect((await list()).items).toHaveLength(3);
  });

  it('are neither taken nor acknowledged when the transaction fails', async () => {
    const outbox = t.director.app.get(OutboxService);
    // No such number fits the column, so the second insert fails after the first.
    const broken = [message(1), message(2, { version: 1e300 })];
    await expect(outbox.recordAlerts(t.organization, node.id, broken)).rejects.toThrow();
    expect((await list()).items).toEqual([]);
    expect((await send([message(1)])).body).toEqual({ acks: [{ channel: 'alert', through: 1 }] });
  });

  it('are taken with whatever text a sensor brings', async () => {
    const text = 'a\u0000b';
    await send([message(1, { key: text, message: text, values: { [text]: text } })]);
    expect((await list()).items[0]).toMatchObject({
      message: 'a\uFFFDb',
      values: { 'a\uFFFDb': 'a\uFFFDb' },
    });
    await send([message(2, { key: text, change: 'cleared' })]);
    expect((await list()).items[0]).toMatchObject({ state: 'cleared' });
  });
});

describe('an alert', () => {
  it('is acknowledged by a person, once, and not after it was cleared', async () => {
    await send([message(1), message(2, { key: 'b' })]);
    const [second, first] = (await list()).items;
    const acknowledged = await t.call('POST', `/v1/alerts/${first?.id}:acknowledge`);
    expect(acknowledged).toMatchObject({ status: 200, body: { state: 'acknowledged' } });
    const again = await t.call('POST', `/v1/alerts/${first?.id}:acknowledge`);
    expect(again.body).toEqual(acknowledged.body);
    await send([message(3, { change: 'cleared' }), message(4, { change: 'cleared', key: 'b' })]);
    expect(await t.call('GET', `/v1/alerts/${first?.id}`)).toMatchObject({
      body: { state: 'cleared', acknowledgedAt: expect.any(String) },
    });
    expect(await t.call('POST', `/v1/alerts/${second?.id}:acknowledge`)).toMatchObject({
      status: 409,
      body: { code: 'alerts.illegal-move' },
    });
    expect((await t.call('GET', '/v1/alerts/nothing')).body).toMatchObject({ code: 'alerts.not-found' });
  });

  it('is found by state, severity and filter, page by page', async () => {
    await send(
      [1, 2, 3, 4, 5].map((n) => message(n, { key: `k${n}`, severity: n % 2 ? 'low' : 'critical' })),
    );
    await send([message(6, { change: 'cleared', key: 'k2' })]);
    expect((await list('&severity=critical')).items.map((alert) => alert.t)).toEqual([1_004, 1_002]);
    expect((await list('&state=raised&severity=critical')).items.map((alert) => alert.t)).toEqual([1_004]);
    const first = await list('&filter=severity==low;t<1005&limit=1');
    const rest = await list(`&filter=severity==low;t<1005&limit=1&cursor=${first.next}`);
    expect([first.items[0]?.t, rest.items[0]?.t, rest.next]).toEqual([1_003, 1_001, null]);
    expect((await t.call('GET', '/v1/alerts?filter=sevrity==low')).status).toBe(422);
  });

  it('is told to who follows, after the commit', async () => {
    const heard: string[] = [];
    const stop = t.director.app.get(Live).follow(t.organization, (event) => heard.push(event.type));
    await send([message(1)]);
    await send([message(2, { change: 'cleared' })]);
    stop();
    expect(heard.filter((type) => type.startsWith('alert.'))).toEqual(['alert.raised', 'alert.cleared']);
  });
});

describe('results', () => {
  it('are kept within their bound, the newest first', async () => {
    const flow = `flow-${node.id}`;
    const result = (number: number) => ({
      number,
      flow,
      version: 1,
      module: 'out',
      records: [{ t: number, y: 1 }],
    });
    const through = await t.director.app.get(OutboxService).recordResults(
      t.organization,
      node.id,
      Array.from({ length: RESULTS_KEPT + 5 }, (_, i) => result(i + 1)),
    );
    expect(through).toBe(RESULTS_KEPT + 5);
    await node.call('POST', '/v1/agent/results', { results: [result(RESULTS_KEPT + 6)] });
    const page = await t.call<{ items: { records: { t: number }[] }[] }>(
      'GET',
      `/v1/flows/${flow}/results?limit=1`,
    );
    expect(page.body.items[0]?.records).toEqual([{ t: RESULTS_KEPT + 6, y: 1 }]);
    const rows = await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql<{ n: string }>('SELECT count(*) AS n FROM results WHERE flow = $1', [flow]),
    );
    expect(Number(rows[0]?.n)).toBe(RESULTS_KEPT);
  });
});

describe('the signal around an alert', () => {
  const signal = (from: number, to: number, field = 'temperature') => {
    const t = Array.from({ length: to - from }, (_, i) => 1_000 * (from + i));
    return { t, fields: { [field]: t.map((one) => one / 1_000) } };
  };
  const send = (...alerts: AlertMessage[]) => node.call('POST', '/v1/agent/alerts', { alerts });
  const newest = async () =>
    (await t.call<Items>('GET', `/v1/alerts?node=${node.id}&limit=1`)).body.items[0]!;

  it('goes from before the raise to the clear, and stays out of lists', async () => {
    await send(message(1, { signal: signal(0, 5) }));
    const { id } = await newest();
    expect((await t.call('GET', `/v1/alerts/${id}/signal`)).body).toEqual(signal(0, 5));
    await send(message(2, { change: 'cleared', signal: signal(4, 8) }));
    expect((await t.call('GET', `/v1/alerts/${id}/signal`)).body).toEqual(signal(0, 8));
    for (const path of [`/v1/alerts?node=${node.id}`, `/v1/alerts/${id}`])
      expect(JSON.stringify((await t.call('GET', path)).body)).not.toContain('"fields"');
  });

  it('may be of other fields after a change of version: what is not known is null', async () => {
    await send(message(1, { signal: signal(0, 2) }));
    await send(message(2, { change: 'cleared', signal: signal(2, 3, 'pressure') }));
    expect((await t.call('GET', `/v1/alerts/${(await newest()).id}/signal`)).body).toEqual({
      t: [0, 1_000, 2_000],
      fields: { temperature: [0, 1, null], pressure: [null, null, 2] },
    });
  });

  it('that is missing or broken is told, and takes nothing from the alert', async () => {
    await send(message(1), message(2, { key: 'b', signal: { t: [1], fields: { a: [] } } }));
    const { body } = await t.call<Items>('GET', `/v1/alerts?node=${node.id}`);
    expect(body.items).toHaveLength(2);
    for (const { id } of body.items)
      expect(await t.call('GET', `/v1/alerts/${id}/signal`)).toMatchObject({
        status: 404,
        body: { code: 'alerts.no-signal' },
      });
    expect(await t.call('GET', '/v1/alerts/none/signal')).toMatchObject({
      body: { code: 'alerts.not-found' },
    });
  });

  it('of more points than may come is refused', async () => {
    expect((await send(message(1, { signal: signal(0, 241) }))).status).toBe(400);
  });
});

it('alerts are counted by the query and the filter of their list', async () => {
  const alerts = [message(1), message(2, { key: 'b', severity: 'low' }), message(3, { change: 'cleared' })];
  await node.call('POST', '/v1/agent/alerts', { alerts });
  const count = async (query: string) =>
    (await t.call('GET', `/v1/alerts:count?node=${node.id}${query}`)).body;
  expect(await count('')).toEqual({
    total: 2,
    byState: { raised: 1, acknowledged: 0, cleared: 1 },
    bySeverity: { info: 0, low: 1, medium: 0, high: 1, critical: 0 },
  });
  expect(await count('&state=raised')).toMatchObject({ total: 1, bySeverity: { low: 1 } });
  expect(await count('&filter=severity==high;flow==pu*')).toMatchObject({
    total: 1,
    byState: { cleared: 1 },
  });
});
