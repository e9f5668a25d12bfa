/**
 * Locks a runtime of Python for some platforms, and brings it to the catalogue, with its packages when they are wanted.
 *
 * Guarantee: packages go before the manifest that names them, and nothing is sent that is there; without a director
 * the same lies in a folder.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, makeFolder } from '@millrace/blobs';
import { pushContent, pushPiece, type Client } from '@millrace/client';
import { canonicalize } from '@millrace/flow';
import { platforms, pythonManifest, requirementsOf, resolvePython, type Platform } from '@millrace/inference';
import type { RuntimeManifest, RuntimePackage } from '@millrace/schemas';
import { readManifest } from '../run/built.js';
import { UsageError } from '../usage.js';
import { ensureResource } from './push.js';
import { bytesContent, fileContent } from './put-part.js';

export interface LockOptions {
  /** A requirements file. */
  file: string;
  python?: string;
  platforms: string[];
  packages: boolean;
  say(line: string): void;
}

export interface Locked {
  manifest: RuntimeManifest;
  /** Local files by digest. */
  files: Map<string, string>;
}

/** What `work` needs of the packages' files must be done before it resolves. */
export async function lockRuntime<T>(options: LockOptions, work: (locked: Locked) => Promise<T>): Promise<T> {
  const requirements = requirementsOf(await readFile(options.file, 'utf8'));
  const wanted = options.platforms.length === 0 ? [undefined] : options.platforms.map(platformOf);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-packages-'));
  try {
    const variants: RuntimeManifest['variants'] = [];
    const files = new Map<string, string>();
    let python = options.python;
    for (const platform of wanted) {
      const download = join(folder, String(variants.length));
      const where = platform ? `${platform.system}-${platform.processor}` : 'this machine';
      options.say(`locking for ${where}`);
      const found = await resolvePython({
        requirements,
        python,
        platform,
        ...(options.packages && { download }),
      });
      python = found.python;
      variants.push(found.variant);
      for (const { file, digest } of found.variant.packages ?? []) files.set(digest, join(download, file));
    }
    return await work({ manifest: pythonManifest(python!, variants), files });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `linux-x64`. */
function platformOf(text: string): Platform {
  const found = platforms.find(({ system, processor }) => `${system}-${processor}` === text);
  if (found !== undefined) return found;
  const known = platforms.map(({ system, processor }) => `${system}-${processor}`).join(', ');
  throw new UsageError(`--platform takes ${known}, and not "${text}".`);
}

export async function pushRuntime(
  to: Client,
  name: string,
  { manifest, files }: Locked,
  note: string | undefined,
  say: (line: string) => void,
): Promise<{ version: number; digest: string; sentBytes: number }> {
  await ensureResource(to, name);
  let sentBytes = 0;
  for (const one of packagesOf(manifest)) {
    const piece = { fileName: one.file, size: one.size, digest: one.digest };
    const sent = await pushPiece(to.catalogue, name, piece, fileContent(files.get(one.digest)!));
    sentBytes += sent;
    say(`${one.file}: ${sent === 0 ? 'nothing sent, it was there' : `sent ${sent} bytes`}`);
  }
  const bytes = Buffer.from(canonicalize(manifest));
  const digest = digestOf(bytes);
  const begin = {
    kind: 'runtime' as const,
    fileName: `${name}.runtime.json`,
    size: bytes.length,
    digest,
    note,
  };
  const pushed = await pushContent(to.catalogue, name, begin, bytesContent(bytes));
  return { version: pushed.version.version, digest, sentBytes: sentBytes + pushed.sentBytes };
}

/** What `keepRuntime` wrote. That its packages are what it says is seen when they arrive. */
export async function localRuntime(
  path: string,
  packages = join(dirname(path), 'packages'),
): Promise<Locked> {
  const manifest = await readManifest(path);
  const files = packagesOf(manifest).map(({ file, digest }) => [digest, join(packages, file)] as const);
  return { manifest, files: new Map(files) };
}

/** `NAME.json`, and its packages beside it. */
export async function keepRuntime(
  folder: string,
  name: string,
  { manifest, files }: Locked,
): Promise<string> {
  const packages = join(folder, 'packages');
  await makeFolder(files.size > 0 ? packages : folder);
  for (const { file, digest } of packagesOf(manifest))
    await copyFile(files.get(digest)!, join(packages, file));
  const path = join(folder, `${name}.json`);
  await writeFile(path, canonicalize(manifest));
  return path;
}

const packagesOf = ({ variants }: RuntimeManifest): RuntimePackage[] => [
  ...new Map(variants.flatMap(({ packages = [] }) => packages).map((one) => [one.digest, one])).values(),
];
