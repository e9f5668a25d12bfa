/**
 * What keeps a script from the rest of the machine: bubblewrap, where the system has it and lets it work.
 *
 * Guarantee inside: no network, no other processes to see, every file read-only but an empty /tmp of its own. The
 * files themselves can be read as the agent can read them. Where there is no bubblewrap there is no sandbox, and
 * `sandboxKind` says so.
 */
import { execFile } from 'node:child_process';
import { findProgram } from './interpreters.js';

export type SandboxKind = 'bubblewrap' | 'none';

const PROVE_MS = 10_000;
const WALLS = [
  '--die-with-parent',
  '--unshare-net',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--proc',
  '/proc',
  '--tmpfs',
  '/tmp',
  '--tmpfs',
  '/var/tmp',
];

let known: Promise<SandboxKind> | undefined;

/** What this machine really has: tried once, since a container may have the program and not the rights. */
export function sandboxKind(): Promise<SandboxKind> {
  return (known ??= prove());
}

function prove(): Promise<SandboxKind> {
  const program = process.platform === 'linux' ? findProgram('bwrap') : undefined;
  if (program === undefined) return Promise.resolve('none');
  return new Promise((resolve) => {
    execFile(program, [...WALLS, '--', '/bin/sh', '-c', 'exit 0'], { timeout: PROVE_MS }, (error) =>
      resolve(error === null ? 'bubblewrap' : 'none'),
    );
  });
}

/** The command inside of the sandbox. `reads` are what it needs of the folders that are hidden. */
export function insideSandbox(command: readonly string[], reads: readonly string[]): string[] {
  const shown = [...new Set(reads)].flatMap((path) => ['--ro-bind', path, path]);
  return [findProgram('bwrap') ?? 'bwrap', ...WALLS, ...shown, '--chdir', '/tmp', '--', ...command];
}
