// `npm start -- ARGS` is `millrace up --demo ARGS`, from a fresh clone too: it builds what is not built.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('build.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [build], { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);
// In this process, so that signals reach it.
process.argv.splice(2, 0, 'up', '--demo');
await import('../apps/cli/bin/millrace.js');
