/** What changed from one report of a node to the next, in sentences. Pure. */
import type { FlowReport, NodeHistoryEntry } from '@millrace/schemas';
import type { Standing } from '../ui/state.js';
import { duration, many } from '../ui/units.js';
import { flowStandingOf } from './standing.js';

export interface Happened {
  is: Standing;
  flow?: string;
  says: string;
  /** More than fits in the sentence. */
  detail?: string;
}

/** `before` is the report before it; undefined: it is not known, so all of the entry is told. */
export function happened(entry: NodeHistoryEntry, before: NodeHistoryEntry | undefined): Happened[] {
  const told: Happened[] = [];
  const { refused } = entry;
  if (refused !== null && refused.code !== before?.refused?.code)
    told.push({ is: 'look', says: `refused the desired state: ${refused.code}`, detail: refused.detail });
  const had = new Map(before?.flows.map((flow) => [flow.flow, flow]));
  for (const flow of entry.flows) {
    const is = said(flow, had.get(flow.flow));
    if (is !== undefined) told.push(is);
    had.delete(flow.flow);
  }
  for (const gone of had.keys()) told.push({ is: 'off', flow: gone, says: 'is removed' });
  if (told.length === 0 && before !== undefined && entry.sequence !== before.sequence)
    told.push({ is: 'good', says: `accepted the desired state ${entry.sequence}` });
  return told;
}

function said(now: FlowReport, before: FlowReport | undefined): Happened | undefined {
  const { flow, runningVersion, desiredVersion, reason } = now;
  const { is } = flowStandingOf(now);
  const changed =
    before === undefined ||
    before.runningDigest !== now.runningDigest ||
    before.progress !== now.progress ||
    before.outcome !== now.outcome ||
    before.desiredDigest !== now.desiredDigest ||
    before.reason?.code !== reason?.code;
  if (!changed) return undefined;
  const detail = reason === null ? undefined : `${reason.code}: ${reason.detail}`;
  // It ran before as well: all that is new is that it may stay.
  if (
    is === 'good' &&
    before !== undefined &&
    before.runningDigest === now.runningDigest &&
    flowStandingOf(before).is === 'good'
  )
    return now.outcome === 'succeeded' && before.outcome !== 'succeeded'
      ? { is, flow, says: `version ${runningVersion} has proved itself` }
      : undefined;
  if (is === 'good') return { is, flow, says: `runs version ${runningVersion}${swap(now)}`, detail };
  if (is === 'look')
    return { is, flow, says: `version ${desiredVersion} ${now.outcome}, ${stays(runningVersion)}`, detail };
  if (now.desiredDigest === null) return { is, flow, says: 'is being removed', detail };
  return { is, flow, says: `version ${desiredVersion} is ${DOING[now.progress]}`, detail };
}

const DOING: Readonly<Record<FlowReport['progress'], string>> = {
  waiting: 'waiting',
  offered: 'offered',
  fetching: 'being fetched',
  staging: 'being unpacked and verified',
  starting: 'starting',
  probation: 'on probation',
  running: 'running',
};

const stays = (version: number | null): string =>
  version === null ? 'nothing runs' : `version ${version} goes on`;

function swap({ gapMs, lost }: FlowReport): string {
  if (gapMs === null) return '';
  return `, stood still ${duration(gapMs)}${lost === null ? '' : `, lost ${many(lost, 'record')}`}`;
}
