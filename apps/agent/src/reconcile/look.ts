/** Looks at one flow: what is desired, what lies on the disk and what its processes do, as the rules need it. */
import type { BlobFolder } from '@millrace/blobs';
import type { BuiltFolder } from '../blobs/built.js';
import type { LockedResource } from '@millrace/schemas';
import { isStaged, readSet } from '../flows/sets.js';
import type { FlowProcess } from '../flows/process.js';
import type { Lane } from './lane.js';
import { isUp } from './next-step.js';
import type { DesiredView, FlowView, ProcessView, SetRef, SetView } from './view.js';

/** Used where the deployment's strategy says nothing. */
export const PROBATION_MS = 30_000;
export const MAX_ERROR_RATE = 0.1;
/** A model may take hours over a thin line; a day without success is a failure to be told. */
export const TIMEOUT_MS = 86_400_000;

export interface Surroundings {
  blobs: BlobFolder;
  built: BuiltFolder;
  /** Monotonic milliseconds. */
  now: number;
  /** Epoch milliseconds to judge expiry by. */
  trustedNow: number;
}

export async function look(lane: Lane, around: Surroundings): Promise<FlowView> {
  const { record, wanted, restart } = lane;
  const { now } = around;
  const good = record.good === null ? null : await setView(lane, record.good, around);
  const trying = record.trying === null ? null : await setView(lane, record.trying, around);
  const desired = wanted ? await desiredView(lane, wanted, around) : wanted;
  const named = new Set([good?.key, trying?.key, desired?.key]);
  return {
    flow: lane.flow,
    now,
    desired,
    good,
    trying,
    verdict: record.verdict,
    retry: lane.retry,
    restart: isUp(good?.process) ? null : restart,
    strays: [...lane.processes.keys()].filter((key) => !named.has(key)),
    rateBefore: lane.rateBefore,
  };
}

async function desiredView(
  lane: Lane,
  wanted: NonNullable<Lane['wanted']>,
  around: Surroundings,
): Promise<DesiredView> {
  const { flow, key, expiresAt, since } = wanted;
  const { probationMs = PROBATION_MS, maxErrorRate = MAX_ERROR_RATE, timeoutMs = TIMEOUT_MS } = flow.strategy;
  return {
    ...(await setView(lane, { key, version: flow.version, digest: flow.digest }, around, flow.resources)),
    installable: expiresAt > around.trustedNow,
    probationMs,
    maxErrorRate,
    deadline: since + timeoutMs,
  };
}

async function setView(
  lane: Lane,
  { key, version, digest }: SetRef,
  { blobs, built }: Surroundings,
  resources?: Record<string, LockedResource>,
): Promise<SetView> {
  const process = lane.processes.get(key);
  const staged = !lane.damaged.has(key) && (lane.settings.has(key) || (await isStaged(lane.folders, key)));
  // What runs has its resources open; they are looked at when it must be started again.
  const needed =
    process === undefined && staged ? Object.values(resources ?? (await resourcesOf(lane, key))) : [];
  const missing = await absent(blobs, needed.flatMap(bytesOf));
  const unbuilt: SetView['unbuilt'] = [];
  // What a script or a runtime needs is known from its bytes.
  for (const { kind, digest } of missing.length === 0 ? needed : []) {
    if (!(await lacksBuilt(built, { kind, digest }))) continue;
    unbuilt.push({ kind, digest });
    missing.push(...(await absent(blobs, await piecesOf(built, { kind, digest }))));
  }
  return {
    key,
    version,
    digest,
    staged,
    missing,
    unbuilt,
    verified: lane.verified.has(key),
    process: process === undefined ? null : processView(process, lane.faults.get(key)),
  };
}

const bytesOf = ({ digest, size, contract }: LockedResource) => [
  { digest, size },
  ...(contract === undefined ? [] : [contract]),
];

async function absent(
  blobs: BlobFolder,
  wanted: readonly SetView['missing'][number][],
): Promise<SetView['missing']> {
  const missing: SetView['missing'] = [];
  for (const { digest, size } of wanted) if (!(await blobs.has(digest))) missing.push({ digest, size });
  return missing;
}

/** What cannot be told is left to the step `build`, which then says why. */
const lacksBuilt = (built: BuiltFolder, one: SetView['unbuilt'][number]) =>
  built.lacks(one).catch(() => true);
const piecesOf = (built: BuiltFolder, one: SetView['unbuilt'][number]) => built.pieces(one).catch(() => []);

/** None when the set cannot be read: the step `verify` then says why. */
async function resourcesOf(lane: Lane, key: string): Promise<Record<string, LockedResource>> {
  const known = lane.settings.get(key);
  if (known !== undefined) return known.resources;
  try {
    const settings = await readSet(lane.folders, key);
    lane.settings.set(key, settings);
    return settings.resources;
  } catch {
    return {};
  }
}

export function processView(
  process: FlowProcess,
  fault: { code: string; detail: string } | undefined,
): ProcessView {
  const { phase, openedAt, measuredAt, metrics, exit, stderr } = process;
  const failing = Object.entries(metrics?.modules ?? {}).find(([, { lastError }]) => lastError !== null);
  return {
    phase,
    openedAt,
    measuredAt,
    records: metrics?.records ?? 0,
    errors: metrics?.errors ?? 0,
    failure: process.failure ?? fault ?? null,
    evidence: {
      ...(failing === undefined ? {} : { module: failing[0], lastError: failing[1].lastError }),
      ...(exit === undefined ? {} : { exitCode: exit.code, signal: exit.signal }),
      ...(stderr === '' ? {} : { stderr: stderr.slice(-1000) }),
    },
  };
}
