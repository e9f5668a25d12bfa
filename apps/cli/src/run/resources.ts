/**
 * Resources of a flow that runs without a director: files of a folder, `NAME@VERSION.EXT` or `NAME.EXT`, with the
 * contract of a model beside it.
 *
 * Guarantee: one file for each reference, or a Failure that names what was looked for and what lies there; a
 * locked reference gets bytes of its digest or nothing.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hashStream } from '@millrace/blobs';
import type { ResourceFile } from '@millrace/engine';
import { parseReference, type PlacedReference, type ResourceReference } from '@millrace/flow';
import { Failure, type Contract } from '@millrace/schemas';
import { readContract } from '../catalogue/contract-file.js';

export interface LocalResources {
  /** By the reference as it is written. */
  files: Map<string, ResourceFile>;
  /** What was chosen where the reference left a choice, a sentence each. */
  says: string[];
}

export async function localResources(
  folder: string,
  references: readonly PlacedReference[],
): Promise<LocalResources> {
  const files = new Map<string, ResourceFile>();
  const says: string[] = [];
  if (references.length === 0) return { files, says };
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  for (const reference of references) {
    if (files.has(reference.text)) continue;
    const { name, version } = choose(folder, names, reference);
    const path = join(folder, name);
    if (reference.digest !== undefined) await assertDigest(path, reference, reference.digest);
    if (version !== reference.selector) says.push(`${reference.text} is ${name}, found in ${folder}`);
    const contract = await contractBeside(folder, names, reference.name, version);
    files.set(reference.text, {
      path,
      name: reference.name,
      version: version ?? null,
      digest: reference.digest ?? null,
      ...(contract !== undefined && { contract }),
    });
  }
  return { files, says };
}

export function resourceIn(files: LocalResources['files'], text: string): ResourceFile {
  const file = files.get(text);
  if (file !== undefined) return file;
  const known = parseReference(text);
  throw new Failure('flows.resource', `${text} ${known ? 'was not looked for' : 'names no resource'}.`);
}

interface Candidate {
  name: string;
  version?: number;
}

function choose(folder: string, names: readonly string[], reference: PlacedReference): Candidate {
  const { name, selector, module } = reference;
  const candidates = names.flatMap((file) => candidateOf(file, name));
  const exact = candidates.filter(({ version }) => version === selector);
  const highest = Math.max(...candidates.map(({ version }) => version ?? 0));
  const plain = candidates.filter(({ version }) => version === undefined);
  const versioned = candidates.filter(({ version }) => version === highest);
  // A number means that version, or the one file that has none; an alias the highest, or that file.
  const chosen = exact.length > 0 ? exact : typeof selector === 'string' && highest > 0 ? versioned : plain;
  if (chosen.length === 1) return chosen[0]!;
  if (chosen.length > 1) {
    throw new Failure(
      'flows.resource',
      `${module}: ${reference.text} could be ${chosen.map((one) => one.name).join(' or ')} in ${folder}. ` +
        'Leave one of them.',
    );
  }
  const version = typeof selector === 'number' ? `${name}@${selector}.EXT` : `${name}@1.EXT`;
  const there = candidates.length > 0 ? ` It holds ${candidates.map((one) => one.name).join(', ')}.` : '';
  throw new Failure(
    'flows.resource',
    `${module}: ${reference.text} has no file in ${folder}. Put it there as ${version} or ${name}.EXT, or name ` +
      `another folder with --resources.${there}`,
  );
}

/** `NAME`, `NAME.EXT`, `NAME@7.EXT`; EXT is one ending, or two when the second is gz. */
function candidateOf(file: string, resource: string): Candidate[] {
  if (!file.startsWith(resource)) return [];
  const match = /^(?:@([1-9]\d{0,8}))?(?:\.[^.@]+(?:\.gz)?)?$/.exec(file.slice(resource.length));
  if (match === null) return [];
  return [{ name: file, ...(match[1] === undefined ? {} : { version: Number(match[1]) }) }];
}

/** `NAME@7.contract.json`, else `NAME.contract.json`. */
async function contractBeside(
  folder: string,
  names: readonly string[],
  name: string,
  version: number | undefined,
): Promise<Contract | undefined> {
  const file = [`${name}@${version}.contract.json`, `${name}.contract.json`].find((one) =>
    names.includes(one),
  );
  if (file === undefined) return undefined;
  return readContract(join(folder, file));
}

async function assertDigest(
  path: string,
  { name, selector }: ResourceReference,
  wanted: string,
): Promise<void> {
  const { digest } = await hashStream(createReadStream(path));
  if (digest === wanted) return;
  throw new Failure(
    'catalogue.digest-mismatch',
    `${path} is not the ${name}@${selector} that the flow is locked to: expected ${wanted}, found ${digest}. ` +
      'Fetch that version, or run the flow as it was before it was locked.',
  );
}
