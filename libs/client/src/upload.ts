/**
 * Bytes into the catalogue: told by digest first, then sent in parts, several at a time, straight to the object store.
 *
 * Guarantee: nothing is sent when the digest is known; parts that are there already are not sent again, so a cut
 * upload goes on where it stopped, from any machine; links that have ended are asked for anew; a director or store
 * that is away is waited for. Holds no bytes itself: how a part is read and put is the caller's. Safe in a browser.
 */
import { Failure, type PartLink, type ResourceVersion, type UploadBegin } from '@millrace/schemas';
import type { catalogueOf } from './catalogue.js';
import { pause } from './http.js';
import { knownCode } from './problem.js';

export interface PutOptions {
  signal: AbortSignal;
  /** Bytes of this part that have left so far. */
  onSent(bytes: number): void;
}

/** Where the bytes are. Puts one part to its link, streaming where it can, and gives the store's answer. */
export interface Content {
  put(part: PartLink, options: PutOptions): Promise<{ status: number; text: string }>;
}

export interface Pushed {
  version: ResourceVersion;
  /** What went over the wire; 0 when the director had all of it. */
  sentBytes: number;
}

export interface PushOptions {
  /** An upload was begun, or found to go on with: its id, for whoever may want to give it up. */
  onBegun?(upload: string): void;
  /** Bytes that are in the store or on their way. */
  onProgress?(doneBytes: number, size: number): void;
  /** All is sent: bytes that the director has hashed. */
  onVerified?(doneBytes: number, size: number): void;
  signal?: AbortSignal;
  /** Parts under way at a time; default 4. */
  atATime?: number;
  /** How long an outage is waited for without a byte getting through; default 2 minutes. */
  patienceMs?: number;
}

type Catalogue = ReturnType<typeof catalogueOf>;

const AT_A_TIME = 4;
const PATIENCE_MS = 120_000;
/** A part of which nothing has left for so long is put anew. */
const STALLED_MS = 60_000;
/** The store says no to what was sent, and not because it is away. */
const REFUSALS = 3;
const WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** A large content is hashed for minutes; without a byte of progress for so long it is not waited for. */
export const SEAL_MS = 15 * 60_000;
export const SEAL_POLL_MS = 150;

export async function pushContent(
  catalogue: Catalogue,
  name: string,
  begin: UploadBegin,
  content: Content,
  options: PushOptions = {},
): Promise<Pushed> {
  const begun = await catalogue.beginUpload(name, begin);
  if (begun.exists) {
    return { version: await sealed(catalogue, name, begun.version, begin.size, options), sentBytes: 0 };
  }
  const sentBytes = await sendMissing(catalogue, name, begun, begin.size, content, options);
  const { version } = await throughOutage(() => catalogue.completeUpload(name, begun.upload), options);
  return { version: await sealed(catalogue, name, version, begin.size, options), sentBytes };
}

/** The parts that are not there yet; gives the bytes that went over the wire. */
export async function sendMissing(
  catalogue: Catalogue,
  name: string,
  begun: { upload: string; parts: PartLink[] },
  size: number,
  content: Content,
  options: PushOptions,
): Promise<number> {
  const { upload } = begun;
  options.onBegun?.(upload);
  const { missing } = await throughOutage(() => catalogue.upload(name, upload), options);
  const links = new Map(begun.parts.map((part) => [part.number, part]));
  const sentBytes = missing.reduce((sum, { length }) => sum + length, 0);
  const linkOf = async (number: number, fresh: boolean): Promise<PartLink> => {
    if (fresh || !links.has(number)) {
      const { parts } = await catalogue.partLinks(name, upload, [number]);
      for (const link of parts) links.set(link.number, link);
    }
    return links.get(number)!;
  };
  await sendAll(
    missing.map(({ number }) => number),
    { there: size - sentBytes, size, content, linkOf },
    options,
  );
  return sentBytes;
}

interface Sending {
  /** Bytes that were in the store before. */
  there: number;
  size: number;
  content: Content;
  linkOf(part: number, fresh: boolean): Promise<PartLink>;
}

async function sendAll(
  parts: readonly number[],
  { there, size, content, linkOf }: Sending,
  { onProgress, signal, atATime = AT_A_TIME, patienceMs = PATIENCE_MS }: PushOptions,
): Promise<void> {
  const failed = new AbortController();
  const ends = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const waiting = [...parts];
  const underWay = new Map<number, number>();
  let done = there;
  let movedAt = Date.now();
  const tell = () =>
    onProgress?.(
      [...underWay.values()].reduce((sum, bytes) => sum + bytes, done),
      size,
    );

  async function send(part: number): Promise<void> {
    for (let tried = 1, refused = 0; ; tried++) {
      try {
        const link = await linkOf(part, tried > 1);
        await putPart(content, link, ends, (bytes) => {
          if (bytes > 0) movedAt = Date.now();
          underWay.set(part, bytes);
          tell();
        });
        done += link.length;
        underWay.delete(part);
        return tell();
      } catch (error) {
        underWay.delete(part);
        if (ends.aborted) throw ends.reason;
        tell();
        if (error instanceof Failure && error.row.kind === 'refusal') refused++;
        if (refused >= REFUSALS || isOver(error) || Date.now() - movedAt > patienceMs)
          throw cannot(part, error);
        await pause(waitAfter(tried), ends);
      }
    }
  }

  async function work(): Promise<void> {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) await send(part);
  }

  tell();
  const workers = Array.from({ length: Math.min(atATime, parts.length) }, () =>
    work().catch((error: unknown) => {
      // The first one that fails is the reason; the others stop.
      if (!failed.signal.aborted) failed.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  if (outcomes.some(({ status }) => status === 'rejected')) throw ends.reason;
}

/** One attempt; gives up when nothing leaves any more. */
async function putPart(
  content: Content,
  link: PartLink,
  ends: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  const stalled = new AbortController();
  const giveUp = () =>
    stalled.abort(new Failure('platform.unavailable', `nothing has left for ${STALLED_MS / 1000} s`));
  let timer = setTimeout(giveUp, STALLED_MS);
  try {
    const signal = AbortSignal.any([ends, stalled.signal]);
    const { status, text } = await content.put(link, {
      signal,
      onSent(bytes) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, STALLED_MS);
        onSent(bytes);
      },
    });
    if (status >= 200 && status < 300) return;
    const away = status >= 500 || status === 429 || status === 408;
    throw new Failure(
      away ? 'platform.unavailable' : 'platform.link-refused',
      `the object store answered ${status}: ${text.slice(0, 300)}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The upload itself has ended, or nobody here may go on with it. */
const isOver = (error: unknown): boolean =>
  error instanceof Failure && error.row.kind === 'refusal' && error.code !== 'platform.link-refused';

function cannot(part: number, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  const code = isOver(cause) ? (cause as Failure).code : 'platform.unavailable';
  return new Failure(
    code,
    `Part ${part} could not be sent: ${why} Push again: what is there is not sent twice.`,
    { cause },
  );
}

/** Asks again while the director is away. */
async function throughOutage<T>(
  ask: () => Promise<T>,
  { signal, patienceMs = PATIENCE_MS }: PushOptions,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (let tried = 1; ; tried++) {
    try {
      return await ask();
    } catch (error) {
      const away = error instanceof Failure && error.row.kind === 'outage';
      if (signal?.aborted || !away || Date.now() > end) throw error;
      await pause(waitAfter(tried), signal);
    }
  }
}

/** Milliseconds, with jitter. */
const waitAfter = (tried: number): number =>
  Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** tried) * (0.5 + Math.random() / 2);

/** Waits until the director has hashed and looked at it; a refusal is thrown in its own words. */
async function sealed(
  catalogue: Catalogue,
  name: string,
  number: number,
  size: number,
  options: PushOptions,
): Promise<ResourceVersion> {
  let last = -1;
  let movedAt = Date.now();
  for (;;) {
    const version = await throughOutage(() => catalogue.version(name, number), options);
    if (version.state === 'ready') return version;
    if (version.state === 'refused') {
      const { code, detail, errors } = version.refusal ?? {
        code: '',
        detail: `${name}@${number} was refused.`,
      };
      throw new Failure(knownCode(code) ?? 'platform.invalid-request', detail, { errors });
    }
    const verified = version.verifiedBytes ?? 0;
    if (verified !== last) {
      last = verified;
      movedAt = Date.now();
      options.onVerified?.(verified, size);
    }
    if (Date.now() - movedAt > SEAL_MS) {
      throw new Failure(
        'platform.unavailable',
        `${name}@${number} is still being looked at. See \`millrace resource show ${name}\` later.`,
      );
    }
    await pause(SEAL_POLL_MS, options.signal);
  }
}
