/**
 * The last lines about each flow: what its process logs, and what the agent itself says about it.
 *
 * Guarantee: bounded in lines and in bytes, a flow and an answer; the oldest go first. They are in memory, so
 * they begin anew with the agent. Whatever the level of the agent's own log, these are kept.
 */
import type { LogLine } from '@millrace/schemas';

export const LINES = 500;
/** A flow's lines, as JSON, in bytes. */
const BYTES = 150_000;
/** Lines of one answer, likewise: with the rest of the reply less than a broker takes. */
const ANSWER_BYTES = 180_000;
const MESSAGE = 2_000;
/** Flows that have gone are remembered up to so many in all. */
const FLOWS = 200;
/** Lines of the same millisecond get different times, so that the last one is where to go on. */
const STEP_MS = 0.001;

export type Level = LogLine['level'];

export interface FlowLogs {
  add(flow: string, level: Level, module: string, message: string): void;
  /** Oldest first; of one flow, or of all. `since`: the `t` of the last line that was seen. */
  read(flow: string | undefined, since: number | undefined): LogLine[];
  has(flow: string): boolean;
}

interface Kept {
  line: LogLine;
  bytes: number;
}

export function flowLogs({ wall }: { wall(): number }): FlowLogs {
  const flows = new Map<string, { kept: Kept[]; bytes: number }>();
  let last = 0;

  return {
    add(flow, level, module, message) {
      last = Math.max(wall(), last + STEP_MS);
      const text = message.length > MESSAGE ? `${message.slice(0, MESSAGE - 1)}…` : message;
      const line: LogLine = { t: last, flow, level, module, message: text };
      const bytes = Buffer.byteLength(JSON.stringify(line)) + 1;
      const of = flows.get(flow) ?? { kept: [], bytes: 0 };
      // The flow that was silent longest is the first to be forgotten.
      flows.delete(flow);
      flows.set(flow, of);
      if (flows.size > FLOWS) flows.delete(flows.keys().next().value!);
      of.kept.push({ line, bytes });
      of.bytes += bytes;
      while (of.kept.length > LINES || of.bytes > BYTES) of.bytes -= of.kept.shift()!.bytes;
    },

    read(flow, since = 0) {
      const all = flow === undefined ? [...flows.values()] : [flows.get(flow) ?? { kept: [] }];
      const newest = all
        .flatMap(({ kept }) => kept.filter(({ line }) => line.t > since))
        .sort((a, b) => b.line.t - a.line.t);
      const lines: LogLine[] = [];
      let bytes = 0;
      for (const kept of newest) {
        bytes += kept.bytes;
        if (lines.length === LINES || bytes > ANSWER_BYTES) break;
        lines.push(kept.line);
      }
      return lines.reverse();
    },

    has: (flow) => flows.has(flow),
  };
}
