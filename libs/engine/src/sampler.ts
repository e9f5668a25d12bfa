/**
 * Looks at a running flow: counts what leaves each port and keeps some records of it, evenly spaced.
 *
 * Guarantee: counts are exact, a frame never holds more than `perPort` records a port nor `total` in all, and a
 * record never more than fits a screen. The flow does not wait for it; where nobody looks it costs nothing.
 */
import { ERROR_PORT } from '@millrace/flow';
import { Failure, type FieldValue, type TapFrame, type TapPort } from '@millrace/schemas';
import type { Batch } from './batch.js';
import type { FieldValue as Value } from './column.js';
import { toPlain } from './record.js';
import type { FlowRun } from './run.js';

export interface SamplerOptions {
  /** Records a port and frame at most. */
  perPort: number;
  /** Records a frame at most, 2,000 when absent: each port then gets fewer. */
  total?: number;
  /** Absent: all modules. */
  modules?: string[];
  /** When the first interval begins, epoch milliseconds; absent: its length is told as 0. */
  since?: number;
}

type Sample = TapPort['sampled'][number];

const TOTAL = 2_000;
/** Of a list. */
const ENTRIES = 32;
/** Characters of a text. */
const TEXT = 200;
/** Fields of a record: more than the widest machine has that somebody looks at. */
const FIELDS = 256;

export class FlowSampler {
  private readonly units;
  private readonly ends: (() => void)[];
  private since: number | undefined;

  /** A module that the flow does not have is a Failure. */
  constructor(run: FlowRun, { perPort, total = TOTAL, modules, since }: SamplerOptions) {
    this.since = since;
    const ids = [...new Set(modules ?? run.units.map(({ id }) => id))];
    const missing = ids.find((id) => !run.units.some((unit) => unit.id === id));
    if (missing !== undefined) throw new Failure('engine.no-module', `the flow has no module ${missing}`);
    const units = run.units.filter(({ id }) => ids.includes(id));
    const names = units.map(({ outputs, onError }) =>
      onError === 'port' ? [...outputs, ERROR_PORT] : outputs,
    );
    const bound = Math.min(perPort, Math.floor(total / Math.max(1, names.flat().length)));
    this.units = units.map((unit, i) => ({
      unit,
      ports: names[i].map((name) => ({ name, samples: new Samples(bound) })),
    }));
    const ports = new Map(this.units.map(({ unit, ports }) => [unit.id, ports]));
    this.ends = ids.map((id) => run.tap(id, (batch, port) => ports.get(id)![port].samples.take(batch)));
  }

  /** What left since the last frame; `t` is now, epoch milliseconds. Begins the next interval. */
  frame(t: number): TapFrame {
    const intervalMs = Math.max(0, t - (this.since ?? t));
    this.since = t;
    const modules: TapFrame['modules'] = {};
    for (const { unit, ports } of this.units) {
      modules[unit.id] = {
        counters: unit.readCounters(),
        ports: Object.fromEntries(ports.map(({ name, samples }) => [name, samples.give()])),
      };
    }
    return { t, intervalMs, modules };
  }

  stop(): void {
    for (const end of this.ends) end();
  }
}

/**
 * Every stride-th record of a stream of unknown length. When the buffer is full every second one goes and the
 * stride doubles, so what is kept is evenly spaced at any moment and at most `bound`.
 */
class Samples {
  private count = 0;
  private stride = 1;
  /** Number of the next record to keep. */
  private next = 0;
  private kept: Sample[] = [];

  constructor(private readonly bound: number) {}

  take(batch: Batch): void {
    const end = this.count + batch.n;
    while (this.next < end && this.bound > 0) {
      if (this.kept.length === this.bound) {
        this.kept = this.kept.filter((_, i) => i % 2 === 0);
        this.stride *= 2;
        this.next = Math.ceil(this.next / this.stride) * this.stride;
        continue;
      }
      this.kept.push(sampleOf(batch, this.next - this.count));
      this.next += this.stride;
    }
    this.count = end;
  }

  give(): { records: number; sampled: Sample[] } {
    const given = { records: this.count, sampled: this.kept };
    this.count = this.next = 0;
    this.stride = 1;
    this.kept = [];
    return given;
  }
}

/** One row, flat: a field with a role is called `age.pressure`. */
function sampleOf(batch: Batch, row: number): Sample {
  const sample: Sample = { t: batch.t[row] };
  const { names, roles } = batch.schema;
  let fields = 0;
  for (let index = 0; index < batch.columns.length && fields < FIELDS; index++) {
    const value = batch.value(row, index);
    if (value === undefined || names[index] === 't') continue;
    const role = roles[index];
    const name = role === undefined ? names[index] : `${role.inside}.${role.of}`;
    sample[name] =
      role?.words !== undefined && typeof value === 'number' ? (role.words[value] ?? null) : clipped(value);
    fields++;
  }
  return sample;
}

function clipped(value: Value): FieldValue {
  if (typeof value === 'string' && value.length > TEXT) return `${value.slice(0, TEXT - 1)}…`;
  return toPlain(value instanceof Float64Array ? value.subarray(0, ENTRIES) : value) as FieldValue;
}
