/**
 * What changed between two flows, for people: a list by module, and both graphs laid over each other. Pure.
 *
 * What is a change is said by the director's diff; here it is only put in words and places.
 */
import { parseReference, wireFrom } from '@millrace/flow';
import { FlowParameter, type FlowDiffReply, type FlowDocument, type FlowModule } from '@millrace/schemas';
import type { ModuleOverlay, WireOverlay } from '../graph/elements.js';

export interface Line {
  /** Where: a setting as a path, such as `grid.periodMs`. */
  what: string;
  /** Absent: it is new, or gone. */
  before?: string;
  after?: string;
  /** Instead of the two values. */
  says?: string;
}

export interface Group {
  /** A module's id; of parameters `parameters`. */
  id: string;
  title: string;
  mark: 'added' | 'removed' | 'changed';
  lines: Line[];
}

export const PARAMETERS = 'parameters';

/** Module by module in the order of the newer flow, what is gone last; parameters before all. */
export function changesOf(diff: FlowDiffReply, before: FlowDocument, after: FlowDocument): Group[] {
  const groups = new Map<string, Group>();
  const group = (id: string, mark: Group['mark'], title: string): Group => {
    const found = groups.get(id) ?? { id, title, mark, lines: [] };
    groups.set(id, found);
    return found;
  };
  for (const { name, pointer, ...change } of diff.parameters)
    group(`/${PARAMETERS}`, 'changed', 'Parameters').lines.push(
      lineOf([name, ...pathOf(pointer).slice(2)], change),
    );
  for (const id of diff.added) {
    const module = after.modules[id]!;
    group(id, 'added', module.type).lines.push({ what: 'added', says: fromOf(module) });
  }
  for (const { module, before: was, after: is } of diff.rewired)
    group(module, 'changed', after.modules[module]?.type ?? '').lines.push({
      what: 'takes from',
      before: portsOf(was),
      after: portsOf(is),
    });
  for (const { module, pointer, ...change } of diff.changed) {
    const [, , first, ...rest] = pathOf(pointer);
    const path = first === 'settings' ? rest : [first ?? '', ...rest];
    group(module, 'changed', after.modules[module]?.type ?? '').lines.push(lineOf(path, change));
  }
  for (const id of diff.removed)
    group(id, 'removed', before.modules[id]!.type).lines.push({
      what: 'removed',
      says: fromOf(before.modules[id]!),
    });
  const order = new Map([`/${PARAMETERS}`, ...Object.keys(after.modules)].map((id, at) => [id, at]));
  return [...groups.values()].toSorted(
    (a, b) => (order.get(a.id) ?? Infinity) - (order.get(b.id) ?? Infinity),
  );
}

export interface LaidOver {
  document: FlowDocument;
  modules: Map<string, ModuleOverlay>;
  wires: Map<string, WireOverlay>;
}

/** The newer flow with what is gone put back, and a mark on all that differs. */
export function laidOver(diff: FlowDiffReply, before: FlowDocument, after: FlowDocument): LaidOver {
  const modules = new Map<string, ModuleOverlay>();
  const counts = new Map<string, number>();
  for (const { module } of diff.changed) counts.set(module, (counts.get(module) ?? 0) + 1);
  for (const { module } of diff.rewired) modules.set(module, { mark: 'changed', note: 'rewired' });
  for (const [module, n] of counts) {
    const settings = `${n} ${n === 1 ? 'setting' : 'settings'} changed`;
    const note = modules.has(module) ? `rewired, ${settings}` : settings;
    modules.set(module, { mark: 'changed', note });
  }
  for (const id of diff.added) modules.set(id, { mark: 'added' });
  for (const id of diff.removed) modules.set(id, { mark: 'removed' });

  const [was, is] = [wiresOf(before), wiresOf(after)];
  const isNew = new Set([...diff.added, ...diff.removed]);
  const wires = new Map<string, WireOverlay>();
  for (const [key, { from, to }] of is)
    if (!was.has(key)) wires.set(key, { mark: isNew.has(from) || isNew.has(to) ? 'added' : 'rewired' });
  for (const key of was.keys()) if (!is.has(key)) wires.set(key, { mark: 'removed' });

  const gone = diff.removed.map((id) => [id, before.modules[id]!] as const);
  const kept = Object.entries(after.modules).map(
    ([id, module]) => [id, withWires(id, module, before)] as const,
  );
  return {
    document: {
      ...after,
      modules: Object.fromEntries([...kept, ...gone]),
      layout: { ...before.layout, ...after.layout },
    },
    modules,
    wires,
  };
}

/** `1 added, 2 removed, 3 changed`. */
export function summaryOf(groups: readonly Group[]): string {
  const said = (['added', 'removed', 'changed'] as const).flatMap((mark) => {
    const n = groups.filter((group) => group.mark === mark).length;
    return n === 0 ? [] : [`${n} ${mark}`];
  });
  return said.length === 0 ? 'No change' : said.join(', ');
}

/** Its own wires and those that it had before. */
function withWires(id: string, module: FlowModule, before: FlowDocument): FlowModule {
  const old = Object.hasOwn(before.modules, id) ? (before.modules[id]!.from ?? []) : [];
  const own = new Set((module.from ?? []).map(portOf));
  const lost = old.filter((text) => !own.has(portOf(text)));
  return lost.length === 0 ? module : { ...module, from: [...(module.from ?? []), ...lost] };
}

function wiresOf(document: FlowDocument): Map<string, { from: string; to: string }> {
  return new Map(
    Object.entries(document.modules).flatMap(([to, { from = [] }]) =>
      from.map((text) => {
        const wire = wireFrom(text);
        return [`${wire.from}.${wire.port}>${to}`, { from: wire.from, to }] as const;
      }),
    ),
  );
}

function portOf(text: string): string {
  const { from, port } = wireFrom(text);
  return `${from}.${port}`;
}

const portsOf = (ports: readonly string[]): string =>
  ports.length === 0 ? 'nothing' : ports.map((port) => port.replace(/\.out$/, '')).join(', ');
const fromOf = ({ from = [] }: FlowModule): string =>
  from.length === 0 ? '' : `takes from ${portsOf(from)}`;

const pathOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function lineOf(path: readonly string[], change: { before?: unknown; after?: unknown }): Line {
  const what = path.filter(Boolean).join('.');
  const [was, is] = [referenceOf(change.before), referenceOf(change.after)];
  if (was !== undefined && is !== undefined && was.name === is.name) {
    const says =
      was.at === is.at
        ? `other bytes of ${is.name}@${is.at}`
        : `${is.name} goes from @${was.at} to @${is.at}`;
    return { what, says };
  }
  return {
    what,
    ...('before' in change && { before: was ? `${was.name}@${was.at}` : shown(change.before) }),
    ...('after' in change && { after: is ? `${is.name}@${is.at}` : shown(change.after) }),
  };
}

function referenceOf(value: unknown): { name: string; at: string } | undefined {
  const reference = typeof value === 'string' ? parseReference(value) : undefined;
  return reference && { name: reference.name, at: String(reference.selector) };
}

/** What is longer is not read to its end beside a graph. */
const MOST = 160;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (parameterOf(value) ?? JSON.stringify(value));
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

/** A parameter as a whole, such as `number, 1000 by default`. */
function parameterOf(value: unknown): string | undefined {
  const parameter = FlowParameter.safeParse(value);
  if (!parameter.success) return undefined;
  const { type, default: byDefault } = parameter.data;
  return byDefault === undefined ? type : `${type}, ${byDefault} by default`;
}
