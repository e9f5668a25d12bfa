/**
 * Packages for Python, in an environment of their own: made by `venv`, filled by the pip that this machine has.
 *
 * Guarantee: only wheels are taken, so that nothing of a package is run when it is installed; each with a hash of
 * the lock. The environment works where it is renamed to.
 */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@millrace/schemas';
import type { Filling } from './build.js';
import { notBuilt, runTool, type ToolEnd } from './tool.js';

const executable = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** The interpreter of an environment, if it is there and leads to one. */
export async function pythonIn(folder: string): Promise<string | undefined> {
  const command = join(folder, executable);
  return access(command).then(
    () => command,
    () => undefined,
  );
}

/** Where nothing but the packages beside it may be asked. */
const offline = ['--isolated', '--no-index', '--no-cache-dir'];
export const quietly = ['--disable-pip-version-check', '--no-input', '--no-color', '--quiet'];

export async function fillPython(filling: Filling): Promise<void> {
  const { interpreter, folder, scratch, variant, packages } = filling;
  await mustRun(filling, interpreter.command, ['-m', 'venv', '--without-pip', folder]);
  const python = join(folder, executable);
  const lock = variant.lock ?? lockOf(variant.packages ?? []);
  if (lock.trim() === '') return;
  const temporary = join(scratch, 'tmp');
  const lockFile = join(scratch, 'requirements.txt');
  await mkdir(temporary);
  await writeFile(lockFile, lock);
  const { stdout } = await mustRun(filling, python, [
    '-c',
    'import sysconfig; print(sysconfig.get_path("purelib"))',
  ]);
  const from = packages === undefined ? [] : [...offline, '--find-links', join(scratch, 'packages')];
  const locked = ['--require-hashes', '--only-binary=:all:', '-r', lockFile];
  const install = ['install', ...quietly, ...from, '--no-compile', '--target', stdout.trim(), ...locked];
  const command = await withPip(filling);
  await mustRun(filling, command, ['-m', 'pip', ...install], { TMPDIR: temporary, TEMP: temporary });
  // Workers may have no right to write here, and would compile at every start.
  await runTool({
    ...tool(filling),
    command: python,
    args: ['-m', 'compileall', '-q', stdout.trim()],
  });
}

/** Lines of a lock for packages that came without one: their digests are hashes. */
function lockOf(packages: readonly { file: string; digest: string }[]): string {
  return packages
    .map(({ file, digest }) => {
      const [name = '', version = ''] = file.split('-');
      return `${name}==${version} --hash=${digest}\n`;
    })
    .join('');
}

/** An interpreter with pip: the one of the runtime, or one that is made for the purpose. */
async function withPip(filling: Filling): Promise<string> {
  const { command, version } = filling.interpreter;
  if ((await runTool({ ...tool(filling), command, args: ['-m', 'pip', '--version'] })).ok) return command;
  const helper = join(filling.scratch, 'pip');
  const made = await runTool({ ...tool(filling), command, args: ['-m', 'venv', helper] });
  if (made.ok) return join(helper, executable);
  throw new Failure(
    'engine.runtime-missing',
    `Python ${version} (${command}) has no pip here, and cannot make one. Install pip or the venv package of the system. ${made.said.slice(-500)}`,
  );
}

const tool = ({ deadlineMs, signal, onStart }: Filling) => ({ deadlineMs, signal, onStart });

async function mustRun(
  filling: Filling,
  command: string,
  args: string[],
  env?: Record<string, string>,
): Promise<ToolEnd> {
  const ended = await runTool({ ...tool(filling), command, args, env });
  filling.signal?.throwIfAborted();
  if (!ended.ok) throw notBuilt(`${command} ${args.slice(0, 3).join(' ')}`, ended);
  return ended;
}
