/**
 * What is seen of a running flow: frames come in, and what a person looks at comes out.
 *
 * Guarantee: bounded, however long one looks and however large the flow is: at most 2,000 points a field and a
 * million in all, twenty records a port. In live use what came ten minutes ago leaves. Pure.
 */
import { graphOf, type FlowGraph, type Wire } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, ModuleCounters, TapFrame, TapPort } from '@millrace/schemas';
import { BoundedSeries, type Points } from './series.js';

/** One record as it was sampled; `t` is epoch milliseconds. */
export type Sample = TapPort['sampled'][number];

export type FieldKind = 'number' | 'text' | 'yes or no' | 'list' | 'mixed' | 'empty';

export interface PortData {
  readonly module: string;
  readonly port: string;
  /** Records since one looks. */
  readonly total: number;
  /** Records a second over the last ten seconds; null before the first interval. */
  readonly rate: number | null;
  /** The last twenty that were sampled, newest last. */
  readonly recent: readonly Sample[];
  readonly fields: ReadonlyMap<string, FieldKind>;
  /** Numeric fields that this module adds: nothing that arrives has them. */
  readonly own: readonly string[];
  /** End of the last interval in which something left; null: nothing yet. */
  readonly cameAt: number | null;
  /** Of a numeric field. What it gives goes on growing; read it again with the next frames. */
  series(field: string): Points | undefined;
}

export interface ModuleData {
  readonly counters: ModuleCounters;
  readonly ports: readonly PortData[];
  /** Records that arrived a second, over the last ten seconds. */
  readonly rateIn: number | null;
  /** What it last failed with, while that is news. */
  readonly error: string | undefined;
}

export interface Frames {
  /** End of the newest frame by the clock of where the flow runs; null: none came yet. */
  readonly at: number | null;
  /** Nothing more will come. */
  readonly over: boolean;
  /** Looked at as it runs on, and not from its beginning. */
  readonly live: boolean;
  readonly modules: ReadonlyMap<string, ModuleData>;
  readonly wires: readonly Wire[];
  /** Since the flow started: what its sources read, what left it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** What the sources gave a second, over the last ten seconds. */
  readonly rateIn: number | null;
  port(module: string, port: string): PortData | undefined;
}

const POINTS = 2_000;
/** A point takes 24 bytes, so all take 24 MB. */
const POINTS_IN_ALL = 1_000_000;
const FEWEST_POINTS = 100;
const FIELDS = 512;
const RECENT = 20;
const LIVE_MS = 600_000;
const RATE_MS = 10_000;
const ERROR_NEWS_MS = 60_000;

interface PortState {
  total: number;
  rate: Rate;
  recent: Sample[];
  fields: Map<string, FieldKind>;
  series: Map<string, BoundedSeries>;
  cameAt: number | null;
}

interface ModuleState {
  counters: ModuleCounters;
  rateIn: Rate;
  failedAt: number | null;
  ports: Map<string, PortState>;
}

export interface Looking {
  document: Pick<FlowDocument, 'modules'>;
  /** Of a flow that ran before and runs on: what is old leaves. */
  live: boolean;
}

export class FrameCollector {
  private readonly sources: ReadonlySet<string>;
  private readonly graph: FlowGraph;
  private states = new Map<string, ModuleState>();
  private at: number | null = null;
  private over = false;
  private seriesCount = 0;

  constructor(private readonly looking: Looking) {
    const { modules } = looking.document;
    this.graph = graphOf(looking.document);
    this.sources = new Set(
      Object.keys(modules).filter((id) => kinds.get(modules[id]!.type)?.category === 'source'),
    );
  }

  add(frame: TapFrame): void {
    this.at = frame.t;
    for (const [id, { counters, ports }] of Object.entries(frame.modules)) {
      const state = this.stateOf(id, counters, frame);
      for (const [name, port] of Object.entries(ports)) this.take(portOf(state, name), port, frame);
    }
    if (this.looking.live) this.leave(frame.t - LIVE_MS);
  }

  /** The run is over: rates have no meaning any more. */
  end(): void {
    this.over = true;
  }

  /** As it is now, for as long as one likes to look at it. */
  copy(): FrameCollector {
    const copy = new FrameCollector(this.looking);
    copy.at = this.at;
    copy.over = this.over;
    copy.seriesCount = this.seriesCount;
    copy.states = new Map(
      [...this.states].map(([id, state]) => [
        id,
        {
          ...state,
          rateIn: state.rateIn.copy(),
          ports: new Map([...state.ports].map(([name, port]) => [name, copyOf(port)])),
        },
      ]),
    );
    return copy;
  }

  view(): Frames {
    const { at, over } = this;
    const { live } = this.looking;
    const modules = new Map([...this.states].map(([id, state]) => [id, this.viewOf(id, state)]));
    let [bytesIn, bytesOut] = [0, 0];
    let rateIn: number | null = null;
    for (const [id, { counters, ports }] of modules) {
      if (!this.sources.has(id)) bytesOut += counters.bytes;
      else {
        bytesIn += counters.bytes;
        for (const { rate } of ports) if (rate !== null) rateIn = (rateIn ?? 0) + rate;
      }
    }
    const port = (module: string, name: string) =>
      modules.get(module)?.ports.find((one) => one.port === name);
    return { at, over, live, modules, wires: this.graph.wires, bytesIn, bytesOut, rateIn, port };
  }

  private stateOf(id: string, counters: ModuleCounters, { t, intervalMs }: TapFrame): ModuleState {
    let state = this.states.get(id);
    if (state === undefined) {
      // How old the errors are that were there before one looked is not known.
      const failedAt = !this.looking.live && counters.errors > 0 ? t : null;
      state = { counters, rateIn: new Rate(), failedAt, ports: new Map() };
      this.states.set(id, state);
      if (!this.looking.live) state.rateIn.add(counters.in, intervalMs);
      return state;
    }
    // A flow that was started anew counts from 0.
    const restarted = counters.in < state.counters.in;
    state.rateIn.add(restarted ? counters.in : counters.in - state.counters.in, intervalMs);
    if (counters.errors > (restarted ? 0 : state.counters.errors)) state.failedAt = t;
    state.counters = counters;
    return state;
  }

  private take(port: PortState, { records, sampled }: TapPort, { t: came, intervalMs }: TapFrame): void {
    port.total += records;
    port.rate.add(records, intervalMs);
    if (records > 0) port.cameAt = came;
    if (sampled.length > 0) port.recent = [...port.recent, ...sampled.slice(-RECENT)].slice(-RECENT);
    for (const record of sampled) {
      const { t } = record;
      if (typeof t !== 'number') continue;
      for (const [name, value] of Object.entries(record)) {
        if (name === 't') continue;
        const before = port.fields.get(name);
        if (before === undefined && port.fields.size >= FIELDS) continue;
        const kind = joined(before, kindOf(value));
        if (kind !== before) port.fields.set(name, kind);
        if (kind !== 'number') continue;
        this.seriesOf(port, name).add(t, value as number | null, came, this.most());
      }
    }
  }

  private seriesOf(port: PortState, field: string): BoundedSeries {
    let series = port.series.get(field);
    if (series === undefined) {
      series = new BoundedSeries();
      port.series.set(field, series);
      this.seriesCount += 1;
    }
    return series;
  }

  private most(): number {
    return Math.max(FEWEST_POINTS, Math.min(POINTS, Math.floor(POINTS_IN_ALL / this.seriesCount)));
  }

  private leave(before: number): void {
    const most = this.most();
    for (const { ports } of this.states.values()) {
      for (const { series } of ports.values()) for (const one of series.values()) one.leave(before, most);
    }
  }

  private viewOf(id: string, { counters, rateIn, failedAt, ports }: ModuleState): ModuleData {
    const arriving = new Set<string>();
    for (const wire of this.graph.into.get(id) ?? []) {
      const from = this.states.get(wire.from)?.ports.get(wire.port);
      for (const name of from?.fields.keys() ?? []) arriving.add(name);
    }
    const news =
      failedAt !== null && (!this.looking.live || this.at === null || this.at - failedAt < ERROR_NEWS_MS);
    return {
      counters,
      rateIn: rateIn.perSecond(),
      error: news ? (counters.lastError ?? `${counters.errors} errors`) : undefined,
      ports: [...ports].map(([port, state]) => ({
        module: id,
        port,
        total: state.total,
        rate: state.rate.perSecond(),
        recent: state.recent,
        fields: new Map(state.fields),
        own: [...state.series.keys()].filter((name) => !arriving.has(name)),
        cameAt: state.cameAt,
        series: (field) => state.series.get(field),
      })),
    };
  }
}

/** Of the last ten seconds, by whole intervals. */
class Rate {
  private marks: { count: number; ms: number }[] = [];
  private count = 0;
  private ms = 0;

  add(count: number, ms: number): void {
    if (ms <= 0) return;
    this.marks.push({ count, ms });
    this.count += count;
    this.ms += ms;
    while (this.marks.length > 1 && this.ms - this.marks[0]!.ms >= RATE_MS) {
      const gone = this.marks.shift()!;
      this.count -= gone.count;
      this.ms -= gone.ms;
    }
  }

  perSecond(): number | null {
    return this.ms === 0 ? null : (this.count / this.ms) * 1_000;
  }

  copy(): Rate {
    return Object.assign(new Rate(), this, { marks: [...this.marks] });
  }
}

function portOf({ ports }: ModuleState, name: string): PortState {
  let port = ports.get(name);
  if (port === undefined) {
    port = { total: 0, rate: new Rate(), recent: [], fields: new Map(), series: new Map(), cameAt: null };
    ports.set(name, port);
  }
  return port;
}

const copyOf = (port: PortState): PortState => ({
  ...port,
  rate: port.rate.copy(),
  fields: new Map(port.fields),
  series: new Map([...port.series].map(([name, series]) => [name, series.copy()])),
});

function kindOf(value: Sample[string]): FieldKind {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'list';
  return ({ number: 'number', string: 'text', boolean: 'yes or no' } as const)[
    typeof value as 'number' | 'string' | 'boolean'
  ];
}

function joined(one: FieldKind | undefined, other: FieldKind): FieldKind {
  if (one === undefined || one === 'empty' || one === other) return other;
  return other === 'empty' ? one : 'mixed';
}
