/**
 * mqtt: the job of `engine` from broker to broker, at QoS 0 and 1: a flow of ours in a process of its own against
 * mqtt.js alone that does the job by hand, and against a flow of Node-RED, all on one broker. The rate is as fast as
 * the rows come back; the CPU is all that the process used, a message. Every side must give the same rows.
 */
import { join } from 'node:path';
import { fieldFlow } from './node-red/flow.mjs';
import { installNodeRed } from './node-red/install.mjs';
import { startNodeRed } from './node-red/start.mjs';
import { lineOf, rounds } from './rig/rounds.mjs';
import { modules } from './rig/sensors.mjs';
import { withField } from './rig/sides.mjs';

/** Messages ahead of the rows: enough to keep every side busy, far from what a broker would drop. */
const WINDOW = 5_000;
/** Messages a turn: about two seconds of each side. */
const COUNT = [40_000, 20_000];
const PEER_COUNT = 5_000;

export async function run({ pairs }) {
  const program = installNodeRed();
  return withField(async (field) => {
    const lines = [];
    for (const qos of [0, 1]) {
      const figures = await measure(field, { program, pairs, qos });
      const line = (of, more) =>
        lines.push(lineOf({ name: 'mqtt', of: `${of}, QoS ${qos}`, figures, ...more }));
      line('rate', { figure: 'rate', unit: 'messages/s', goal: '>=0.9' });
      line('CPU', { figure: 'cpuUs', unit: 'us/message', goal: '<=2' });
      if (figures.peer) {
        line('CPU against Node-RED', {
          figure: 'cpuUs',
          unit: 'us/message',
          goal: '<=0.25',
          against: 'peer',
        });
      }
    }
    return lines;
  });
}

async function measure({ load, folder, broker, flow, bare, started }, { program, pairs, qos }) {
  const topics = (side) => ({ from: `in/${side}/${qos}`, to: `out/${side}/${qos}`, qos });
  const processes = {
    ours: await flow({ name: `ours-${qos}`, modules, ...topics('ours') }),
    limit: await bare(topics('limit')),
  };
  if (program) {
    const nodeRed = {
      flow: fieldFlow({ port: broker.port, ...topics('peer') }),
      ready: 'Connected to broker',
    };
    processes.peer = await started(
      startNodeRed({ program, folder: join(folder, `node-red-${qos}`), ...nodeRed }),
    );
  }
  const turn = (side) => async () => {
    const count = side === 'peer' ? PEER_COUNT : COUNT[qos];
    const before = (await processes[side].used()).cpuUs;
    const seconds = await load.ask({ flood: { ...topics(side), count, window: WINDOW } }, 'flood');
    const cpuUs = ((await processes[side].used()).cpuUs - before) / count;
    return { rate: count / seconds, cpuUs };
  };
  const figures = await rounds(
    pairs,
    Object.fromEntries(Object.keys(processes).map((side) => [side, turn(side)])),
  );
  for (const process of Object.values(processes)) await process.stop();
  return figures;
}
