/** Runtimes are built by the installers of this machine, from packages that are made here. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimeManifest } from '@millrace/schemas';
import { startPackageIndex } from '../../../../test/kit/package-index.js';
import { pythonRuntime, wheel, type Wheel } from '../../../../test/kit/wheels.js';
import { findInterpreter } from '../workers/interpreters.js';
import { buildRuntime, isOf, readBuilt } from './build.js';
import { sweepFresh } from './fresh-folder.js';

const python = await findInterpreter('python');
const withPython = python === undefined ? test.skip : test;
const short = python?.version.split('.').slice(0, 2).join('.') ?? '3.11';
const run = promisify(execFile);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-build-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pump = wheel('pump', '1.0', 'answer = 42\n');
const valve = wheel('valve', '2.1', 'import pump\nanswer = pump.answer + 1\n');

async function build(manifest: RuntimeManifest, wheels: Wheel[] = [], more: { deadlineMs?: number } = {}) {
  const store = join(folder, 'store');
  await mkdir(store);
  for (const { package: one, bytes } of wheels) await writeFile(join(store, one.digest.slice(7)), bytes);
  const to = join(folder, 'built', 'one');
  await buildRuntime({ manifest, to, piece: (digest) => join(store, digest.slice(7)), ...more });
  return to;
}
const left = async () => readdir(join(folder, 'built')).catch(() => []);

withPython(
  'packages are installed from their files alone, and are found where the folder is then',
  async () => {
    const packages = [pump.package, valve.package];
    const index = await startPackageIndex([]);
    // Whatever pip would ask, by its configuration or by itself, comes here.
    const all = [
      'PIP_INDEX_URL',
      'HTTP_PROXY',
      'HTTPS_PROXY',
      'http_proxy',
      'https_proxy',
      'NO_PROXY',
      'no_proxy',
    ];
    const before = all.map((name) => process.env[name]);
    for (const name of all.slice(0, 5)) process.env[name] = index.url;
    for (const name of all.slice(5)) delete process.env[name];
    const to = await build(pythonRuntime(short, { packages }), [pump, valve]).finally(() =>
      all.forEach((name, i) =>
        before[i] === undefined ? delete process.env[name] : (process.env[name] = before[i]),
      ),
    );
    await index.close();
    expect(index.asked).toEqual([]);
    const built = await readBuilt(to);
    expect(built).toMatchObject({ language: 'python', version: python!.version, folder: to });
    const { stdout } = await run(built!.command, ['-c', 'import valve; print(valve.answer, valve.__file__)']);
    expect(stdout).toMatch(new RegExp(`^43 ${to}/.*valve.py`));
    expect(await left()).toEqual(['one']);
    // Nothing on the way is kept, and no trace of where it was made.
    expect((await readdir(to)).toSorted()).toEqual(
      expect.arrayContaining(['bin', 'lib', 'millrace-runtime.json']),
    );
    const code = 'import pump, sys; print(pump.__spec__.loader.get_code("pump").co_filename)';
    expect((await run(built!.command, ['-c', code])).stdout).not.toContain('building');
  },
);

withPython('a package that is not the one of the lock is not installed, and nothing is left', async () => {
  const lock = `pump==1.0 --hash=sha256:${'0'.repeat(64)}\n`;
  const failed = build(pythonRuntime(short, { packages: [pump.package], lock }), [pump]);
  await expect(failed).rejects.toMatchObject({
    code: 'engine.build-failed',
    message: expect.stringMatching(/last lines.*hash/is),
    current: { output: expect.arrayContaining([expect.any(String)]) },
  });
  expect(await left()).toEqual([]);
});

withPython('a package that needs one which the lock does not name is not installed', async () => {
  const lock = `pump==1.0 --hash=${pump.package.digest}\nabsent==1 --hash=sha256:${'0'.repeat(64)}\n`;
  const failed = build(pythonRuntime(short, { packages: [pump.package], lock }), [pump]);
  await expect(failed).rejects.toMatchObject({ code: 'engine.build-failed', message: /absent/ });
});

withPython('an index that does not answer is an outage', async () => {
  process.env.PIP_INDEX_URL = 'http://127.0.0.1:1/simple';
  process.env.PIP_RETRIES = '1';
  const failed = build(pythonRuntime(short, { lock: `pump==1.0 --hash=${pump.package.digest}\n` }));
  await expect(
    failed.finally(() => {
      delete process.env.PIP_INDEX_URL;
      delete process.env.PIP_RETRIES;
    }),
  ).rejects.toMatchObject({ code: 'engine.build-unreachable' });
});

withPython('an installer that takes too long is ended with all that it started', async () => {
  const failed = build(pythonRuntime(short, { packages: [pump.package] }), [pump], { deadlineMs: 1 });
  await expect(failed).rejects.toMatchObject({ code: 'engine.build-failed', message: /not done within/ });
  expect(await left()).toEqual([]);
});

withPython('an interpreter that went away makes it as if it was never built', async () => {
  const to = await build(pythonRuntime(short, {}));
  expect(await readBuilt(to)).toBeDefined();
  await rm(join(to, 'bin', 'python'));
  await rm(join(to, 'bin', 'python3'), { force: true });
  expect(await readBuilt(to)).toBeUndefined();
});

test('what this machine lacks is named', async () => {
  const other = { ...pythonRuntime('3.1', {}), language: 'java' as const, interpreter: { version: '99' } };
  await expect(build(other)).rejects.toMatchObject({ code: 'engine.runtime-missing', message: /java 99/ });
  const variants = [{ system: 'win32' as const, processor: 'arm' as const }];
  await rm(join(folder, 'store'), { recursive: true });
  await expect(build({ ...pythonRuntime(short, {}), variants })).rejects.toMatchObject({
    code: 'engine.runtime-missing',
    message: /no variant for .*it has win32 arm/,
  });
  expect(isOf('3.11.7', '3.11') && isOf('3.11.7', '3') && isOf('3.11', '3.11')).toBe(true);
  expect(isOf('3.11.7', '3.1') || isOf('3.1', '3.11')).toBe(false);
});

test('JavaScript needs its interpreter alone; what a kill left is swept', async () => {
  const version = process.versions.node.split('.')[0]!;
  const manifest = { ...pythonRuntime(version, {}), language: 'javascript' as const };
  const to = await build(manifest);
  expect(await readBuilt(to)).toMatchObject({ language: 'javascript', command: process.execPath });
  expect(JSON.parse(await readFile(join(to, 'millrace-runtime.json'), 'utf8'))).toBeDefined();
  await mkdir(join(folder, 'built', 'two.building-0123'));
  expect(await sweepFresh(join(folder, 'built'))).toEqual(['two.building-0123']);
  expect(await left()).toEqual(['one']);
});
