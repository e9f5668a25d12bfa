/**
 * What was made of resources on this node, by their digest: scripts that were unpacked, runtimes that were built.
 *
 * Guarantee: what `folder` gives is whole; two flows that need the same at once make it once; what a kill left is
 * removed when the agent starts. What names a built thing, and for how long, is known by the caller alone.
 */
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, makeFolder, syncFolder, type BlobFolder } from '@millrace/blobs';
import {
  buildRuntime,
  isPacked,
  readBuilt,
  sweepFresh,
  unpackScript,
  variantOf,
  type BuildJob,
} from '@millrace/inference';
import { Failure, RuntimeManifest, type LockedResource, type RuntimePackage } from '@millrace/schemas';

export type Kept = Pick<LockedResource, 'kind' | 'digest'>;
export type BuildOptions = Pick<BuildJob, 'signal' | 'onStart'>;

export interface BuiltFolder {
  /** Where it lies when it is built; undefined when it is not, or its interpreter went away. */
  folder(resource: Kept): Promise<string | undefined>;
  /** Whether something has to be made of it that is not there. Its bytes must be here. */
  lacks(resource: Kept): Promise<boolean>;
  /** Bytes that are needed before a runtime can be built: none when it is. Its manifest must be here. */
  pieces(resource: Kept): Promise<RuntimePackage[]>;
  build(resource: Kept, options: BuildOptions): Promise<void>;
  /** Removes what nothing of these names. */
  collect(keep: ReadonlySet<string>): Promise<string[]>;
}

export async function openBuiltFolder(dir: string, blobs: BlobFolder): Promise<BuiltFolder> {
  await makeFolder(dir);
  await sweepFresh(dir);
  const running = new Map<string, Promise<void>>();
  /** Digests of scripts; a digest is one file for ever. */
  const packed = new Map<string, boolean>();

  const path = (digest: string) => join(dir, digest.slice('sha256:'.length));

  async function isPackedScript({ kind, digest }: Kept): Promise<boolean> {
    if (kind !== 'script') return false;
    const known = packed.get(digest);
    if (known !== undefined) return known;
    const found = await isPacked(blobs.path(digest));
    packed.set(digest, found);
    return found;
  }

  async function folder({ kind, digest }: Kept): Promise<string | undefined> {
    const at = path(digest);
    if (kind === 'runtime') return (await readBuilt(at))?.folder;
    const found = kind === 'script' ? await stat(at).catch(() => undefined) : undefined;
    return found?.isDirectory() === true ? at : undefined;
  }

  async function lacks(resource: Kept): Promise<boolean> {
    const needed = resource.kind === 'runtime' || (await isPackedScript(resource));
    return needed && (await folder(resource)) === undefined;
  }

  async function manifestOf(digest: string): Promise<RuntimeManifest> {
    const { data, error } = RuntimeManifest.safeParse(JSON.parse(await readFile(blobs.path(digest), 'utf8')));
    if (data !== undefined) return data;
    throw new Failure(
      'catalogue.runtime-unfit',
      `This node cannot read the runtime ${digest}: ${error.message}`,
    );
  }

  async function make({ kind, digest }: Kept, options: BuildOptions): Promise<void> {
    const to = path(digest);
    if (kind === 'script') return unpackScript(blobs.path(digest), to, options.signal);
    // What is there is of no use any more, since it was asked for.
    await removed(dir, to);
    await buildRuntime({ ...options, manifest: await manifestOf(digest), to, piece: blobs.path });
  }

  return {
    folder,
    lacks,

    async pieces({ kind, digest }) {
      if (kind !== 'runtime' || (await folder({ kind, digest })) !== undefined) return [];
      return variantOf(await manifestOf(digest)).packages ?? [];
    },

    async build(resource, options) {
      const before = running.get(resource.digest);
      // Another flow is at it: whether it came to something is seen when it is looked again.
      if (before !== undefined) return before.catch(() => undefined);
      const work = make(resource, options).finally(() => running.delete(resource.digest));
      running.set(resource.digest, work);
      return work;
    },

    async collect(keep) {
      const names = new Set([...keep].map((digest) => digest.slice('sha256:'.length)));
      const gone = (await readdir(dir)).filter(
        (name) => !name.includes('.') && !names.has(name) && !running.has(`sha256:${name}`),
      );
      for (const name of gone) await removed(dir, join(dir, name));
      return gone;
    },
  };
}

/** Renamed first: what a kill leaves half removed is under a name that the next start sweeps. */
async function removed(dir: string, path: string): Promise<void> {
  const aside = `${path}.building-removed`;
  await rm(aside, { recursive: true, force: true, maxRetries: 3 });
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  await syncFolder(dir);
  await rm(aside, { recursive: true, force: true, maxRetries: 3 });
}
