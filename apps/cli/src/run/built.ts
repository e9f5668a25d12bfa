/**
 * What is made of resources on this machine before a flow runs here: scripts are unpacked, runtimes are built, and
 * requirements are locked first. By the code that a node uses, in a cache that all runs share.
 *
 * Guarantee: what was made once is found again by its digest; packages of a runtime are taken from the folder
 * `packages` beside its manifest, and only with the digests that the manifest says.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, hashStream, makeFolder, readJson, writeAtomically } from '@millrace/blobs';
import type { ResourceFile } from '@millrace/engine';
import { canonicalize, flowRequirements, withRuntimes, type PlacedReference } from '@millrace/flow';
import {
  buildRuntime,
  isPacked,
  pythonManifest,
  readBuilt,
  requirementsName,
  resolvePython,
  sweepFresh,
  unpackScript,
  variantOf,
} from '@millrace/inference';
import { Failure, RuntimeManifest, type FlowDocument } from '@millrace/schemas';
import { talk } from '../output/talk.js';

const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace');
const built = (digest: string) => join(cache(), 'built', digest.slice('sha256:'.length));
/** What another run may still be building is younger. */
const LEFT_MS = 86_400_000;

/** Adds the folders to `files`; gives the document with runtimes in place of requirements. */
export async function makeResources(
  document: FlowDocument,
  references: readonly PlacedReference[],
  files: Map<string, ResourceFile>,
  without: { has(module: string): boolean },
): Promise<FlowDocument> {
  await sweepFresh(join(cache(), 'built'), LEFT_MS);
  for (const { text, pointer } of references) {
    const file = files.get(text);
    if (file === undefined || file.folder !== undefined) continue;
    if (pointer.endsWith('/settings/script')) file.folder = await unpacked(file.path);
    if (pointer.endsWith('/settings/runtime')) file.folder = await builtRuntime(file.path);
  }
  const runtimes = new Map<string, string>();
  for (const { module, requirements } of flowRequirements(document)) {
    const name = requirementsName(requirements);
    if (without.has(module) || runtimes.has(name)) continue;
    const path = await lockedFor(name, requirements);
    const text = `resource:${name}@1`;
    files.set(text, { path, name, version: 1, digest: null, folder: await builtRuntime(path) });
    runtimes.set(name, text);
  }
  return withRuntimes(document, ({ requirements }) => runtimes.get(requirementsName(requirements)));
}

export async function readManifest(path: string): Promise<RuntimeManifest> {
  const told = await readJson(path);
  if (told === undefined) throw new Failure('engine.file-unreadable', `There is no file ${path}.`);
  const { data, error } = RuntimeManifest.safeParse(told);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new Failure(
    'catalogue.runtime-unfit',
    `${path} is no manifest of a runtime: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}. \`millrace runtime lock\` writes one.`,
  );
}

/** Gives the folder; `packages` is where its packages lie. */
export async function builtRuntime(
  path: string,
  packages = join(dirname(path), 'packages'),
): Promise<string> {
  const manifest = await readManifest(path);
  const to = built(digestOf(Buffer.from(canonicalize(manifest))));
  if ((await readBuilt(to)) !== undefined) return to;
  const pieces = new Map<string, string>();
  for (const { file, digest } of variantOf(manifest).packages ?? []) {
    const local = join(packages, file);
    const found = await hashStream(createReadStream(local)).catch(() => undefined);
    if (found?.digest !== digest)
      throw new Failure(
        'catalogue.pieces-unknown',
        `The runtime ${path} needs ${file} (${digest}), and ${packages} ${found ? 'has another file of this name' : 'does not have it'}. Put it there.`,
      );
    pieces.set(digest, local);
  }
  talk(`building the runtime ${path}; it is kept in ${to}`);
  await buildRuntime({ manifest, to, piece: (digest) => pieces.get(digest)! });
  return to;
}

async function unpacked(path: string): Promise<string | undefined> {
  if (!(await isPacked(path))) return undefined;
  const { digest } = await hashStream(createReadStream(path));
  const to = built(digest);
  await unpackScript(path, to);
  return to;
}

/** The manifest of a set of requirements, which is locked once on this machine. */
async function lockedFor(name: string, requirements: readonly string[]): Promise<string> {
  const path = join(cache(), 'locks', `${name}.json`);
  if ((await readFile(path).catch(() => undefined)) !== undefined) return path;
  talk(`locking ${requirements.join(', ')}`);
  const { python, variant } = await resolvePython({ requirements });
  await makeFolder(dirname(path));
  await writeAtomically(path, canonicalize(pythonManifest(python, [variant])));
  return path;
}
