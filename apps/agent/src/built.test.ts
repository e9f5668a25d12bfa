/** Scripts are unpacked and runtimes are built on the node: the whole agent with real installers. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalBytes } from '@millrace/fleet';
import { findInterpreter } from '@millrace/inference';
import type { Contract, LockedResource, RuntimeManifest } from '@millrace/schemas';
import { numbersFlow, testAgent, type TestAgent } from '../../../test/kit/agent.js';
import { until, type BenchFlow } from '../../../test/kit/bench-director.js';
import { tar, tarGz } from '../../../test/kit/packed.js';
import { pythonRuntime, wheel } from '../../../test/kit/wheels.js';
import { foldersOf } from './folders.js';

const python = await findInterpreter('python');
const withPython = python === undefined ? test.skip : test;
const short = python?.version.split('.').slice(0, 2).join('.') ?? '3.11';

let test_: TestAgent;
let origin: number;
beforeEach(async () => {
  origin = Date.now();
  test_ = await testAgent();
});
afterEach(() => test_.close());

const pump = wheel('pump', '1.0', 'answer = 42\n');
const put = (manifest: RuntimeManifest) =>
  test_.director.put(Buffer.from(JSON.stringify(manifest)), 1, 'runtime');
/** A flow with one module that is given this resource, and writes down what it was given. */
const flow = (version: number, resource: LockedResource, name = 'pump'): BenchFlow =>
  numbersFlow(
    origin,
    version,
    { name, model: `resource:thing@${resource.version}#${resource.digest}` },
    { resources: { thing: resource } },
  );
const folders = () => foldersOf(test_.dataDir);
const builtNames = () => readdir(folders().built);
/** The old version is made again when it is paused, so lines of both may come. */
const given = async (version: number, name = 'pump') => {
  const lines = (await readFile(join(folders().flow(name).work, 'read'), 'utf8')).trim().split('\n');
  type Given = { version: number; path: string; folder?: string; contract?: Contract };
  return lines.map((line) => JSON.parse(line) as Given).findLast((one) => one.version === version)!;
};
const failed = (version: number) =>
  test_.director.flowReport(
    'pump',
    (report) =>
      report.desiredVersion === version && report.outcome !== null && report.outcome !== 'succeeded',
    `judgement of version ${version}`,
    60_000,
  );

test('a packed script lies unpacked before the flow is prepared; a single file is left as it is', async () => {
  const { director, start, running } = test_;
  const packed = director.put(
    tarGz([{ name: 'main.py', content: 'x = 1\n' }, { name: 'lib/a.txt' }]),
    1,
    'script',
  );
  await director.desire([flow(1, packed)]);
  await start();
  await running(1);
  const { folder } = await given(1);
  expect((await readdir(folder!)).toSorted()).toEqual(['lib', 'main.py']);
  const plain = director.put(Buffer.from('x = 2\n'), 2, 'script');
  await director.desire([flow(2, plain)]);
  await running(2);
  expect(await given(2)).not.toHaveProperty('folder');
  // A way back is kept, and goes with the flow.
  expect(existsSync(folder!)).toBe(true);
  await director.desire([]);
  await until(() => readdirSync(folders().built).length === 0, 'collection');
});

test('a script that must not be unpacked is refused by name, and the version before runs on', async () => {
  const { director, start, running, writes } = test_;
  await director.desire([flow(1, director.put(Buffer.from('x = 1\n'), 1, 'script'))]);
  await start();
  await running(1);
  const hostile = director.put(tar([{ name: '../../../out.py', content: 'x' }]), 2, 'script');
  await director.desire([flow(2, hostile)]);
  const report = await failed(2);
  expect(report).toMatchObject({
    outcome: 'refused',
    runningVersion: 1,
    reason: { code: 'CHECK_FAILED', detail: expect.stringContaining('../../../out.py') },
  });
  await writes('v1');
  expect(await builtNames()).toEqual([]);
});

test('a contract comes along with the bytes, and one that cannot be read is a mismatch', async () => {
  const { director, start, running } = test_;
  const contract: Contract = {
    columns: [{ name: 'pressure', dtype: 'float64' }],
    outputs: [{ name: 'score', dtype: 'float64' }],
    golden: [],
    runtime: 'python',
  };
  const model = director.put(Buffer.from('a model'), 1, 'model');
  const { digest, size } = director.put(canonicalBytes(contract));
  await director.desire([flow(1, { ...model, contract: { digest, size } })]);
  await start();
  await running(1);
  expect((await given(1)).contract).toEqual(contract);
  const wrong = director.put(Buffer.from('{"columns": 1}'));
  await director.desire([flow(2, { ...model, contract: { digest: wrong.digest, size: wrong.size } })]);
  expect(await failed(2)).toMatchObject({ outcome: 'refused', reason: { code: 'CONTRACT_MISMATCH' } });
  // Without one, as directors of old send it.
  await director.desire([flow(3, model)]);
  await running(3);
  expect(await given(3)).not.toHaveProperty('contract');
});

withPython(
  'a runtime is built once for two flows from packages of the catalogue, and collected',
  async () => {
    const { director, start, running } = test_;
    const wheelBlob = director.put(pump.bytes);
    const runtime = put(pythonRuntime(short, { packages: [pump.package] }));
    await director.desire([flow(1, runtime), flow(1, runtime, 'press')]);
    const builds = new Set<string>();
    const watching = setInterval(
      () =>
        void builtNames()
          .then((names) =>
            names.filter((name) => name.includes('building-')).forEach((name) => builds.add(name)),
          )
          .catch(() => undefined),
      20,
    );
    await start();
    await running(1);
    await running(1, 'press');
    clearInterval(watching);
    expect(builds.size).toBe(1);
    const { folder } = await given(1);
    expect((await given(1, 'press')).folder).toBe(folder);
    expect(await builtNames()).toEqual([runtime.digest.slice(7)]);
    const said = execFileSync(join(folder!, 'bin/python'), ['-c', 'import pump; print(pump.answer)']);
    expect(said.toString().trim()).toBe('42');
    const fetched = () =>
      director.requests.filter(({ path }) => path === `/blobs/${wheelBlob.digest}`).length;
    expect(fetched()).toBe(1);
    // A flow that goes leaves it to the other.
    await director.desire([flow(1, runtime, 'press')]);
    await until(() => director.reports.at(-1)?.payload.flows.length === 1, 'removal');
    await until(() => !existsSync(`${folders().blobs}/${wheelBlob.digest.slice(7)}`), 'packages to go');
    expect(existsSync(folder!)).toBe(true);
    // It is not built again for the next version, nor after a restart.
    await start();
    await director.desire([flow(2, runtime, 'press')]);
    await running(2, 'press');
    expect(fetched()).toBe(1);
    await director.desire([]);
    await until(() => !existsSync(folder!), 'collection');
  },
  120_000,
);

withPython(
  'a build that fails says its last lines, and the version before runs on',
  async () => {
    const { director, start, running, writes } = test_;
    await director.desire([flow(1, director.put(Buffer.from('x = 1\n'), 1, 'script'))]);
    await start();
    await running(1);
    director.put(pump.bytes);
    const lock = `pump==1.0 --hash=sha256:${'0'.repeat(64)}\n`;
    await director.desire([flow(2, put(pythonRuntime(short, { packages: [pump.package], lock })))]);
    const report = await failed(2);
    expect(report).toMatchObject({ outcome: 'refused', runningVersion: 1, progress: 'staging' });
    expect(report.reason).toMatchObject({
      code: 'CHECK_FAILED',
      detail: expect.stringMatching(/pip.*last lines.*hash/is),
      evidence: { output: expect.arrayContaining([expect.any(String)]) },
    });
    await writes('v1');
    expect(await builtNames()).toEqual([]);
  },
  120_000,
);

test('an interpreter, or a variant, that is not here is a missing runtime', async () => {
  const { director, start } = test_;
  const java = { ...pythonRuntime('99', {}), language: 'java' as const };
  await director.desire([flow(1, put(java))]);
  await start();
  expect(await failed(1)).toMatchObject({
    outcome: 'refused',
    reason: { code: 'RUNTIME_MISSING', detail: expect.stringContaining('java 99') },
  });
  const variants = [{ system: 'win32' as const, processor: 'arm' as const }];
  await director.desire([flow(2, put({ ...pythonRuntime(short, {}), variants }))]);
  expect((await failed(2)).reason).toMatchObject({ code: 'RUNTIME_MISSING' });
  await until(
    () => director.reports.some(({ payload }) => payload.facts?.sandbox !== undefined),
    'what the node runs scripts in',
  );
  const facts = director.reports.findLast(({ payload }) => payload.facts?.sandbox !== undefined)!.payload
    .facts!;
  expect(facts.runtimes).toMatchObject({
    node: process.versions.node,
    ...(python === undefined ? {} : { python: python.version }),
  });
  expect(facts.sandbox).toMatch(/^(bubblewrap|none)$/);
});

withPython(
  'an agent that is killed while it builds leaves no process and no half, and builds anew',
  async () => {
    const { director, spawn, start, running, dataDir } = test_;
    // An index that takes the question and never answers keeps pip at work.
    const runtime = put(pythonRuntime(short, { lock: `pump==1.0 --hash=${pump.package.digest}\n` }));
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as AddressInfo;
    process.env.PIP_INDEX_URL = `http://127.0.0.1:${port}/simple`;
    try {
      await director.desire([flow(1, runtime)]);
      const child = await spawn();
      const pip = () =>
        execFileSync('ps', ['-eo', 'pid=,args='])
          .toString()
          .split('\n')
          .filter((line) => line.includes('pip install') && line.includes(dataDir));
      for (let tries = 0; pip().length === 0 && tries < 600; tries++) await sleep(100);
      expect(pip()).not.toEqual([]);
      child.kill('SIGKILL');
      await new Promise((gone) => child.once('exit', gone));
      expect((await builtNames()).some((name) => name.includes('building'))).toBe(true);
      const index = join(dataDir, 'wheels');
      delete process.env.PIP_INDEX_URL;
      process.env.PIP_NO_INDEX = '1';
      process.env.PIP_FIND_LINKS = index;
      await mkdir(index);
      await writeFile(join(index, pump.file), pump.bytes);
      await start();
      expect(pip()).toEqual([]);
      await running(1);
      expect(pip()).toEqual([]);
      expect(await builtNames()).toEqual([runtime.digest.slice(7)]);
    } finally {
      for (const name of ['PIP_INDEX_URL', 'PIP_NO_INDEX', 'PIP_FIND_LINKS']) delete process.env[name];
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  },
  180_000,
);
