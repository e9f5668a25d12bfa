/** A runtime of R: source packages, installed one after the other into a library of their own: the folder. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Filling } from './build.js';
import { notBuilt, runTool } from './tool.js';

export async function fillR(filling: Filling): Promise<void> {
  const { interpreter, folder, packages = [], deadlineMs, signal, onStart } = filling;
  const beside = dirname(interpreter.command);
  const command = isAbsolute(interpreter.command) ? join(beside, 'R') : 'R';
  for (const file of packages) {
    const args = ['CMD', 'INSTALL', '--no-docs', `--library=${folder}`, file];
    const ended = await runTool({ command, args, env: { R_LIBS: folder }, deadlineMs, signal, onStart });
    signal?.throwIfAborted();
    if (!ended.ok) throw notBuilt(`R CMD INSTALL ${file.split(/[/\\]/).at(-1)}`, ended);
  }
}
