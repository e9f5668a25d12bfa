/**
 * From requirements to a lock: pip says which wheels it would install, and the lock holds their names, versions
 * and hashes.
 *
 * Guarantee: nothing is installed; a lock never names an index, a host or a path; a requirement is a name with
 * versions and nothing that pip would take for an option. Which index is asked is pip's own configuration.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashStream } from '@millrace/blobs';
import { createReadStream } from 'node:fs';
import { Failure, type RuntimeManifest, type RuntimePackage, type RuntimeVariant } from '@millrace/schemas';
import { z } from 'zod';
import { findInterpreter, type Interpreter } from '../workers/interpreters.js';
import { isOf } from './build.js';
import { quietly } from './python.js';
import { notBuilt, runTool } from './tool.js';

export type Platform = Pick<RuntimeVariant, 'system' | 'processor'>;

export interface Resolve {
  requirements: readonly string[];
  /** `3.11`; default: that of this machine. */
  python?: string;
  platform?: Platform;
  /** A folder to which the wheels are fetched. */
  download?: string;
  deadlineMs?: number;
  signal?: AbortSignal;
}

export interface Resolved {
  /** Of the interpreter: `3.11`. */
  python: string;
  variant: RuntimeVariant;
}

const DEADLINE_MS = 5 * 60_000;
const REPORT_BYTES = 64 * 1024 * 1024;

const Report = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({
        archive_info: z.object({ hashes: z.record(z.string(), z.string()) }).optional(),
      }),
    }),
  ),
});

export async function resolvePython(wanted: Resolve): Promise<Resolved> {
  const { requirements, platform = here(), download } = wanted;
  assertRequirements(requirements);
  const interpreter = await pythonFor(wanted.python);
  const python = wanted.python ?? shortOf(interpreter.version);
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
  try {
    const file = join(scratch, 'requirements.txt');
    const report = join(scratch, 'report.json');
    await writeFile(file, `${requirements.join('\n')}\n`);
    const target = targetArgs(interpreter, python, platform);
    // Some versions of pip choose for another machine only when they are told of a folder; nothing is put there.
    const into = target.length > 0 ? ['--target', join(scratch, 'target')] : [];
    const asked = [
      ...into,
      '--dry-run',
      '--ignore-installed',
      '--only-binary=:all:',
      '--report',
      report,
      '-r',
      file,
    ];
    await pip(interpreter, ['install', ...quietly, ...target, ...asked], wanted);
    const lock = lockOf(await readReport(report));
    const variant: RuntimeVariant = { ...platform, lock };
    if (download === undefined) return { python, variant };
    await writeFile(file, lock);
    const fetched = ['--no-deps', '--require-hashes', '--only-binary=:all:', '-r', file, '-d', download];
    await pip(interpreter, ['download', ...quietly, ...target, ...fetched], wanted);
    return { python, variant: { ...variant, packages: await packagesIn(download) } };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export const pythonManifest = (python: string, variants: RuntimeVariant[]): RuntimeManifest => ({
  apiVersion: 'millrace/v1',
  kind: 'Runtime',
  language: 'python',
  interpreter: { version: python },
  variants,
});

/** One name for one set of requirements, however they are written and in whichever order. */
export function requirementsName(requirements: readonly string[]): string {
  const lines = requirements.map((line) => line.toLowerCase().replaceAll(/\s+/g, '')).toSorted();
  return `python-${createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)}`;
}

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/.source;
const VERSION = /(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+/.source;
const REQUIREMENT = new RegExp(
  `${NAME}\\s*(?:\\[[A-Za-z0-9._,\\s-]+\\])?\\s*(?:${VERSION}(?:\\s*,\\s*${VERSION})*)?\\s*(?:;[\\w\\s.'"<>=!()]+)?$`,
);

export function assertRequirements(requirements: readonly string[]): void {
  const wrong = requirements.find((line) => line.length > 500 || !REQUIREMENT.test(line));
  if (wrong === undefined && requirements.length > 0 && requirements.length <= 500) return;
  throw new Failure(
    'flows.setting-invalid',
    wrong === undefined
      ? `There are ${requirements.length} requirements; 1 to 500 are allowed.`
      : `"${wrong.slice(0, 80)}" is no requirement. Write a name with versions, such as scikit-learn==1.5.2; addresses, paths and options are not allowed.`,
  );
}

/** Lines of a requirements file that are requirements; pip's options in it are refused. */
export function requirementsOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const found = lines.filter((line) => line !== '');
  assertRequirements(found);
  return found;
}

function here(): Platform {
  const { platform, arch } = process;
  const found = platforms.find(({ system, processor }) => system === platform && processor === arch);
  if (found !== undefined) return found;
  throw new Failure('engine.runtime-missing', `There are no runtimes for ${platform} ${arch}.`);
}

export const platforms: Platform[] = (['linux', 'darwin', 'win32'] as const).flatMap((system) =>
  (['x64', 'arm64'] as const).map((processor) => ({ system, processor })),
);

async function pythonFor(wanted: string | undefined): Promise<Interpreter> {
  const usual = await findInterpreter('python');
  if (usual !== undefined && (wanted === undefined || isOf(usual.version, wanted))) return usual;
  const exact =
    wanted === undefined ? undefined : await findInterpreter('python', { named: `python${wanted}` });
  const found = exact ?? usual;
  if (found !== undefined) return found;
  throw new Failure(
    'engine.runtime-missing',
    'There is no Python here to resolve requirements with. Install Python 3 with pip, or lock a runtime where there is one (`millrace runtime lock`) and name it with `runtime`.',
  );
}

const shortOf = (version: string) => version.split('.').slice(0, 2).join('.');

/** Only what differs from the machine that resolves is said: pip knows its own machine better. */
function targetArgs({ version }: Interpreter, python: string, { system, processor }: Platform): string[] {
  const same = system === process.platform && processor === process.arch && isOf(version, python);
  if (same) return [];
  const digits = shortOf(python).replace('.', '');
  const abis = [`cp${digits}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi]);
  const tags = tagsOf(system, processor).flatMap((tag) => ['--platform', tag]);
  return ['--python-version', python, '--implementation', 'cp', ...abis, ...tags];
}

function tagsOf(system: Platform['system'], processor: Platform['processor']): string[] {
  const arm = processor !== 'x64';
  if (system === 'win32') return [arm ? 'win_arm64' : 'win_amd64'];
  if (system === 'darwin') {
    const machine = arm ? 'arm64' : 'x86_64';
    return [14, 13, 12, 11].flatMap((n) => [`macosx_${n}_0_${machine}`, `macosx_${n}_0_universal2`]);
  }
  const machine = processor === 'arm' ? 'armv7l' : arm ? 'aarch64' : 'x86_64';
  return ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'linux'].map(
    (tag) => `${tag}_${machine}`,
  );
}

async function pip({ command, version }: Interpreter, args: string[], wanted: Resolve): Promise<void> {
  const { deadlineMs = DEADLINE_MS, signal } = wanted;
  const ended = await runTool({ command, args: ['-m', 'pip', ...args], deadlineMs, signal });
  signal?.throwIfAborted();
  if (ended.ok) return;
  if (/No module named pip|no such option: --report/.test(ended.said))
    throw new Failure(
      'engine.runtime-missing',
      `Python ${version} (${command}) has no pip, or one before 23.0. Install a newer one, or lock a runtime elsewhere (\`millrace runtime lock\`) and name it with \`runtime\`.`,
    );
  throw notBuilt(`pip ${args[0]}`, ended);
}

async function readReport(path: string): Promise<z.infer<typeof Report>> {
  if ((await stat(path)).size > REPORT_BYTES)
    throw new Failure('engine.build-failed', `pip names more packages than a runtime may have.`);
  return Report.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** In the order of names, so that the same packages make the same lock. */
function lockOf({ install }: z.infer<typeof Report>): string {
  const lines = install.map(({ metadata: { name, version }, download_info }) => {
    const hash = download_info.archive_info?.hashes.sha256;
    if (hash === undefined)
      throw new Failure('engine.build-failed', `The index has no SHA-256 of ${name} ${version}.`);
    return `${name.toLowerCase()}==${version} --hash=sha256:${hash}\n`;
  });
  return lines.toSorted().join('');
}

async function packagesIn(folder: string): Promise<RuntimePackage[]> {
  const packages: RuntimePackage[] = [];
  for (const file of (await readdir(folder)).toSorted()) {
    const { digest, size } = await hashStream(createReadStream(join(folder, file)));
    packages.push({ file, digest, size });
  }
  return packages;
}
