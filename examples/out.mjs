// What `millrace run FLOW --out FILE` wrote: the lines that would have reached the sinks. Without a file the
// flow beside the caller is run first.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function readOut(file, caller) {
  if (file !== undefined) return parse(file);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-score-'));
  try {
    const out = join(folder, 'out.jsonl');
    const command = fileURLToPath(new URL('../apps/cli/bin/millrace.js', import.meta.url));
    const flow = fileURLToPath(new URL('flow.yaml', caller));
    const { status } = spawnSync(process.execPath, [command, 'run', flow, '--out', out], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(1);
    return parse(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const parse = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
