/**
 * A file into the catalogue: hashed, sent in parts, waited for until it has been verified.
 *
 * Guarantee: the file is read as a stream, never whole; nothing is sent when the director knows the digest, and
 * nothing is made there for a file that cannot be pushed. Cut anywhere, the same file goes on where it was.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { hashStream } from '@millrace/blobs';
import { pushContent, type Client, type Pushed } from '@millrace/client';
import { Failure, type Contract, type ResourceKind } from '@millrace/schemas';
import { unreadable } from '../output/errors.js';
import { fileContent } from './put-part.js';

export type PushStep = 'hashing' | 'sending' | 'verifying';

export interface PushFile {
  name: string;
  path: string;
  /** Told by the file's ending when absent. */
  kind?: ResourceKind;
  note?: string;
  contract?: Contract;
  onStep?(step: PushStep, doneBytes: number, size: number): void;
  signal?: AbortSignal;
}

export async function pushFile(to: Client, file: PushFile): Promise<Pushed & { digest: string }> {
  const { path, name, note, contract, onStep, signal } = file;
  const size = await sizeOf(path);
  const kind = file.kind ?? kindOf(path);
  const { digest } = await hashStream(createReadStream(path, { highWaterMark: HASH_CHUNK, signal }), {
    onProgress: (done) => onStep?.('hashing', done, size),
  });
  await ensureResource(to, name);
  const pushed = await pushContent(
    to.catalogue,
    name,
    { kind, fileName: basename(path), size, digest, note, contract },
    fileContent(path),
    {
      onProgress: (done) => onStep?.('sending', done, size),
      onVerified: (done) => onStep?.('verifying', done, size),
      signal,
    },
  );
  return { ...pushed, digest };
}

/** Large enough that reading costs nothing beside hashing. */
const HASH_CHUNK = 1024 * 1024;

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('engine.file-unreadable', `${path} cannot be read: ${unreadable(cause)}`, { cause });
  });
  if (found.isFile() && found.size > 0) return found.size;
  throw new Failure(
    'engine.file-unfit',
    `${path} ${found.isFile() ? 'is empty' : 'is no file'}. Name the file of a model, a script or data.`,
  );
}

/** Points an alias at a version, knowing where it stood; tells whether it moved. */
export async function pointAlias(
  { catalogue }: Client,
  name: string,
  alias: string,
  version: number,
): Promise<{ moved: boolean; from: number | null }> {
  const before = await catalogue.alias(name, alias).catch(unlessMissing);
  if (before?.value.version === version) return { moved: false, from: version };
  await catalogue.moveAlias(name, alias, { version }, before?.etag);
  return { moved: true, from: before?.value.version ?? null };
}

export async function ensureResource({ catalogue }: Client, name: string): Promise<void> {
  if ((await catalogue.get(name).catch(unlessMissing)) !== undefined) return;
  await catalogue.create({ name });
}

/** For asking whether something is there: a 404 is an answer. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof Failure && error.row.status === 404) return undefined;
  throw error;
}

/** `models/pump.onnx` is `pump`, `speed.csv.gz` is `speed`. */
export function nameOf(path: string): string {
  return basename(path).replace(/(?<=.)\.[^.]+(?:\.gz)?$/, '');
}

const endings: Record<string, ResourceKind> = {
  '.onnx': 'model',
  '.csv': 'data',
  '.jsonl': 'data',
  '.json': 'data',
  '.gz': 'data',
  '.parquet': 'data',
  '.txt': 'data',
  '.py': 'script',
  '.js': 'script',
  '.mjs': 'script',
  '.r': 'script',
  '.jl': 'script',
  '.jar': 'script',
};

function kindOf(path: string): ResourceKind {
  const kind = endings[extname(path).toLowerCase()];
  if (kind !== undefined) return kind;
  throw new Failure(
    'platform.invalid-request',
    `What ${path} is cannot be told from its name. Say it with --kind model, script, runtime or data.`,
  );
}
