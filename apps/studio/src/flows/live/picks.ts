/**
 * Which fields are drawn on the live page: what one would choose first, and what somebody chose, as it stands in
 * the address. Pure.
 */
import { kinds } from '@millrace/modules/kinds';
import { DEFAULT_PORT } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';
import { isScore } from '../watch/extras.js';
import { numericFields, sharingAxis } from '../watch/axis.js';
import type { FieldAt } from '../watch/field-chart.js';
import type { Frames, PortData } from '../watch/frames.js';

export type Pick = readonly FieldAt[];

export const MOST_CHARTS = 3;
/** As many as there are hues. */
export const MOST_FIELDS = 6;

type Modules = FlowDocument['modules'];

/** Signals as they were aligned, or as they came; below, what a model makes of them, or the features of it. */
export function firstPicks(frames: Frames, modules: Modules): Pick[] {
  const among = (category: string, own: boolean, most?: number) =>
    sharingAxis(frames, candidates(frames, modules, category, own, most)).slice(0, MOST_FIELDS);
  const made = candidates(frames, modules, 'model', true);
  const scores = made.filter(({ module, port, field }) => isScore(frames.port(module, port)?.series(field)));
  const signals = [among('align', false, 1), among('source', false)].find(hasAny) ?? [];
  const score =
    [scores.slice(0, MOST_FIELDS), among('model', true), among('feature', true, 1)].find(hasAny) ?? [];
  return [signals, score].filter(hasAny);
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
  [...frames.modules.values()].flatMap(({ ports }) => ports.flatMap(everyNumber));

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
    .map((id) => {
      const ports = frames.modules.get(id)?.ports ?? [];
      // Others have what is late or broken.
      const port = ports.find((one) => one.port === DEFAULT_PORT) ?? ports[0];
      if (port === undefined) return [];
      return numericFields(port).filter(({ field }) => !own || port.own.includes(field));
    })
    .filter((fields) => fields.length > 0)
    .slice(0, most)
    .flat();
}

const everyNumber = ({ module, port, fields }: PortData): FieldAt[] =>
  [...fields].flatMap(([field, kind]) => (kind === 'number' ? [{ module, port, field }] : []));

const hasAny = (pick: Pick): boolean => pick.length > 0;

const categoryOf = (modules: Modules, id: string) => kinds.get(modules[id]?.type ?? '')?.category;
