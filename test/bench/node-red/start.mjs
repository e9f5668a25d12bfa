// Starts Node-RED with a flow, in a folder of its own, as a process under measurement.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../rig/process.mjs';

const settings = fileURLToPath(new URL('settings.cjs', import.meta.url));

export async function startNodeRed({ program, folder, flow, ready }) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'flows.json'), JSON.stringify(flow));
  return startProcess({
    args: [program, '--userDir', folder, '--settings', settings, 'flows.json'],
    cwd: folder,
    ready: (log) => log.includes(ready),
  });
}
