/**
 * Edits of a flow as a canvas makes them, each from one document to the next.
 *
 * Guarantee: the document that is given is never changed, and what an edit does not touch is the same object
 * afterwards; an edit that changes nothing gives the same document back. An edit of a module that is gone
 * changes nothing, since another person may have removed it. Whether the result makes sense is said by
 * checkFlow, and whether a wire may be by mayConnect.
 */
import { Failure, MODULE_ID, type FlowDocument, type FlowModule } from '@millrace/schemas';
import { wireFrom } from './graph.js';
import { DEFAULT_PORT, type Catalogue } from './kind.js';
import { didYouMean } from './nearest.js';
import { mapStrings, pathOf, withValueAt } from './pointer.js';
import { own, same } from './same.js';
import type { Port } from './wiring.js';

export interface Position {
  x: number;
  y: number;
}

/** A module of the type, without settings and wires. Throws flows.type-unknown. */
export function addModule(
  document: FlowDocument,
  type: string,
  at: Position,
  kinds: Catalogue,
): { document: FlowDocument; id: string } {
  if (!kinds.has(type))
    throw new Failure(
      'flows.type-unknown',
      `There is no module type "${type}".${didYouMean(type, kinds.keys()) || ' See the list of modules.'}`,
    );
  const id = freeId(document.modules, type.split('.').at(-1) ?? type);
  return {
    id,
    document: {
      ...document,
      modules: { ...document.modules, [id]: { type } },
      layout: { ...document.layout, [id]: at },
    },
  };
}

/** With the wires that leave them, and their positions. */
export function removeModules(document: FlowDocument, ids: Iterable<string>): FlowDocument {
  const gone = new Set([...ids].filter((id) => Object.hasOwn(document.modules, id)));
  if (gone.size === 0) return document;
  const left = Object.entries(document.modules)
    .filter(([id]) => !gone.has(id))
    .map(([id, module]) => [id, withWires(module, (text) => (gone.has(wireFrom(text).from) ? [] : [text]))]);
  return withLayout({ ...document, modules: Object.fromEntries(left) }, (id) => (gone.has(id) ? [] : [id]));
}

/** In its place, with all wires. Throws flows.module-id for an id that is taken or not allowed. */
export function renameModule(document: FlowDocument, id: string, to: string): FlowDocument {
  if (id === to || !Object.hasOwn(document.modules, id)) return document;
  if (!MODULE_ID.test(to) || to.length > 128)
    throw new Failure(
      'flows.module-id',
      `"${to.slice(0, 128)}" is no id of a module: letters, digits and underscores, a small letter first, at most 128.`,
    );
  if (Object.hasOwn(document.modules, to))
    throw new Failure('flows.module-id', `There is a module "${to}" already. Choose another id.`);
  const names = new Map([[id, to]]);
  const modules = Object.entries(document.modules).map(([key, module]) => [
    names.get(key) ?? key,
    renamed(module, names),
  ]);
  return withLayout({ ...document, modules: Object.fromEntries(modules) }, (key) => [names.get(key) ?? key]);
}

/** Adds the wire behind those that are there. A wire that is there already stays one. */
export function connect(document: FlowDocument, from: Port, to: { module: string }): FlowDocument {
  return changeModule(document, to.module, (module) => {
    if ((module.from ?? []).some((text) => leads(text, from))) return module;
    const text = from.port === DEFAULT_PORT ? from.module : `${from.module}.${from.port}`;
    return { ...module, from: [...(module.from ?? []), text] };
  });
}

export function disconnect(document: FlowDocument, from: Port, to: { module: string }): FlowDocument {
  return changeModule(document, to.module, (module) =>
    withWires(module, (text) => (leads(text, from) ? [] : [text])),
  );
}

/** All settings at once; none when they are undefined or empty. */
export function setSettings(
  document: FlowDocument,
  id: string,
  settings: Readonly<Record<string, unknown>> | undefined,
): FlowDocument {
  const some = settings !== undefined && Object.keys(settings).length > 0;
  return setModule(document, id, { settings: some ? settings : undefined });
}

/**
 * One setting by its JSON pointer into the settings, such as `/columns/0/name`; undefined takes it away. A
 * pointer one past a list's end adds an entry to it.
 */
export function setSetting(
  document: FlowDocument,
  id: string,
  pointer: string,
  value: unknown,
): FlowDocument {
  const settings = own(document.modules, id)?.settings;
  const changed = withValueAt(settings ?? {}, pathOf(pointer), value);
  return setSettings(document, id, changed as Record<string, unknown> | undefined);
}

/** What a module has besides its wires; undefined takes a thing away. */
export function setModule(
  document: FlowDocument,
  id: string,
  change: { [K in keyof Omit<FlowModule, 'from'>]?: FlowModule[K] | undefined },
): FlowDocument {
  return changeModule(document, id, (module) => {
    const entries = Object.entries({ ...module, ...change }).filter(([, value]) => value !== undefined);
    const changed = Object.fromEntries(entries) as unknown as FlowModule;
    return same(module, changed) ? module : changed;
  });
}

export function setPosition(document: FlowDocument, id: string, at: Position): FlowDocument {
  return setPositions(document, { [id]: at });
}

/** Of several modules at once, as one step to undo. Positions of modules that are not there are left out. */
export function setPositions(
  document: FlowDocument,
  positions: Readonly<Record<string, Position>>,
): FlowDocument {
  const moved = Object.entries(positions).filter(
    ([id, at]) => Object.hasOwn(document.modules, id) && !same(own(document.layout, id), at),
  );
  if (moved.length === 0) return document;
  return { ...document, layout: { ...document.layout, ...Object.fromEntries(moved) } };
}

/** The id itself when it is free, else with the least number from 2; what no id may have is left out. */
export function freeId(modules: FlowDocument['modules'], wanted: string): string {
  const clean = wanted.replaceAll(/[^a-zA-Z0-9_]/g, '').slice(0, 100);
  const first = MODULE_ID.test(clean) ? clean : 'module';
  if (!Object.hasOwn(modules, first)) return first;
  const stem = first.replace(/\d+$/, '');
  for (let number = 2; ; number++) if (!Object.hasOwn(modules, `${stem}${number}`)) return `${stem}${number}`;
}

/**
 * A module with other modules called by other names: in its wires, and where a setting called `from` names a
 * field of one of them (`imu.acc_z`), as the columns of align.rows do.
 */
export function renamed(module: FlowModule, names: ReadonlyMap<string, string>): FlowModule {
  const wired = (module.from ?? []).some((text) => names.has(wireFrom(text).from));
  if (!wired) return module;
  const settings = mapStrings(module.settings, (text, path) => {
    const { from, port } = wireFrom(text);
    const to = path.at(-1) === 'from' && text.includes('.') ? names.get(from) : undefined;
    return to === undefined ? text : `${to}.${port}`;
  }) as FlowModule['settings'];
  const changed = withWires(module, (text) => {
    const to = names.get(wireFrom(text).from);
    return [to === undefined ? text : to + text.slice(wireFrom(text).from.length)];
  });
  return settings === undefined || same(settings, module.settings) ? changed : { ...changed, settings };
}

/** The module with other wires; without `from` when none is left of some. */
export function withWires(module: FlowModule, change: (text: string) => readonly string[]): FlowModule {
  if (module.from === undefined) return module;
  const wires = module.from.flatMap(change);
  if (same(wires, module.from)) return module;
  if (wires.length > 0) return { ...module, from: wires };
  const { from: _from, ...rest } = module;
  return rest;
}

function changeModule(
  document: FlowDocument,
  id: string,
  change: (module: FlowModule) => FlowModule,
): FlowDocument {
  const module = own(document.modules, id);
  if (module === undefined) return document;
  const changed = change(module);
  return changed === module ? document : { ...document, modules: { ...document.modules, [id]: changed } };
}

function withLayout(document: FlowDocument, change: (id: string) => readonly string[]): FlowDocument {
  if (document.layout === undefined) return document;
  const entries = Object.entries(document.layout).flatMap(([id, at]) =>
    change(id).map((name) => [name, at] as const),
  );
  return { ...document, layout: Object.fromEntries(entries) };
}

function leads(text: string, { module, port }: Port): boolean {
  return same(wireFrom(text), { from: module, port });
}
