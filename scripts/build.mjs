/**
 * Everything that a checkout needs before it runs: packages, the Prisma client, the build. Quick when nothing
 * changed; says what takes long, on stderr. `node scripts/build.mjs`, or `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Millrace needs Node.js 20.19 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

install();
step([at('scripts/generate.mjs')]);
if (!existsSync(at('apps/cli/dist/main.js')))
  process.stderr.write('building Millrace, which takes a moment\n');
step([at('node_modules/typescript/bin/tsc'), '-b', root]);
studio();

/** npm writes its list of what it installed last, so a lock file that is newer has not been followed yet. */
function install() {
  const installed = at('node_modules/.package-lock.json');
  const fresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(at('package-lock.json')).mtimeMs;
  if (fresh) return;
  process.stderr.write('installing packages, which takes a minute the first time\n');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'];
  // Under `npm start` the same npm is used again; by itself, the one of the path (a script on Windows).
  const npm = process.env.npm_execpath;
  const own = npm?.endsWith('.js') === true;
  run(own ? process.execPath : 'npm', own ? [npm, ...args] : args, {
    shell: !own && process.platform === 'win32',
  });
  // When there was nothing to do npm leaves its list as it is.
  if (existsSync(installed)) utimesSync(installed, new Date(), new Date());
}

/** Bundled when it, or a library that it is made of, was compiled since. */
function studio() {
  const page = at('apps/studio/dist/site/index.html');
  const compiled = ['apps/studio', 'libs/schemas', 'libs/flow', 'libs/client', 'libs/modules']
    .map((path) => at(path, path === 'apps/studio' ? 'dist' : '', 'tsconfig.tsbuildinfo'))
    .concat(at('apps/studio/index.html'), at('apps/studio/vite.config.ts'), at('package-lock.json'))
    .concat(styles(at('apps/studio/src')));
  const fresh =
    existsSync(page) &&
    compiled.every((file) => !existsSync(file) || statSync(file).mtimeMs <= statSync(page).mtimeMs);
  if (fresh) return;
  process.stderr.write('building the studio\n');
  const vite = at('node_modules/vite/bin/vite.js');
  run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: at('apps/studio') });
}

/** What the studio's bundle has that the compiler does not see. */
function styles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.css'))
    .map((name) => join(folder, name));
}

function step(args) {
  run(process.execPath, args, {});
}

/** What steps say is talk, so it goes to stderr: stdout may be read by a program. */
function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  if (status === 0) return;
  process.stderr.write(
    `\n${args[0].startsWith(root) ? args[0].slice(root.length + 1) : command} failed: why stands above.\n`,
  );
  process.exit(status ?? 1);
}
