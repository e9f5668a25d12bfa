/**
 * Builds a runtime on this machine, from its manifest, into a folder that flows then share.
 *
 * Guarantee: the folder is there whole or not at all; with packages in the manifest no network is asked, without
 * them the index that this machine is configured with; every package has the digest that its lock says. What is
 * missing here is `engine.runtime-missing`; an installer that fails says its last lines.
 */
import { copyFile, link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeAtomically } from '@millrace/blobs';
import {
  Failure,
  RuntimeLanguage,
  type RuntimeManifest,
  type RuntimePackage,
  type RuntimeVariant,
} from '@millrace/schemas';
import { z } from 'zod';
import { findInterpreter, type Interpreter } from '../workers/interpreters.js';
import { freshFolder } from './fresh-folder.js';
import { fillJava } from './java.js';
import { fillPython, pythonIn } from './python.js';
import { fillR } from './r.js';
import type { Tool } from './tool.js';

export interface BuildJob {
  manifest: RuntimeManifest;
  /** The folder, and nothing beside it afterwards. */
  to: string;
  /** The local, verified file of a package. */
  piece(digest: string): string;
  /** Of each step of an installer. */
  deadlineMs?: number;
  signal?: AbortSignal;
  onStart?: Tool['onStart'];
}

/** What the fillers of one language get. */
export interface Filling extends Pick<Tool, 'deadlineMs' | 'signal' | 'onStart'> {
  variant: RuntimeVariant;
  interpreter: Interpreter;
  /** To be filled. */
  folder: string;
  /** For what is needed on the way alone. */
  scratch: string;
  /** The packages by their own names, in their order; undefined: they come from an index. */
  packages: string[] | undefined;
}

const DEADLINE_MS = 30 * 60_000;
const MARK = 'millrace-runtime.json';

const Built = z.object({
  language: RuntimeLanguage,
  /** What the interpreter said of itself when it was built. */
  version: z.string(),
  /** The command to start. */
  command: z.string(),
});

export interface BuiltRuntime extends z.infer<typeof Built> {
  folder: string;
}

export async function buildRuntime(job: BuildJob): Promise<void> {
  const { manifest, to, deadlineMs = DEADLINE_MS, signal, onStart } = job;
  const { language } = manifest;
  const variant = variantOf(manifest);
  const interpreter = await interpreterOf(manifest);
  await freshFolder(to, async (fresh) => {
    const folder = join(fresh, 'runtime');
    const scratch = join(fresh, 'scratch');
    for (const one of [folder, scratch]) await mkdir(one);
    const packages = variant.packages && (await gather(variant.packages, join(scratch, 'packages'), job));
    const filling: Filling = {
      variant,
      interpreter,
      folder,
      scratch,
      packages,
      deadlineMs,
      signal,
      onStart,
    };
    if (isPython3(manifest)) await fillPython(filling);
    else if (language === 'java') await fillJava(filling);
    else if (language === 'r') await fillR(filling);
    const { command, version } = interpreter;
    await writeAtomically(join(folder, MARK), JSON.stringify({ language, version, command }));
    return folder;
  });
}

/** What lies built in this folder; undefined when nothing does, or its interpreter went away since. */
export async function readBuilt(folder: string): Promise<BuiltRuntime | undefined> {
  const told = Built.safeParse(await readJson(join(folder, MARK)).catch(() => undefined));
  if (!told.success) return undefined;
  const { language, version } = told.data;
  if (language !== 'python' || version.startsWith('2')) return { ...told.data, folder };
  const command = await pythonIn(folder);
  return command === undefined ? undefined : { ...told.data, command, folder };
}

/** The one for this system and processor. */
export function variantOf(manifest: RuntimeManifest): RuntimeVariant {
  const { platform, arch } = process;
  const found = manifest.variants.find(({ system, processor }) => system === platform && processor === arch);
  if (found !== undefined) return found;
  const there = manifest.variants.map(({ system, processor }) => `${system} ${processor}`).join(', ');
  throw new Failure(
    'engine.runtime-missing',
    `The runtime has no variant for ${platform} ${arch}; it has ${there}. Lock it for this platform too.`,
  );
}

async function interpreterOf(manifest: RuntimeManifest): Promise<Interpreter> {
  const { language, interpreter } = manifest;
  const wanted = interpreter.version;
  const named = language === 'python' && wanted.startsWith('2') ? 'python2' : undefined;
  const usual = await findInterpreter(language, { named });
  if (usual !== undefined && isOf(usual.version, wanted)) return usual;
  // Systems keep several of them side by side, by the first two numbers.
  const beside = language === 'python' ? `python${wanted.split('.').slice(0, 2).join('.')}` : undefined;
  const other = beside === undefined ? undefined : await findInterpreter(language, { named: beside });
  if (other !== undefined && isOf(other.version, wanted)) return other;
  const have = usual === undefined ? 'none' : `${usual.version} (${usual.command})`;
  throw new Failure(
    'engine.runtime-missing',
    `The runtime needs ${language} ${wanted}, and this machine has ${have}. Install it, or name it to the agent.`,
  );
}

/** `3.11.7` is of `3.11`, and `3.1` is not. */
export const isOf = (version: string, wanted: string): boolean => `${version}.`.startsWith(`${wanted}.`);

const isPython3 = ({ language, interpreter }: RuntimeManifest) =>
  language === 'python' && !interpreter.version.startsWith('2');

/** By another name the same bytes, where the file system can. */
async function gather(packages: RuntimePackage[], to: string, { piece }: BuildJob): Promise<string[]> {
  await mkdir(to);
  const files: string[] = [];
  for (const { file, digest } of packages) {
    const path = join(to, file);
    await link(piece(digest), path).catch(() => copyFile(piece(digest), path));
    files.push(path);
  }
  return files;
}
