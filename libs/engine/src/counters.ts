/**
 * What one module has done, as numbers that only rise, plus two latencies.
 *
 * Latency is from the moment a source handed a batch over to the moment this module was done with it, for the
 * batches that the source stamped (one in SAMPLE_EVERY); p50 and p99 are over the last LATENCIES of them. Reading costs a sort and
 * is done every few seconds; writing costs a few nanoseconds a batch.
 */
import type { ModuleCounters } from '@millrace/schemas';

export const SAMPLE_EVERY = 16;
const LATENCIES = 512;
/** More reasons than this come from a bug that puts data into the reason; the rest is counted as `other`. */
const MAX_REASONS = 64;

export class Counters {
  bytes = 0;
  errors = 0;
  queued = 0;
  lastError: string | null = null;
  private readonly dropped = new Map<string, number>();
  private readonly counted = new Map<string, number>();
  private readonly latencies = new Float64Array(LATENCIES);
  private samples = 0;

  drop(reason: string, n: number): void {
    add(this.dropped, reason, n);
  }

  count(what: string, n: number): void {
    add(this.counted, what, n);
  }

  latency(ms: number): void {
    this.latencies[this.samples++ % LATENCIES] = ms;
  }

  read(received: number, sent: number): ModuleCounters {
    const taken = this.latencies.slice(0, Math.min(this.samples, LATENCIES)).sort();
    const at = (q: number) =>
      taken.length === 0 ? null : taken[Math.min(taken.length - 1, Math.floor(q * taken.length))];
    return {
      in: received,
      out: sent,
      bytes: this.bytes,
      errors: this.errors,
      dropped: Object.fromEntries(this.dropped),
      counted: Object.fromEntries(this.counted),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      queued: this.queued,
      lastError: this.lastError,
    };
  }
}

function add(map: Map<string, number>, name: string, n: number): void {
  const known = map.get(name);
  const slot = known === undefined && map.size >= MAX_REASONS ? 'other' : name;
  map.set(slot, (map.get(slot) ?? 0) + n);
}
