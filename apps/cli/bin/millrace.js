#!/usr/bin/env node
/**
 * The `millrace` command. Starts what was built; in a checkout that was never built it builds first, so that
 * `npx millrace` works from a fresh clone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
const build = new URL('../../../scripts/build.mjs', import.meta.url);
if (!existsSync(main)) {
  if (!existsSync(build)) {
    process.stderr.write(`millrace: ${fileURLToPath(main)} is missing. Install the package again.\n`);
    process.exit(1);
  }
  process.stderr.write('millrace: not built yet; building once, which takes about a minute\n');
  // What the build says is talk: stdout belongs to the command.
  const { status } = spawnSync(process.execPath, [fileURLToPath(build)], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
await import(main.href);
