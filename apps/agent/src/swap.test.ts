/** A swap under load, with the modules of Millrace, on a real broker: 1,000 messages a second, none lost or doubled. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mqttTransport } from '@millrace/transport';
import { testAgent } from '../../../test/kit/agent.js';
import { until, type BenchFlow } from '../../../test/kit/bench-director.js';
import { findMosquitto, leftOut, startMosquitto } from '../../../test/kit/brokers.js';
import { foldersOf } from './folders.js';

const hostEntry = fileURLToPath(new URL('../dist/flows/host-main.js', import.meta.url));
const present = findMosquitto() !== undefined;
if (!present) leftOut('apps/agent: the swap under load, since there is no mosquitto here');

(present ? test : test.skip)(
  'a swap at 1,000 messages a second loses and doubles none',
  async () => {
    const broker = await startMosquitto();
    const node = await testAgent();
    const url = `mqtt://127.0.0.1:${broker.tcp}`;
    const publisher = mqttTransport({ url, clientId: 'plant', maxInFlight: 1000, maxWaiting: 100_000 });
    publisher.connect();
    const flow = (version: number): BenchFlow => ({
      flow: 'pump',
      version,
      strategy: { probationMs: 1_000 },
      document: {
        apiVersion: 'millrace/v1',
        kind: 'Flow',
        metadata: { name: 'pump' },
        modules: {
          sensors: { type: 'source.mqtt', settings: { broker: url, topics: ['plant/pump'] } },
          mark: { type: 'map.set', from: ['sensors'], settings: { set: { version: String(version) } } },
          out: { type: 'sink.file', from: ['mark'], settings: { path: 'rows.jsonl' } },
        },
      },
    });
    let sent = 0;
    let timer: NodeJS.Timeout | undefined;
    try {
      await node.director.desire([flow(1)]);
      await node.start({ hostEntry });
      await node.running(1);
      const began = Date.now();
      timer = setInterval(() => {
        const due = Date.now() - began;
        while (sent < due)
          void publisher.publish('plant/pump', JSON.stringify({ n: ++sent }), { deadlineMs: 60_000 });
      }, 5);
      await until(() => sent > 2_000, 'messages');
      await node.director.desire([flow(2)]);
      const report = await node.running(2);
      const until2 = sent + 1_000;
      await until(() => sent > until2, 'messages after the swap');
      clearInterval(timer);
      const total = sent;
      const rows = async () =>
        (
          await readFile(join(foldersOf(node.dataDir).flow('pump').work, 'rows.jsonl'), 'utf8').catch(
            () => '',
          )
        )
          .split('\n')
          .filter((line) => line.endsWith('}'))
          .map((line) => JSON.parse(line) as { n: number; version: number });
      let found: { n: number; version: number }[] = [];
      await until(() => {
        void rows().then((read) => (found = read));
        return found.length >= total;
      }, `${total} rows`);
      expect(found.map(({ n }) => n)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      expect(new Set(found.map(({ version }) => version))).toEqual(new Set([1, 2]));
      expect(report.lost).toBe(0);
      expect(report.gapMs).toBeGreaterThan(0);
      if (process.env.MILLRACE_TEST_LOG) process.stderr.write(`gap ${report.gapMs} ms, ${total} messages\n`);
    } finally {
      clearInterval(timer);
      await publisher.close();
      await node.close();
      await broker.close();
    }
  },
  120_000,
);
