/** With the jobs in another process, the one that answers requests still hears what nodes answer. */
import type { Command } from '@millrace/schemas';
import { findDynamicSecurity, findMosquitto, leftOut, startMosquitto } from '../../../../test/kit/brokers.js';
import { testDirector } from '../../../../test/kit/director.js';
import { speaking, waitFor } from '../../../../test/kit/edge.js';
import { testNode } from '../../../../test/kit/node.js';
import { startDirector } from '../director.js';
import { NodeLink } from './node-link.js';

const line = { t: 1, flow: 'pump', level: 'info', module: '', message: 'from the node' };
const frame = { t: 1, intervalMs: 500, modules: {} };
const answer = ({ verb }: Command) =>
  verb === 'logs' ? { ok: true, result: { lines: [line] } } : { ok: true };

if (findMosquitto() && findDynamicSecurity()) {
  test('logs and frames reach a process that only answers requests', async () => {
    const admin = { username: 'director', password: 'a password of the broker' };
    const broker = await startMosquitto({ admin });
    const t = await testDirector({
      MQTT_URL: `mqtt://127.0.0.1:${broker.tcp}`,
      MQTT_USERNAME: admin.username,
      MQTT_PASSWORD: admin.password,
    });
    const { config } = t.director.platform;
    const other = await startDirector({ ...config, publicUrl: t.url }, { part: 'http' });
    const node = await testNode(t, 'press-4');
    await waitFor('both links', () =>
      [t.director, other].every(({ app }) => app.get(NodeLink, { strict: false }).connected),
    );
    const voice = await speaking(node, answer);
    const { port } = other.app.getHttpServer().address() as { port: number };
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { authorization: `Bearer ${t.token}` },
        signal: AbortSignal.timeout(40_000), // whatever should come comes within a second
      });
    try {
      await waitFor('the node to be online', async () => {
        const { body } = await t.call<{ status: string }>('GET', `/v1/nodes/${node.id}`);
        return body.status === 'online';
      });
      const logs = await ask(`/v1/nodes/${node.id}/logs`);
      expect([logs.status, await logs.json()]).toEqual([200, { lines: [line] }]);
      const { body } = await ask(`/v1/nodes/${node.id}/flows/pump/live`);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const tap = voice.commands.find(({ verb }) => verb === 'tap')?.arguments?.tap;
        if (text.includes('"open"')) await voice.say({ id: String(tap), ok: true, result: { frame } });
        if (text.includes('event: frame')) break;
      }
      expect(text).toContain(JSON.stringify({ event: 'frame', frame }));
      await waitFor('the end of the tap', () =>
        voice.commands.some((one) => one.verb === 'tap' && one.arguments?.leaseMs === 0),
      );
    } finally {
      await voice.close();
      await other.close();
      await t.close();
      await broker.close();
    }
  }, 90_000);
} else {
  test.skip('Mosquitto is not installed', () => undefined);
  leftOut(
    'logs and frames in a process of their own were not tried: Mosquitto, or its plugin, is not installed',
  );
}
