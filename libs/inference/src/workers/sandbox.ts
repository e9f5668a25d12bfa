/**
 * What keeps a script from the rest of the machine: bubblewrap, where the system has it and lets it work.
 *
 * Guarantee inside: no network, no other processes to see, no rights of an administrator, and of the files only the
 * system's programs and what the worker was given, all of it read-only, and an empty, bounded /tmp. What the agent keeps
 * (keys, journals, other flows) and the homes of users are not there. Where there is no bubblewrap there is no sandbox,
 * and `sandboxKind` says so.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './interpreters.js';

export type SandboxKind = 'bubblewrap' | 'none';

const PROVE_MS = 10_000;
/** Of /tmp: it lies in memory, and no cap of the worker's counts it. */
const TMP_BYTES = 256 * 1024 * 1024;
/** What processes of one script share. */
const SHARED_BYTES = 64 * 1024 * 1024;
/** bubblewrap itself, which waits outside and inside: of the tree, and not the script's. */
export const SANDBOX_PROCESSES = 2;
const WALLS = [
  '--die-with-parent',
  '--unshare-net',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--cap-drop',
  'ALL',
];
/** Programs and their libraries, and what these ask of the machine's shape. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/nix/store', '/sys/devices/system'];
/** Of /etc what programs need; the rest holds secrets. */
const SETTINGS =
  /^(alternatives|ld\.so\..*|locale.*|localtime|timezone|passwd|group|nsswitch\.conf|mime\.types|fonts|R|julia|(java|jvm|python|openjdk).*)$/i;
/** Folders that the operator named for an interpreter. */
const NAMED = ['LD_LIBRARY_PATH', 'JAVA_HOME', 'R_LIBS', 'R_LIBS_SITE', 'JULIA_DEPOT_PATH'];

let known: Promise<SandboxKind> | undefined;
let walls: string[] | undefined;

/** What this machine really has: tried once, since a container may have the program and not the rights. */
export function sandboxKind(): Promise<SandboxKind> {
  return (known ??= prove());
}

async function prove(): Promise<SandboxKind> {
  if (process.platform !== 'linux' || findProgram('bwrap') === undefined) return 'none';
  try {
    const [command, ...args] = insideSandbox(['/bin/sh', '-c', 'exit 0'], []);
    await promisify(execFile)(command!, args, { timeout: PROVE_MS });
    return 'bubblewrap';
  } catch {
    // It does not start, or the system does not let it.
    return 'none';
  }
}

/** The command inside of the sandbox. `reads` are files and folders that it needs beside the system's programs. */
export function insideSandbox(command: readonly string[], reads: readonly string[]): string[] {
  const program = findProgram('bwrap') ?? 'bwrap';
  const named = NAMED.flatMap((name) => (process.env[name] ?? '').split(delimiter));
  const shown = [...new Set([...reads, ...named])].filter((path) => path !== '' && existsSync(path));
  return [
    program,
    ...(walls ??= wallsOf(program)),
    ...shown.flatMap((path) => ['--ro-bind', path, path]),
    // What holds it all could be written to otherwise.
    '--remount-ro',
    '/',
    '--setenv',
    'HOME',
    '/tmp',
    '--chdir',
    '/tmp',
    '--',
    ...command,
  ];
}

function wallsOf(program: string): string[] {
  const settings = readdirSync('/etc')
    .filter((name) => SETTINGS.test(name))
    .map((name) => join('/etc', name));
  // Older ones cannot bound it.
  const bounds = /--size\b/.test(execFileSync(program, ['--help'], { encoding: 'utf8', timeout: PROVE_MS }));
  const memory = (path: string, bytes: number) => [
    ...(bounds ? ['--size', String(bytes)] : []),
    '--tmpfs',
    path,
  ];
  return [
    ...WALLS,
    ...[...SYSTEM, ...settings].flatMap((path) => ['--ro-bind-try', path, path]),
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    ...memory('/dev/shm', SHARED_BYTES),
    '--remount-ro',
    '/dev',
    ...memory('/tmp', TMP_BYTES),
    '--symlink',
    '/tmp',
    '/var/tmp',
  ];
}

/** What an interpreter brings with it where it does not belong to the system, such as the folder of its version. */
export function treeOf(interpreter: string): string[] {
  if (!existsSync(interpreter)) return [];
  const program = realpathSync(interpreter);
  return [...new Set([interpreter, program])].map((path) => {
    const tree = dirname(dirname(path));
    // A program in ~/bin shows itself, not the home.
    const isTooMuch = tree === '/' || `${homedir()}/`.startsWith(`${tree}/`);
    return isTooMuch ? path : tree;
  });
}
