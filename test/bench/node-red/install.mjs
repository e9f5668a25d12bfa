// Node-RED in an ignored folder of this checkout, from the lock file beside this one, once. Needs the npm registry
// the first time; where that fails, benchmarks leave out what they would compare with it.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INSTALL_MS = 300_000;
const from = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('../../../.bench/node-red/', import.meta.url));
const program = join(folder, 'node_modules/node-red/red.js');
const lock = 'package-lock.json';

/** The program's path; undefined, and a line on stderr, when it could not be installed. */
export function installNodeRed() {
  const same =
    existsSync(join(folder, lock)) && readFileSync(join(folder, lock)).equals(readFileSync(join(from, lock)));
  if (same && existsSync(program)) return program;
  console.error('installing Node-RED into .bench/, once');
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', lock]) copyFileSync(join(from, file), join(folder, file));
  const { status } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      timeout: INSTALL_MS,
      shell: process.platform === 'win32',
    },
  );
  if (status === 0 && existsSync(program)) return program;
  console.error('Node-RED could not be installed, which needs the npm registry: measured without it');
  return undefined;
}
