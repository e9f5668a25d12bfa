/**
 * The Python package as a data scientist has it: installed by pip into a fresh environment, its own tests run against a
 * director that they start with the built command.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leftOut } from '../kit/brokers.js';
import { PYTHON_MS, run, venvWith } from '../kit/venv.js';

const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));
const source = fileURLToPath(new URL('../../sdk/python/', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'millrace-sdk-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

// Building a package leaves files beside its source.
const copy = join(folder, 'millrace');
await cp(source, copy, { recursive: true, filter: (path) => !/(\.egg-info|__pycache__|\.venv)$/.test(path) });
const found = await venvWith(folder, [`${copy}[test]`]);
if ('missing' in found) leftOut(`the Python package: ${found.missing}`);
const title = 'the Python package passes its own tests';
const test = 'missing' in found ? it.skip : it;

test(
  'missing' in found ? `${title} (${found.missing})` : title,
  async () => {
    const { path } = found as { path: string };
    const said = await run(path, ['-c', SUITE], {
      cwd: source,
      env: { MILLRACE_COMMAND: `'${process.execPath}' '${command}'`, PYTHONWARNINGS: 'ignore' },
    });
    const { tests, skipped } = JSON.parse(said.trim().split('\n').at(-1)!) as Counts;
    expect(tests).toBeGreaterThan(30);
    expect(skipped).toEqual([]);
  },
  PYTHON_MS,
);

/** unittest's own runner, which talks on stderr; then a line of JSON. */
const SUITE = `
import json, sys, unittest
suite = unittest.defaultTestLoader.discover("tests", top_level_dir=".")
result = unittest.TextTestRunner(sys.stderr).run(suite)
print(json.dumps({"tests": result.testsRun, "skipped": [reason for _, reason in result.skipped]}))
sys.exit(not result.wasSuccessful())
`;

interface Counts {
  tests: number;
  skipped: string[];
}
