/**
 * Which fields are drawn on the live page: what one would choose first, and what somebody chose, as it stands in
 * the address. Pure.
 */
import { kinds } from '@millrace/modules/kinds';
import { DEFAULT_PORT } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';
import { isScore } from '../watch/extras.js';
import type { FieldAt } from '../watch/field-chart.js';
import type { Frames, PortData } from '../watch/frames.js';
import type { Points } from '../watch/series.js';

export type Pick = readonly FieldAt[];

export const MOST_CHARTS = 3;
/** As many as there are hues. */
export const MOST_FIELDS = 6;
/** A pump at 4 bar and a counter at 2,000 do not share an axis. */
const FACTOR = 8;

type Modules = FlowDocument['modules'];

/** Signals as they were aligned, or as they came; below, what a model makes of them, or the features of it. */
export function firstPicks(frames: Frames, modules: Modules): Pick[] {
  const signals =
    largest(frames, candidates(frames, modules, 'align', false, 1)) ??
    largest(frames, candidates(frames, modules, 'source', false)) ??
    [];
  const made = candidates(frames, modules, 'model', true);
  const scores = made.filter((at) => isScore(pointsAt(frames, at)));
  const score =
    (scores.length > 0 ? scores.slice(0, MOST_FIELDS) : largest(frames, made)) ??
    largest(frames, candidates(frames, modules, 'feature', true, 1)) ??
    [];
  return [signals, score].filter((pick) => pick.length > 0);
}

/** What all its fields are: of sources and aligners `Signals`, of models `Score`, else the modules. */
export function titleOf(pick: Pick, modules: Modules): string {
  const ids = [...new Set(pick.map(({ module }) => module))];
  const categories = new Set(ids.map((id) => categoryOf(modules, id)));
  const all = (...some: (string | undefined)[]) => [...categories].every((one) => some.includes(one));
  if (ids.length === 0) return 'Nothing chosen';
  if (all('source', 'align')) return 'Signals';
  return all('model') ? 'Score' : ids.join(', ');
}

/** All numeric fields, in the order of the modules, so that one can be chosen. */
export const allFields = (frames: Frames): FieldAt[] =>
  [...frames.modules.values()].flatMap(({ ports }) => ports.flatMap((port) => fieldsOf(port, false)));

export const wordOf = ({ module, port, field }: FieldAt): string =>
  `${module}${port === DEFAULT_PORT ? '' : `.${port}`} · ${field}`;

/** Ids of modules and ports have no dot. */
export const keyOf = ({ module, port, field }: FieldAt): string => `${module}.${port}.${field}`;

export function fieldOf(key: string): FieldAt | undefined {
  const [module, port, ...field] = key.split('.');
  return module && port && field.length > 0 ? { module, port, field: field.join('.') } : undefined;
}

export const written = (pick: Pick): string => pick.map((at) => encodeURIComponent(keyOf(at))).join(',');

export function readPick(text: string): Pick {
  const keys = text.split(',').flatMap((part) => {
    try {
      return fieldOf(decodeURIComponent(part)) ?? [];
    } catch {
      return [];
    }
  });
  return keys.slice(0, MOST_FIELDS);
}

/** @param own only fields that the module adds; `most` modules at most, the first that have any */
function candidates(
  frames: Frames,
  modules: Modules,
  category: string,
  own: boolean,
  most = Infinity,
): FieldAt[] {
  return Object.keys(modules)
    .filter((id) => categoryOf(modules, id) === category)
    .map((id) =>
      (frames.modules.get(id)?.ports ?? []).flatMap((port) =>
        fieldsOf(port, own).filter(({ field }) => !isAbout(field, port)),
      ),
    )
    .filter((fields) => fields.length > 0)
    .slice(0, most)
    .flat();
}

const fieldsOf = ({ module, port, fields, own }: PortData, onlyOwn: boolean): FieldAt[] =>
  [...fields]
    .filter(([field, kind]) => kind === 'number' && (!onlyOwn || own.includes(field)))
    .map(([field]) => ({ module, port, field }));

/** Such as `age.TS1`, which says how old the value of TS1 is. */
const isAbout = (field: string, { fields }: PortData): boolean =>
  field.includes('.') && fields.has(field.slice(field.indexOf('.') + 1));

/** The most fields that fit one axis. */
function largest(frames: Frames, fields: readonly FieldAt[]): FieldAt[] | undefined {
  const groups: { size: number; fields: FieldAt[] }[] = [];
  for (const at of fields) {
    const size = sizeOf(pointsAt(frames, at));
    const group = groups.find((one) => size <= one.size * FACTOR && one.size <= size * FACTOR);
    if (group) group.fields.push(at);
    else groups.push({ size, fields: [at] });
  }
  return groups.toSorted((a, b) => b.fields.length - a.fields.length)[0]?.fields.slice(0, MOST_FIELDS);
}

const pointsAt = (frames: Frames, { module, port, field }: FieldAt): Points | undefined =>
  frames.port(module, port)?.series(field);

const sizeOf = (points: Points | undefined): number =>
  Math.max(0, ...(points?.v ?? []).map((value) => Math.abs(value ?? 0)));

const categoryOf = (modules: Modules, id: string) => kinds.get(modules[id]?.type ?? '')?.category;
