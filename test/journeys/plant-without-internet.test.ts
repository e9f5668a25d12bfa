/**
 * A plant without internet: director and node in a network namespace that has nothing but loopback. A runtime that was
 * locked elsewhere, a pure package and one with native code, is brought in and built on the node from the catalogue alone.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findInterpreter } from '@millrace/inference';
import { Installation, until } from '../kit/millrace.js';

const run = promisify(execFile);
const REQUIREMENTS = 'jinja2==3.1.4\nmarkupsafe==2.1.5\n';
const IMPORTS = 'import jinja2, markupsafe._speedups as s; print(jinja2.__version__, s.__file__)';

const python = await findInterpreter('python');
const namespace = `millrace-${process.pid}`;
const whyNot = (() => {
  if (python === undefined) return 'there is no Python here';
  if (process.platform !== 'linux') return 'there are no network namespaces here';
  try {
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'exec', namespace, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'a network namespace takes root and the command ip';
  }
})();
const journey = whyNot === undefined ? test : test.skip;

let outside: Installation;
let plant: Installation;
beforeAll(async () => {
  if (whyNot !== undefined) return;
  outside = await Installation.create();
  plant = await Installation.create(['ip', 'netns', 'exec', namespace]);
});
afterAll(async () => {
  await plant?.remove();
  await outside?.remove();
  if (whyNot === undefined) execFileSync('ip', ['netns', 'del', namespace]);
});

journey(
  `a node builds a runtime from the catalogue alone${whyNot ? `: ${whyNot}` : ''}`,
  async () => {
    // The interpreter itself: what is on the path may lead to it by the home folder.
    const { stdout } = await run(python!.command, ['-c', 'import sys; print(sys.executable)']);
    process.env.MILLRACE_PYTHON = stdout.trim();

    await writeFile(join(outside.folder, 'requirements.txt'), REQUIREMENTS);
    const locked = await outside.run(
      'runtime',
      'lock',
      '-r',
      'requirements.txt',
      '--packages',
      '--name',
      'plant',
      '--out',
      'locked',
    );
    if (locked.stderr.includes('engine.build-unreachable')) {
      process.stderr.write('left out: no index of packages answers here\n');
      return;
    }
    expect(locked).toMatchObject({ code: 0 });
    const manifest = join(outside.folder, 'locked', 'plant.json');

    await plant.up();
    // Nothing outside can be reached from in here.
    const index = ['-m', 'pip', 'download', 'six', '--retries', '0', '-d', plant.folder];
    await expect(run('ip', ['netns', 'exec', namespace, stdout.trim(), ...index])).rejects.toThrow();
    expect(await plant.json('runtime', 'push', manifest)).toMatchObject({ name: 'plant', version: 1 });
    const again = await plant.json<{ sentBytes: number }>('runtime', 'push', manifest);
    expect(again).toMatchObject({ version: 1, sentBytes: 0 });

    await plant.json('group', 'create', 'press');
    const node = await plant.node('press-1', 'press');
    const flow = `apiVersion: millrace/v1
kind: Flow
metadata: { name: press-watch }
modules:
  sensors: { type: source.simulator, settings: { signals: [{ name: p, shape: sine, hz: 1 }] } }
  watch: { type: route.alert, from: [sensors], settings: { when: "p > 2", severity: low, message: "resource:plant@1" } }
  out: { type: sink.file, from: [watch], settings: { path: out.jsonl } }
`;
    await writeFile(join(plant.folder, 'flow.yaml'), flow);
    await plant.json('flow', 'publish', 'flow.yaml');
    await until('the node to tell what it runs in', async () => {
      const { facts } = await plant.json<{ facts: { runtimes?: Record<string, string> } | null }>(
        'node',
        'show',
        'press-1',
      );
      return facts?.runtimes?.python === python!.version;
    });
    const planned = await plant.json<{ nodes: { conflicts: string[]; bytesToFetch: number }[] }>(
      'deploy',
      'press-watch@1',
      '--to',
      'press',
      '--plan',
    );
    expect(planned.nodes).toEqual([expect.objectContaining({ conflicts: [] })]);
    expect(planned.nodes[0]!.bytesToFetch).toBeGreaterThan(100_000);
    await plant.json('deploy', 'press-watch@1', '--to', 'press', '--wait');

    const [built, ...others] = await readdir(join(node.data, 'built'));
    expect(others).toEqual([]);
    const used = await run(join(node.data, 'built', built!, 'bin/python'), ['-c', IMPORTS]);
    expect(used.stdout).toMatch(new RegExp(`^3\\.1\\.4 ${join(node.data, 'built')}.*\\.so`));
  },
  600_000,
);
