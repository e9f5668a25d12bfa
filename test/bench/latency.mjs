/**
 * latency: milliseconds from the message that makes a row to the row, both at the world outside the broker, at a
 * steady rate. Through a flow at 5,000 messages/s; and from a sample to `act.mqtt` through `align.rows` with
 * `ties: go`. The limit is mqtt.js alone that does the same by hand, in turn on one broker.
 */
import { median } from './kit/pairs.mjs';
import { lineOf, rounds } from './rig/rounds.mjs';
import { modules, PAIR_MS, pairModules } from './rig/sensors.mjs';
import { withField } from './rig/sides.mjs';

const RATE = 5_000;
/** Two samples a pair. */
const PAIR_RATE = 2_000 / PAIR_MS;
const SECONDS = 2;
const act = { type: 'act.mqtt', settings: { maxRowAgeMs: 20_000 } };

export async function run({ pairs }) {
  return withField(async (field) => {
    const lines = [];
    const line = (more) => lines.push(lineOf({ name: 'latency', unit: 'ms', goal: '<=1.5', ...more }));
    for (const qos of [0, 1]) {
      const figures = await measure(field, { name: `flow-${qos}`, modules, qos, rate: RATE, pairs });
      line({ of: `flow, QoS ${qos}, p50`, figures, figure: 'p50' });
    }
    const job = { name: 'act', modules: pairModules, sink: act, qos: 1, job: 'aligned' };
    const figures = await measure(field, { ...job, rate: PAIR_RATE, pairs });
    line({ of: 'sample to act, p50', figures, figure: 'p50' });
    line({ of: 'sample to act, p99', figures, figure: 'p99' });
    return lines;
  });
}

async function measure({ load, flow, bare }, { name, rate, pairs, qos, job = 'sensors', ...more }) {
  const topics = (side) => ({ from: `in/${name}/${side}`, to: `out/${name}/${side}`, qos });
  const processes = [
    await flow({ name, ...more, ...topics('ours') }),
    await bare({ job, ...topics('limit') }),
  ];
  const turn = (side) => async () => {
    const latencies = await load.ask({ pace: { ...topics(side), job, rate, count: rate * SECONDS } }, 'pace');
    latencies.sort((a, b) => a - b);
    return { p50: median(latencies), p99: latencies[Math.floor(latencies.length * 0.99)] };
  };
  const figures = await rounds(pairs, { ours: turn('ours'), limit: turn('limit') });
  for (const process of processes) await process.stop();
  return figures;
}
