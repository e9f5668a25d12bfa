/**
 * Which files a flow on a node may touch: its work folder, what lies below the roots of the configuration,
 * and the verified files of its resources.
 *
 * Guarantee: no path that is handed out lies elsewhere, symbolic links followed.
 */
import { readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isReference, parseReference } from '@millrace/flow';
import { Contract, CONTRACT_BYTES, Failure } from '@millrace/schemas';
import type { ResourceFile } from '@millrace/engine';
import type { PrepareFlow } from './ipc.js';

export interface HostFiles {
  path(file: string): string;
  resource(reference: string): ResourceFile;
}

export function hostFiles(flow: PrepareFlow): HostFiles {
  const roots = flow.roots.map((root) => real(root));
  const work = real(flow.work);
  const signed = new Set(Object.values(flow.resources).map(({ digest }) => digest));

  function resource(text: string): ResourceFile {
    const reference = parseReference(text);
    const digest = reference?.digest;
    const path = digest === undefined || !signed.has(digest) ? undefined : flow.blobs[digest];
    if (reference === undefined || digest === undefined || path === undefined) {
      throw new Failure(
        'flows.resource',
        `The flow names ${text}, and no such resource was signed with it. Publish the flow anew.`,
      );
    }
    const version = Number(reference.selector);
    const folder = flow.built[digest];
    const contract = contractOf(reference.name, version);
    return {
      path,
      name: reference.name,
      version,
      digest,
      ...(folder !== undefined && { folder }),
      ...(contract !== undefined && { contract }),
    };
  }

  /** Two versions may have the same bytes and not the same contract. */
  function contractOf(name: string, version: number): Contract | undefined {
    const locked = [flow.resources[name], flow.resources[`${name}@${version}`]].find(
      (one) => one?.version === version,
    );
    const path = locked?.contract && flow.blobs[locked.contract.digest];
    return path === undefined ? undefined : readContract(path, name);
  }

  return {
    resource,
    path(file) {
      if (isReference(file)) return resource(file).path;
      const allowed = isAbsolute(file) ? roots : [work];
      const path = isAbsolute(file) ? resolve(file) : join(flow.work, file);
      const target = real(path);
      if (allowed.some((root) => inside(root, target))) return path;
      throw new Failure(
        'fleet.path-refused',
        isAbsolute(file)
          ? `The flow may not touch ${file}: it lies below none of the folders in MILLRACE_PATHS of this node.`
          : `The flow may not touch ${file}: it leads out of the flow's work folder.`,
      );
    },
  };
}

function readContract(path: string, name: string): Contract {
  const fits = statSync(path).size <= CONTRACT_BYTES;
  const parsed = fits ? Contract.safeParse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
  if (parsed?.success) return parsed.data;
  const why = parsed === undefined ? `it is longer than ${CONTRACT_BYTES} bytes` : parsed.error.message;
  throw new Failure('engine.contract-mismatch', `The contract of ${name} cannot be read here: ${why}`);
}

function inside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/** The path with links followed, as far as it exists; what is to be made keeps its name below that. */
function real(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const here = join(real(parent, links), basename(path));
    // A link to what is not there yet leads where it leads; 40 of them are a circle, as for the system itself.
    const target = links < 40 ? linkTarget(here) : undefined;
    return target === undefined ? here : real(resolve(dirname(here), target), links + 1);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
