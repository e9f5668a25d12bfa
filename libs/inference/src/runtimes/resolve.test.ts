/** Requirements become a lock by the pip of this machine, asked at an index on loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPackageIndex, type PackageIndex } from '../../../../test/kit/package-index.js';
import { wheel } from '../../../../test/kit/wheels.js';
import { findInterpreter } from '../workers/interpreters.js';
import { assertRequirements, requirementsName, requirementsOf, resolvePython } from './resolve.js';

const python = await findInterpreter('python');
const withPython = python === undefined ? test.skip : test;

const pump = wheel('pump', '1.0', '');
const newer = wheel('pump', '1.5', '');
const valve = wheel('valve', '2.0', '', ['pump>=1.0,<1.2']);
let index: PackageIndex;
let folder: string;
beforeAll(async () => {
  index = await startPackageIndex([pump, newer, valve]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-resolve-'));
  process.env.PIP_INDEX_URL = index.url;
});
afterAll(async () => {
  delete process.env.PIP_INDEX_URL;
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

withPython('what is required is locked with what it requires, by hash and without the index', async () => {
  const { python: version, variant } = await resolvePython({ requirements: ['valve'] });
  expect(python!.version.startsWith(`${version}.`)).toBe(true);
  expect(variant).toEqual({
    system: process.platform,
    processor: process.arch,
    lock: `pump==1.0 --hash=${pump.package.digest}\nvalve==2.0 --hash=${valve.package.digest}\n`,
  });
});

withPython('for another platform too, and with the packages when they are wanted', async () => {
  const { variant } = await resolvePython({
    requirements: ['valve==2.0'],
    python: '3.12',
    platform: { system: 'linux', processor: 'arm64' },
    download: folder,
  });
  expect(variant.packages).toEqual([pump.package, valve.package]);
});

withPython('what cannot be had is refused in the words of pip', async () => {
  await expect(resolvePython({ requirements: ['pump==9'] })).rejects.toMatchObject({
    code: 'engine.build-failed',
    message: expect.stringContaining('pump==9'),
  });
});

test.each([
  '--index-url=http://127.0.0.1/',
  'pump @ http://127.0.0.1/pump.whl',
  'http://127.0.0.1/pump.whl',
  './pump.whl',
  '-r other.txt',
  'pump==1.0 --hash=sha256:00',
  'pump\n--pre',
  '',
])('%p is no requirement', (line) => {
  expect(() => assertRequirements([line])).toThrow(
    expect.objectContaining({ code: 'flows.setting-invalid' }),
  );
});

test('a file of requirements is read, and a set has one name', () => {
  const text =
    '# what the model was made with\npump == 1.0  # exact\n\nscikit-learn[extra]>=1.5,<2; python_version >= "3.9"\n';
  const lines = requirementsOf(text);
  expect(lines).toEqual(['pump == 1.0', 'scikit-learn[extra]>=1.5,<2; python_version >= "3.9"']);
  expect(requirementsName(lines)).toBe(
    requirementsName([lines[1]!.toUpperCase().replace('PYTHON_VERSION', 'python_version'), 'pump==1.0']),
  );
  expect(requirementsName(lines)).not.toBe(requirementsName(['pump==1.0']));
});
