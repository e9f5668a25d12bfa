/**
 * Half a gigabyte goes in and out: its upload is cut three times and goes on, twenty nodes fetch it at once, and it is
 * deployed again for nothing. Memory of director and clients stays where it was, whatever passes through.
 */
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment, Node, Plan, ResourceVersion } from '@millrace/schemas';
import { Installation, until } from '../kit/millrace.js';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.js';

const MiB = 1024 * 1024;
const SIZE = 500 * MiB;
const PART = 16 * MiB;
const NODES = 20;
/**
 * What may be resident above the figure of a quiet moment. Four parts in flight are 4 times 128 KiB here and there; what
 * V8 keeps of buffers until it collects them is more, and bound by its heap. The file is 500 MiB, so a side that held
 * it, or its four parts, would be seen.
 */
const DIRECTOR_MB = 160;
const CLIENT_MB = 170;
/** Twenty downloads at a time, each with a file and a socket of its own. */
const NODES_MB = 350;

let it: Installation;
let proxy: TcpProxy;
let file: string;

const megabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
};

/** The most that a process had resident while it was looked at. */
function watched(pid: number): { most(): number } {
  let most = 0;
  const timer = setInterval(() => void megabytes(pid).then((now) => (most = Math.max(most, now))), 50);
  timer.unref();
  return {
    most() {
      clearInterval(timer);
      return Math.round(most);
    },
  };
}

/** Bytes that nothing compresses, made as fast as the disk takes them. */
async function makeFile(path: string, bytes: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16, Date.now() % 256));
  const zeros = Buffer.alloc(4 * MiB);
  const handle = await open(path, 'w');
  for (let at = 0; at < bytes; at += zeros.length)
    await handle.write(cipher.update(zeros.subarray(0, Math.min(zeros.length, bytes - at))));
  await handle.close();
}

/** Parts that lie whole in the store of an upload under way. */
async function partsThere(): Promise<number> {
  const folder = join(it.data, 'objects', 'uploads');
  const uploads = await readdir(folder).catch(() => []);
  const counts = await Promise.all(uploads.map(async (name) => (await readdir(join(folder, name))).length));
  return counts.reduce((sum, count) => sum + count, 0);
}

const reached = (parts: number) =>
  until(
    `${parts} parts`,
    async () => (await partsThere()) >= parts || sleep(5).then(() => undefined),
    60_000,
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function push(...more: string[]): { child: ChildProcess; said(): string } {
  const child = it.spawn(['resource', 'push', file, '--name', 'big', '--kind', 'data', ...more], 'push', {
    MILLRACE_URL: `http://127.0.0.1:${proxy.port}`,
  });
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk));
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk));
  return { child, said: () => text };
}

let port: number;
let director: number;
const up = async () => {
  await it.up('--port', String(port));
  director = it.pid;
};

beforeAll(async () => {
  it = await Installation.create();
  port = await freePort();
  // What passes between client and store passes here, and can be cut.
  proxy = await startTcpProxy({ port });
  process.env.MILLRACE_PUBLIC_URL = `http://127.0.0.1:${proxy.port}`;
  await up();
  file = join(it.folder, 'big.bin');
  await makeFile(file, SIZE);
}, 180_000);
afterAll(async () => {
  delete process.env.MILLRACE_PUBLIC_URL;
  await it.remove();
  await proxy.close();
}, 120_000);

test('an upload that is cut three times sends what is missing, and memory stays flat', async () => {
  const started = Date.now();
  const quiet = await megabytes(director);
  let memory = watched(director);

  // The client is killed.
  const first = push();
  await reached(4);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await sleep(300);
  const kept = await partsThere();
  expect(kept).toBeGreaterThanOrEqual(4);

  const second = push();
  const client = watched(second.child.pid!);
  // The line is cut.
  await reached(kept + 4);
  proxy.cut();
  // The director is killed, and comes back.
  await reached(kept + 8);
  const grown = [memory.most() - quiet];
  await it.down('SIGKILL');
  const before = await partsThere();
  await up();
  const quietAgain = await megabytes(director);
  memory = watched(director);
  const [code] = (await once(second.child, 'exit')) as [number | null];
  grown.push(memory.most() - quietAgain);
  expect([code, second.said()]).toEqual([0, expect.stringMatching(/big@1/)]);
  const whole = Math.ceil(SIZE / PART);
  const sentMb = Number(/sent ([\d.]+) MiB/.exec(second.said())?.[1]);
  expect(sentMb).toBeLessThanOrEqual((whole - kept) * 16);
  expect(before).toBeGreaterThanOrEqual(kept + 8);
  const most = client.most();
  console.log(
    `upload of ${SIZE / MiB} MiB, cut three times: ${((Date.now() - started) / 1000).toFixed(1)} s; ${kept} of ${whole} parts ` +
      `were kept from the client that was killed; director grew by ${grown.map(Math.round).join(' and ')} MB, client had ${most} MB`,
  );
  expect(Math.max(...grown)).toBeLessThan(DIRECTOR_MB);
  expect(most).toBeLessThan(CLIENT_MB);
}, 180_000);

test('what is known is not sent again', async () => {
  const again = push();
  const [code] = (await once(again.child, 'exit')) as [number | null];
  expect([code, again.said()]).toEqual([0, expect.stringContaining('nothing sent')]);
}, 60_000);

test('twenty nodes fetch it at once, check it, and another deployment of it costs 0 bytes', async () => {
  // Nothing is cut any more, so nothing needs to pass the proxy.
  await it.down();
  delete process.env.MILLRACE_PUBLIC_URL;
  await up();
  const version = (await it.call<ResourceVersion>('GET', '/v1/resources/big/versions/1')).body;
  await it.json('group', 'create', 'line');
  const folder = join(it.folder, 'simulated');
  const args = ['--nodes', String(NODES), '--group', 'line', '--fetch', '--data', folder, '--json'];
  const simulation = it.spawn(['simulate', ...args], 'simulate');
  await once(simulation.stdout!, 'data');
  const flow = join(it.folder, 'reads.yaml');
  const deploy = async (rate: number) => {
    await writeFile(
      flow,
      `apiVersion: millrace/v1
kind: Flow
metadata: { name: reads }
modules:
  table: { type: source.csv, settings: { file: 'resource:big@1', timestamp: { column: t } } }
  clean: { type: clean.range, from: [table], settings: { field: x, min: 0, max: ${rate} } }
  out: { type: sink.file, from: [clean], settings: { path: out.jsonl, format: jsonl } }
`,
    );
    const { version } = await it.json<{ version: number }>('flow', 'publish', flow);
    const strategy = { waves: ['100%'], probationMs: 0 };
    const wanted = { flow: 'reads', version, group: 'line', strategy };
    const { body: plan } = await it.call<Plan>('POST', '/v1/deployments:plan', wanted);
    const { body: made } = await it.call<Deployment>('POST', '/v1/deployments', wanted);
    await until(
      'all nodes to run it',
      async () =>
        (await it.call<Deployment>('GET', `/v1/deployments/${made.id}`)).body.targets.succeeded === NODES,
      150_000,
    );
    return plan.bytesToFetch;
  };

  const quiet = await megabytes(director);
  const [served, fetched] = [watched(director), watched(simulation.pid!)];
  const started = Date.now();
  expect(await deploy(1)).toBe(NODES * SIZE);
  const seconds = (Date.now() - started) / 1000;
  const files = await Promise.all(
    (await readdir(folder)).map((node) => stat(join(folder, node, 'blobs', version.digest.slice(7)))),
  );
  expect(files.map(({ size }) => size)).toEqual(Array.from({ length: NODES }, () => SIZE));
  const figures = [Math.round(served.most() - quiet), fetched.most()];

  await until('all nodes to say what they hold', async () => {
    const { items } = (await it.call<{ items: Node[] }>('GET', '/v1/nodes?limit=100')).body;
    return items.every(({ facts }) => facts?.blobs?.includes(version.digest));
  });
  expect(await deploy(2)).toBe(0);
  const inodes = await Promise.all(
    (await readdir(folder)).map((node) => stat(join(folder, node, 'blobs', version.digest.slice(7)))),
  );
  expect(inodes.map(({ ino }) => ino)).toEqual(files.map(({ ino }) => ino));
  console.log(
    `${NODES} nodes fetched ${(NODES * SIZE) / 1e9} GB in ${seconds.toFixed(1)} s; director grew by ${figures[0]} MB, ` +
      `${NODES} nodes had ${figures[1]} MB; deployed again: 0 bytes`,
  );
  expect(figures[0]).toBeLessThan(DIRECTOR_MB);
  expect(figures[1]).toBeLessThan(NODES_MB);
  await it.end(simulation, 'SIGTERM');
}, 300_000);
