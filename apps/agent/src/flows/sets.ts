/**
 * What a node has of its flows on disk: for each the record of how it stands, and the sets that it names.
 *
 * Guarantee: a record and a set are there whole or not at all; a set whose files were changed later is not the
 * set of its key any more, and `readSet` says so. Complete sets lie side by side: the good one, the next, and those
 * that were good before.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { digestOf, makeFolder, readJson, syncFolder, writeAtomically } from '@millrace/blobs';
import { canonicalBytes } from '@millrace/fleet';
import { flowDigest } from '@millrace/flow';
import { DesiredFlow, Failure, FlowDocument, Outcome, Progress, Reason } from '@millrace/schemas';
import { z } from 'zod';
import { dirname, join } from 'node:path';
import type { FlowFolders, Folders } from '../folders.js';

const SetRef = z.object({ key: z.string(), version: z.number(), digest: z.string() });

/** How one flow stands, over restarts of the agent. */
export const FlowRecord = z.object({
  flow: z.string(),
  good: SetRef.nullable(),
  /** Good ones before it, the newest first: kept for an instant way back while there is room. */
  previous: z.array(SetRef).default([]),
  /** Written before its sources are opened. */
  trying: SetRef.nullable(),
  /** How often the agent ended while this set was in probation. */
  interrupted: z.object({ key: z.string(), count: z.number() }).nullable(),
  verdict: SetRef.extend({ outcome: Outcome, reason: Reason, progress: Progress }).nullable(),
  swap: z.object({ gapMs: z.number(), lost: z.number().nullable() }).nullable(),
  /** Epoch milliseconds of the last change. */
  since: z.number(),
});
export type FlowRecord = z.infer<typeof FlowRecord>;

/** What was signed together and goes live together. */
export const SetSettings = DesiredFlow.omit({ document: true });
export type SetSettings = z.infer<typeof SetSettings>;

/** Priority and strategy say how to get there and are no part of what runs. */
export function setKey({
  digest,
  version,
  parameters,
  resources,
  attempt,
}: Omit<SetSettings, 'flow' | 'priority' | 'strategy'>): string {
  // Another try is another set, so that the verdict on the one before does not hold for it.
  const what = { digest, version, parameters, resources, ...(attempt !== undefined && { attempt }) };
  return digestOf(canonicalBytes(what)).slice('sha256:'.length);
}

export const freshRecord = (flow: string, since: number): FlowRecord => ({
  flow,
  good: null,
  previous: [],
  trying: null,
  interrupted: null,
  verdict: null,
  swap: null,
  since,
});

/** A probation that the agent's end cut begins anew, but not for ever: it may be what ended the agent. */
const INTERRUPTIONS = 3;

/** The record as the next start of the agent goes on from it: the good set runs, what was tried is to come. */
export function recovered(record: FlowRecord): FlowRecord {
  const { trying, interrupted } = record;
  if (trying === null) return record;
  const count = interrupted?.key === trying.key ? interrupted.count + 1 : 1;
  const rest = { ...record, trying: null, interrupted: { key: trying.key, count } };
  if (count < INTERRUPTIONS) return rest;
  const detail = `the agent ended ${count} times while version ${trying.version} was in probation`;
  const outcome = record.good === null ? 'failed' : 'rolled-back';
  return {
    ...rest,
    verdict: { ...trying, outcome, progress: 'probation', reason: { code: 'PROBATION_FAILED', detail } },
  };
}

/** Records of all flows on this disk. One that cannot be read is left out and told to `onDamaged`. */
export async function readRecords(
  folders: Folders,
  onDamaged: (error: unknown) => void,
): Promise<FlowRecord[]> {
  await makeFolder(folders.flows);
  const records: FlowRecord[] = [];
  for (const name of await readdir(folders.flows)) {
    try {
      const stored = await readJson(join(folders.flows, name, 'flow.json'));
      if (stored !== undefined) records.push(FlowRecord.parse(stored));
    } catch (error) {
      onDamaged(error);
    }
  }
  return records;
}

export async function writeRecord(folders: FlowFolders, record: FlowRecord): Promise<void> {
  await makeFolder(folders.work);
  await writeAtomically(folders.record, JSON.stringify(record));
}

/** Settings last: a set that has them is whole. */
export async function writeSet(folders: FlowFolders, { document, ...settings }: DesiredFlow): Promise<void> {
  const files = folders.set(setKey(settings));
  await makeFolder(files.root);
  // Its modules may keep files from the moment they are prepared.
  await makeFolder(folders.work);
  // A state of an earlier stay of this version would be older than the one that is handed over.
  await rm(files.state, { force: true });
  await writeAtomically(files.document, canonicalBytes(document));
  await writeAtomically(files.settings, canonicalBytes(settings));
}

export async function isStaged(folders: FlowFolders, key: string): Promise<boolean> {
  return (await readJson(folders.set(key).settings).catch(() => undefined)) !== undefined;
}

/** The set with its document, both checked against its key; throws when they are not what was signed. */
export async function readSet(folders: FlowFolders, key: string): Promise<SetSettings> {
  const settings = SetSettings.parse(await readJson(folders.set(key).settings));
  const digest = await documentDigest(folders, key);
  if (setKey(settings) !== key || digest !== settings.digest) {
    throw new Failure(
      'catalogue.digest-mismatch',
      `${folders.set(key).root} is not what was signed as version ${settings.version}: it was changed on this disk.`,
    );
  }
  return settings;
}

/** Digest of the flow document as it lies on the disk now. */
export async function documentDigest(folders: FlowFolders, key: string): Promise<string> {
  return flowDigest(FlowDocument.parse(JSON.parse(await readFile(folders.set(key).document, 'utf8'))));
}

/** Removes all sets but these. */
export async function removeSets(folders: FlowFolders, keep: ReadonlySet<string>): Promise<void> {
  const sets = dirname(folders.set('any').root);
  const names = await readdir(sets).catch(() => []);
  const old = names.filter((name) => !keep.has(name));
  for (const name of old) await rm(join(sets, name), { recursive: true, force: true });
  if (old.length > 0) await syncFolder(sets);
}

/** What an earlier stay of these sets saved: older than what would be handed over to them. */
export async function forgetStates(folders: FlowFolders, keys: Iterable<string>): Promise<void> {
  for (const key of keys) await rm(folders.set(key).state, { force: true });
}

/** The record goes first: what is left after a kill is no flow any more. */
export async function removeFlow(folders: FlowFolders): Promise<void> {
  await rm(folders.record, { force: true });
  await syncFolder(folders.root).catch(() => undefined);
  await rm(folders.root, { recursive: true, force: true });
}
