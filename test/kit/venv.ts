/**
 * Python with packages in a folder of a test's own, or the reason why there is none: no interpreter, no registry.
 * What a journey of Python needs; the machine's own packages are neither seen nor touched.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** Installing takes half a minute and a busy machine several times that; the same goes for what is run with it. */
export const PYTHON_MS = 10 * 60_000;

export type Venv = { path: string } | { missing: string };

/** @param wanted what pip takes: `numpy==2.4.6`, or the path of a package with its extras */
export async function venvWith(folder: string, wanted: readonly string[]): Promise<Venv> {
  const path = join(folder, 'venv/bin/python');
  try {
    await run('python3', ['-m', 'venv', join(folder, 'venv')]);
  } catch {
    return { missing: 'python3 with venv is not on this machine' };
  }
  const quietly = ['--quiet', '--disable-pip-version-check', '--no-compile', '--retries', '1'];
  try {
    await run(path, ['-m', 'pip', 'install', ...quietly, ...wanted]);
  } catch (error) {
    return {
      missing: `pip could not install what it needs: no package registry, or another Python (${lastLine(error)})`,
    };
  }
  return { path };
}

/** Gives stdout; rejects with the end of stderr. Nothing is left beside what is run. */
export const run = (program: string, args: string[], options: { cwd?: string; env?: object } = {}) =>
  new Promise<string>((resolve, reject) =>
    execFile(
      program,
      args,
      {
        timeout: PYTHON_MS,
        maxBuffer: 64 * 1024 * 1024,
        cwd: options.cwd,
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...options.env },
      },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${program} ${args.join(' ')}: ${stderr.slice(-6000)}`)) : resolve(stdout),
    ),
  );

const lastLine = (error: unknown): string =>
  String((error as Error).message)
    .trim()
    .split('\n')
    .at(-1)!
    .slice(0, 200);
