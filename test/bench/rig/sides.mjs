// The sides of what goes broker to broker: a flow of ours, the bare loop, and the world around them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBroker } from './broker.mjs';
import { startProcess } from './process.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What is sent before a subscription is there would be missed. */
const SUBSCRIBE_MS = 300;

/** Runs `work` with a broker and the load beside it; everything has ended when it resolves. */
export async function withField(work) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const ends = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    const broker = await startBroker();
    ends.push(broker.close);
    /** Awaits a process that starts, and ends it with the rest. Connected is not yet subscribed: hence the pause. */
    const started = async (starting) => {
      const process = await starting;
      ends.push(process.stop);
      await new Promise((resolve) => setTimeout(resolve, SUBSCRIBE_MS));
      return process;
    };
    const program = (options) => started(startProcess(options));
    const load = await program({ args: [at('load.mjs'), String(broker.port)], ready: says('ready') });
    return await work({
      folder,
      broker,
      load,
      started,
      /** `modules` stand between the source `in` and the sink that is given. */
      async flow({ name, modules, qos, from, to, sink = {} }) {
        const url = `mqtt://127.0.0.1:${broker.port}`;
        const source = { broker: url, topics: [from], qos, timestamp: { path: 't', unit: 'ms' } };
        const document = {
          apiVersion: 'millrace/v1',
          kind: 'Flow',
          metadata: { name },
          modules: {
            in: { type: 'source.mqtt', settings: source },
            ...modules,
            out: {
              type: 'sink.mqtt',
              from: ['rows'],
              ...sink,
              settings: { broker: url, topic: to, qos, ...sink.settings },
            },
          },
        };
        const file = join(folder, `${name}.json`);
        await writeFile(file, JSON.stringify(document));
        return program({
          args: [at('../../../apps/cli/bin/millrace.js'), 'run', file],
          ready: (log) => log.split(`connected to ${url}`).length > 2,
        });
      },
      bare: ({ from, to, qos, job = 'sensors' }) =>
        program({
          args: [at('bare-loop.mjs'), broker.port, from, to, qos, job].map(String),
          ready: says('ready'),
        }),
    });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const says = (word) => (log) => log.includes(word);
