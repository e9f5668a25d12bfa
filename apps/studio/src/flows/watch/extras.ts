/**
 * What a canvas shows of a running flow: records a second and a small line on each module, values on each wire.
 *
 * Guarantee: what looks the same as before stays the same object, so that only what changed is drawn again. Pure.
 */
import { count, many, rate, value } from '../../ui/units.js';
import type { ModuleOverlay, WireOverlay } from '../graph/elements.js';
import { numericFields, sharingAxis } from './axis.js';
import type { Frames, ModuleData, PortData } from './frames.js';
import { spread, type Points } from './series.js';

export interface Extras {
  modules: ReadonlyMap<string, ModuleOverlay>;
  /** By `from.port>to`; each wire of a port has its values. */
  wires: ReadonlyMap<string, WireOverlay>;
}

const SPARK_POINTS = 48;
const SPARK_MS = 60_000;

/** @param before what was given for the frames before */
export function extrasOf(frames: Frames, before?: Extras): Extras {
  const modules = new Map<string, ModuleOverlay>();
  for (const [id, data] of frames.modules) {
    modules.set(id, kept(before?.modules.get(id), overlayOf(frames, data)));
  }
  const labels = new Map<string, WireOverlay>();
  for (const { from, port, to } of frames.wires) {
    const data = frames.port(from, port);
    if (data === undefined) continue;
    const key = `${from}.${port}>${to}`;
    labels.set(key, kept(before?.wires.get(key), { label: labelOf(frames, data) }));
  }
  return { modules, wires: labels };
}

/** The field that says most of a port: a score that the module adds, else what it adds, else one of the signals. */
export function mainField(frames: Frames, port: PortData): string | undefined {
  const all = numericFields(port).filter(({ field }) => !countsUp(port.series(field)));
  const own = all.filter(({ field }) => port.own.includes(field));
  const score = own.find(({ field }) => isScore(port.series(field)));
  return (score ?? own[0] ?? sharingAxis(frames, all)[0])?.field;
}

/** A number of the record, and nothing that was measured. */
const countsUp = ({ v }: Points = { t: [], v: [] }): boolean =>
  v.length > 2 && v.every((one, index) => Number.isInteger(one) && (index === 0 || one! > v[index - 1]!));

/** All within 0 and 1. */
export function isScore(points: Points | undefined): boolean {
  if (points === undefined) return false;
  const known = points.v.filter((one) => one !== null);
  return known.length > 0 && known.every((one) => one >= 0 && one <= 1);
}

function overlayOf(frames: Frames, { ports, rateIn, counters, error }: ModuleData): ModuleOverlay {
  const main = ports.find(({ total }) => total > 0) ?? ports[0];
  const perSecond = ports.length === 0 ? rateIn : sum(ports.map((port) => port.rate));
  const total = ports.length === 0 ? counters.in : ports.reduce((all, port) => all + port.total, 0);
  return {
    note: frames.over ? `${count(total)} ${ports.length === 0 ? 'in' : 'out'}` : rate(perSecond),
    ...(error !== undefined && { error }),
    ...(main !== undefined && { spark: sparkOf(frames, main) }),
  };
}

function sparkOf(frames: Frames, port: PortData): (number | null)[] {
  const field = mainField(frames, port);
  const points = field === undefined ? undefined : port.series(field);
  if (points === undefined) return [];
  const from = frames.live ? (points.t.at(-1) ?? 0) - SPARK_MS : -Infinity;
  const begin = points.t.findIndex((t) => t >= from);
  return spread(points.v.slice(Math.max(0, begin)), SPARK_POINTS);
}

function labelOf(frames: Frames, port: PortData): string {
  const much = frames.over ? many(port.total, 'record') : rate(port.rate);
  const field = mainField(frames, port);
  const last = field === undefined ? undefined : port.series(field)?.v.at(-1);
  return field === undefined || last === undefined ? much : `${much} · ${field} ${value(last)}`;
}

function sum(rates: readonly (number | null)[]): number | null {
  const known = rates.filter((one) => one !== null);
  return known.length === 0 ? null : known.reduce((all, one) => all + one, 0);
}

function kept<T extends ModuleOverlay | WireOverlay>(before: T | undefined, now: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
