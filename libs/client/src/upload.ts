/**
 * Bytes into the catalogue: told by digest first, then sent in parts, straight to the object store.
 *
 * Guarantee: nothing is sent when the digest is known; parts that are there already are not sent again, so a
 * cut upload goes on where it stopped; links that have ended are asked for anew. Safe in a browser.
 */
import { Failure, type PartLink, type ResourceVersion, type UploadBegin } from '@millrace/schemas';
import type { catalogueOf } from './catalogue.js';
import { pause } from './http.js';
import { knownCode } from './problem.js';

export interface Content {
  /** The bytes of one part. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface Pushed {
  version: ResourceVersion;
  /** What went over the wire; 0 when the director had all of it. */
  sentBytes: number;
}

export interface PushOptions {
  /** An upload was begun, or found to go on with: its id, for whoever may want to give it up. */
  onBegun?(upload: string): void;
  onProgress?(doneBytes: number, size: number): void;
  signal?: AbortSignal;
  fetch?: typeof fetch;
}

const ATTEMPTS = 6;
/** A part has 16 MiB or more; at 100 kB/s that is under three minutes. */
const PART_MS = 10 * 60_000;
/** Sealing hashes the whole content; a large one takes minutes. */
export const SEAL_MS = 15 * 60_000;
export const SEAL_POLL_MS = 150;

export async function pushContent(
  catalogue: ReturnType<typeof catalogueOf>,
  name: string,
  begin: UploadBegin,
  content: Content,
  options: PushOptions = {},
): Promise<Pushed> {
  const begun = await catalogue.beginUpload(name, begin);
  if (begun.exists) {
    return { version: await sealed(catalogue, name, begun.version, options), sentBytes: 0 };
  }
  const sentBytes = await sendMissing(catalogue, name, begun, begin.size, content, options);
  const { version } = await catalogue.completeUpload(name, begun.upload);
  return { version: await sealed(catalogue, name, version, options), sentBytes };
}

/** The parts that are not there yet; gives the bytes that went over the wire. */
export async function sendMissing(
  catalogue: ReturnType<typeof catalogueOf>,
  name: string,
  begun: { upload: string; parts: PartLink[] },
  size: number,
  content: Content,
  options: PushOptions,
): Promise<number> {
  options.onBegun?.(begun.upload);
  const { missing } = await catalogue.upload(name, begun.upload);
  const links = new Map(begun.parts.map((part) => [part.number, part]));
  let done = size - missing.reduce((sum, part) => sum + part.length, 0);
  let sentBytes = 0;
  for (const part of missing) {
    options.onProgress?.(done, size);
    const bytes = await content.read(part.offset, part.length);
    await sendPart(bytes, options, async (fresh) => {
      if (fresh || !links.has(part.number)) {
        const { parts } = await catalogue.partLinks(name, begun.upload, [part.number]);
        for (const link of parts) links.set(link.number, link);
      }
      return links.get(part.number)!;
    });
    done += part.length;
    sentBytes += part.length;
  }
  options.onProgress?.(done, size);
  return sentBytes;
}

async function sendPart(
  bytes: Uint8Array,
  { fetch: send = fetch, signal }: PushOptions,
  linkOf: (fresh: boolean) => Promise<PartLink>,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    const link = await linkOf(tried > 1);
    try {
      const deadline = AbortSignal.timeout(PART_MS);
      const response = await send(link.url, {
        method: 'PUT',
        body: bytes as Uint8Array<ArrayBuffer>,
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      const said = await response.text();
      if (response.ok) return;
      throw new Failure(
        'platform.unavailable',
        `The object store answered ${response.status} to part ${link.number}: ${said.slice(0, 300)}`,
      );
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (tried >= ATTEMPTS) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Failure(
          'platform.unavailable',
          `Part ${link.number} could not be sent: ${why}. Push again: what is there is not sent twice.`,
          { cause },
        );
      }
      await pause(200 * 2 ** tried, signal);
    }
  }
}

/** Waits until the director has hashed and looked at it; a refusal is thrown in its own words. */
async function sealed(
  catalogue: ReturnType<typeof catalogueOf>,
  name: string,
  number: number,
  { signal }: PushOptions,
): Promise<ResourceVersion> {
  const end = Date.now() + SEAL_MS;
  for (;;) {
    const version = await catalogue.version(name, number);
    if (version.state === 'ready') return version;
    if (version.state === 'refused') {
      const { code, detail, errors } = version.refusal ?? {
        code: '',
        detail: `${name}@${number} was refused.`,
      };
      throw new Failure(knownCode(code) ?? 'platform.invalid-request', detail, { errors });
    }
    if (Date.now() > end) {
      throw new Failure(
        'platform.unavailable',
        `${name}@${number} is still being looked at. See \`millrace resource show ${name}\` later.`,
      );
    }
    await pause(SEAL_POLL_MS, signal);
  }
}
