/**
 * swap: a new version of a flow under 1,000 records/s, by a real agent, broker to broker and seen from outside: the
 * gap between the last record of the old version and the first of the new one, and what was lost or doubled. The
 * gap stands beside the largest one of the same stream while nothing is swapped.
 */
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { median, rounded } from './kit/pairs.mjs';
import { startBroker } from './rig/broker.mjs';
import { startProcess } from './rig/process.mjs';

register('../kit/typescript-hooks.mjs', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const PER_SECOND = 1_000;
const STEADY_MS = 1_000;

export async function run({ pairs }) {
  const { testAgent } = await import('../kit/agent.ts');
  const broker = await startBroker();
  const agent = await testAgent();
  const topics = { from: 'plant/pump', to: 'rows' };
  const stream = await startProcess({
    args: [at('rig/stream.mjs'), broker.port, topics.from, topics.to, PER_SECOND].map(String),
    ready: (log) => log.includes('ready'),
  });
  try {
    const desire = async (version) => {
      await agent.director.desire([flow(`mqtt://127.0.0.1:${broker.port}`, topics, version)]);
      await agent.running(version);
      await new Promise((resolve) => setTimeout(resolve, STEADY_MS));
    };
    await agent.start({ hostEntry: at('../../apps/agent/dist/flows/host-main.js') });
    await desire(1);
    await stream.ask({ stream: 'begin' }, 'stream');
    // The first swap makes everything warm.
    for (let version = 1; version <= pairs + 2; version++) await desire(version);
    return lines(await stream.ask({ stream: 'end' }, 'stream'), pairs);
  } finally {
    await stream.stop();
    await agent.close();
    await broker.close();
  }
}

const flow = (broker, { from, to }, version) => ({
  flow: 'pump',
  version,
  strategy: { probationMs: 500 },
  document: {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'pump' },
    modules: {
      sensors: { type: 'source.mqtt', settings: { broker, topics: [from] } },
      mark: { type: 'map.set', from: ['sensors'], settings: { set: { version: String(version) } } },
      out: { type: 'sink.mqtt', from: ['mark'], settings: { broker, topic: to } },
    },
  },
});

function lines({ sent, rows }, pairs) {
  const gaps = [];
  const steady = [];
  for (let version = 3; version <= pairs + 2; version++) {
    const first = rows.findIndex((row) => row.version === version);
    const last = rows.findLastIndex((row) => row.version === version - 1);
    if (first < 0 || last < 0)
      throw new Error(`no record came of version ${first < 0 ? version : version - 1}`);
    gaps.push(rows[first].at - rows[last].at);
    const before = rows.slice(0, last).filter((row) => row.at > rows[last].at - STEADY_MS / 2);
    steady.push(Math.max(...before.slice(1).map((row, i) => row.at - before[i].at)));
  }
  const distinct = new Set(rows.map(({ n }) => n)).size;
  const share = (of, value) => ({
    name: 'swap',
    case: of,
    value,
    unit: 'records',
    limit: sent,
    ratio: rounded(value / sent),
    goal: '0',
    pairs,
  });
  return [
    {
      name: 'swap',
      case: 'gap',
      value: rounded(median(gaps)),
      unit: 'ms',
      limit: rounded(median(steady)),
      ratio: rounded(median(gaps.map((gap, i) => gap / steady[i]))),
      goal: '<100 ms',
      pairs,
    },
    share('lost', sent - distinct),
    share('doubled', rows.length - distinct),
  ];
}
