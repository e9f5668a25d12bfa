/**
 * start: how long director, agent and a flow with a model take until they are of use, and the memory of each, beside
 * a Node.js that does nothing. The director starts on a folder that it knows, with all it embeds; the agent is joined
 * and idle; the flow is timed from the director's word to its first row at a broker, the model being on the node.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { median, rounded } from './kit/pairs.mjs';
import { startBroker } from './rig/broker.mjs';
import { startProcess } from './rig/process.mjs';

register('../kit/typescript-hooks.mjs', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** An agent has come to rest by then. */
const IDLE_MS = 3_000;
const ROW_MS = 30_000;
const COLUMNS = 42;
/** Each turn starts a director, which is slow: more would take minutes. */
const MOST_PAIRS = 5;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const megabytes = (bytes) => bytes / 1e6;

export async function run({ pairs }) {
  const turns = Math.min(pairs, MOST_PAIRS);
  const lines = [];
  const sides = [node, ...(await Promise.all([directorSide(), agentSide()]))];
  try {
    const figures = sides.map(() => []);
    for (let turn = 0; turn <= turns; turn++) {
      for (const [i, side] of sides.entries()) {
        const measured = await side();
        if (turn > 0) figures[i].push(measured);
      }
    }
    const [limit, director, agent] = figures;
    const line = (of, unit, side, figure, other, goal) => {
      const values = side.map((turn) => turn[figure]);
      const limits = limit.map((turn) => turn[other]);
      lines.push({
        name: 'start',
        case: of,
        value: rounded(median(values)),
        unit,
        limit: rounded(median(limits)),
        ratio: rounded(median(values.map((value, i) => value / limits[i]))),
        goal,
        pairs: turns,
      });
    };
    line('director ready', 'ms', director, 'ms', 'ms', 'none');
    line('director memory', 'MB', director, 'mb', 'mb', 'none');
    line('agent ready', 'ms', agent, 'ms', 'ms', 'none');
    line('agent idle memory', 'MB', agent, 'mb', 'mb', '<90 MB');
    line('flow with ONNX started', 'ms', agent, 'flowMs', 'ms', '<1000 ms');
    line('flow with ONNX memory', 'MB', agent, 'flowMb', 'mb', 'none');
    return lines;
  } finally {
    for (const side of sides) await side.close?.();
  }
}

/** From the start of a process to the word that it is ready. */
async function timed(options) {
  const began = performance.now();
  const process = await startProcess(options);
  return { process, ms: performance.now() - began };
}

async function node() {
  const { process, ms } = await timed({
    args: ['-e', 'setInterval(() => {}, 1e6); console.log("ready")'],
    ready: (log) => log.includes('ready'),
  });
  const mb = megabytes((await process.used()).rssBytes);
  await process.stop();
  return { ms, mb };
}

async function directorSide() {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  // A database that root starts must get here as another user.
  await chmod(folder, 0o711);
  const side = async () => {
    const args = [at('../../apps/cli/bin/millrace.js'), 'up', '--json', '--port', '0'];
    const { process, ms } = await timed({
      args: [...args, '--data', join(folder, 'data')],
      ready: (log) => log.includes('"ready":true'),
    });
    const mb = treeMegabytes(process.child.pid, 'node');
    await process.stop();
    return { ms, mb };
  };
  return Object.assign(side, { close: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) });
}

async function agentSide() {
  const { testAgent } = await import('../kit/agent.ts');
  const [{ director, dataDir, close }, broker] = [await testAgent(), await startBroker()];
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const model = director.put(readFileSync(at('../fixtures/onnx/cmapss_hgb_rul/model.onnx')), 1, 'model');
  const client = await connectAsync(url);
  const columns = Array.from({ length: COLUMNS }, (_, i) => `x${i}`);
  const record = Object.fromEntries(columns.map((name, i) => [name, 500 + i]));
  // A flow gets it as soon as it has subscribed.
  await client.publishAsync('in', JSON.stringify(record), { qos: 1, retain: true });
  await client.subscribeAsync('out', { qos: 1 });
  let version = 0;

  const side = async () => {
    const { process, ms } = await timed({
      args: [at('../../apps/agent/dist/main.js')],
      env: { MILLRACE_DATA: dataDir, MILLRACE_LOG_LEVEL: 'info' },
      ready: (log) => log.includes('the agent runs'),
    });
    try {
      await pause(IDLE_MS);
      const mb = megabytes((await process.used()).rssBytes);
      const row = firstRow(client);
      const began = performance.now();
      await director.desire([modelFlow(url, columns, model, ++version)]);
      await row;
      const flowMs = performance.now() - began;
      const flowMb = treeMegabytes(process.child.pid, 'node') - megabytes((await process.used()).rssBytes);
      await director.desire([]);
      return { ms, mb, flowMs, flowMb };
    } finally {
      await process.stop();
    }
  };
  return Object.assign(side, {
    async close() {
      await client.endAsync();
      await close();
      await broker.close();
    },
  });
}

function firstRow(client) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no row came within ${ROW_MS / 1000} s`)), ROW_MS);
    client.once('message', (_topic, payload) => {
      clearTimeout(timer);
      const { life } = JSON.parse(payload);
      if (Number.isFinite(life)) resolve();
      else reject(new Error(`the model gave ${payload}`));
    });
  });
}

const modelFlow = (broker, columns, model, version) => ({
  flow: 'life',
  version,
  strategy: { probationMs: 300 },
  resources: { model },
  document: {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'life' },
    modules: {
      in: { type: 'source.mqtt', settings: { broker, topics: ['in'] } },
      score: {
        type: 'model.onnx',
        from: ['in'],
        settings: {
          model: `resource:model@${model.version}#${model.digest}`,
          inputs: [{ tensor: 'X', columns }],
          outputs: [{ tensor: 'variable', index: 0, as: 'life' }],
        },
      },
      out: { type: 'sink.mqtt', from: ['score'], settings: { broker, topic: 'out' } },
    },
  },
});

/** Resident memory of a process and all below it that run a program; NaN where the system has no /proc. */
function treeMegabytes(root, program) {
  if (!existsSync('/proc/self/stat')) return NaN;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, command, rest] = /\((.*)\) (.*)$/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'));
        const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0;
        return [{ pid: Number(name), command, parent: Number(rest.split(' ')[1]), mb: Number(kb) / 1e3 }];
      } catch {
        // It has ended since.
        return [];
      }
    });
  const sum = (pid) =>
    processes
      .filter(({ parent }) => parent === pid)
      .reduce((all, child) => all + own(child) + sum(child.pid), 0);
  const own = ({ command, mb }) => (command.startsWith(program) || command === 'MainThread' ? mb : 0);
  return sum(root) + processes.filter(({ pid }) => pid === root).reduce((all, one) => all + own(one), 0);
}
