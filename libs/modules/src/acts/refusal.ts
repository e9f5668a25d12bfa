/** Why a row did not act, as a sentence with its time, the reason and the limit: what an operator reads in the log. */
import type { ActSettings } from './settings.js';

const LARGEST_DATE = 8.64e15;

export function refusalOf(
  reason: string,
  t: number,
  now: number,
  settings: ActSettings,
  queueSize: number,
): string {
  const time = Math.abs(t) <= LARGEST_DATE ? new Date(t).toISOString() : String(t);
  return `refused a row of ${time} as ${reason}: ${because(reason, Math.round(now - t), settings, queueSize)}`;
}

function because(reason: string, age: number, settings: ActSettings, queueSize: number): string {
  const { maxRowAgeMs, minIntervalMs, interlock, requires, keyBy } = settings;
  switch (reason) {
    case 'replay':
      return 'it comes from a file that is replayed';
    case 'stale':
      return `it is ${age} ms old, and maxRowAgeMs is ${maxRowAgeMs}`;
    case 'future':
      return `it is ${-age} ms ahead of this node's clock, and maxRowAgeMs is ${maxRowAgeMs}`;
    case 'backfill':
      return 'align.rows made it too late (backfillMs)';
    case 'revision':
      return 'it corrects a row that was sent before';
    case 'incomplete':
      return `${requires === undefined ? 'a field' : `one of ${requires.join(', ')}`} is absent, null, or was not measured`;
    case 'interlock':
      return `${interlock} is not true of it`;
    case 'no-key':
      return `it has no value in ${keyBy}`;
    case 'interval':
      return `the last act is less than minIntervalMs, ${minIntervalMs} ms, ago`;
    case 'busy':
      return `${queueSize} rows wait already (queue.size)`;
    case 'stopped':
      return 'the flow stopped while it waited';
    default:
      return 'the other side did not agree in time';
  }
}
