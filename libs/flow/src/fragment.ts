/**
 * Modules copied from a flow as a plain text, and pasted into one.
 *
 * Guarantee: pasted modules have ids of their own and the wires among themselves; wires from modules that
 * were not copied are left out. A text that is no such fragment is refused whole, with a reason.
 */
import { Failure, type FlowDocument, type FlowModule } from '@millrace/schemas';
import { freeId, renamed, withWires, type Position } from './edit.js';
import { wireFrom } from './graph.js';
import { readFlowValue } from './read.js';
import { FLOW_LIMITS } from './text.js';
import { isRecord, own } from './same.js';

/** What tells a fragment from any other text; its value is the edition of the format. */
export const FRAGMENT = 'millrace/flow-fragment';
const EDITION = 1;

/** JSON, with the modules as they are and where they stand. */
export function copyModules(document: FlowDocument, ids: Iterable<string>): string {
  const wanted = new Set(ids);
  const chosen = <T>(record: Readonly<Record<string, T>> = {}): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([id]) => wanted.has(id)));
  return JSON.stringify(
    { [FRAGMENT]: EDITION, modules: chosen(document.modules), layout: chosen(document.layout) },
    null,
    2,
  );
}

/** `ids` are the new modules. Throws flows.fragment and flows.too-large. */
export function pasteModules(
  document: FlowDocument,
  fragment: string,
  offset: Position,
): { document: FlowDocument; ids: string[] } {
  const { modules, layout = {} } = readFragment(fragment);
  const count = Object.keys(document.modules).length + Object.keys(modules).length;
  if (count > FLOW_LIMITS.modules)
    throw new Failure(
      'flows.too-large',
      `A flow has at most ${FLOW_LIMITS.modules} modules, and with what is pasted it would have ${count}. Split it into several flows.`,
    );
  const together: Record<string, FlowModule> = { ...document.modules };
  const names = new Map<string, string>();
  for (const [id, module] of Object.entries(modules)) {
    const name = freeId(together, id);
    names.set(id, name);
    together[name] = module;
  }
  const places: Record<string, Position> = { ...document.layout };
  for (const [id, name] of names) {
    const inside = withWires(modules[id] as FlowModule, (text) =>
      names.has(wireFrom(text).from) ? [text] : [],
    );
    together[name] = renamed(inside, names);
    const at = own(layout, id);
    if (at !== undefined) places[name] = { x: at.x + offset.x, y: at.y + offset.y };
  }
  if (names.size === 0) return { document, ids: [] };
  return { document: { ...document, modules: together, layout: places }, ids: [...names.values()] };
}

function readFragment(text: string): Pick<FlowDocument, 'modules' | 'layout'> {
  const refuse = (detail: string): Failure => new Failure('flows.fragment', detail);
  if (text.length > FLOW_LIMITS.bytes)
    throw refuse('What was pasted is larger than a flow may be. Copy fewer modules.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('What was pasted is no part of a flow. Select modules on a canvas and copy them.');
  }
  if (!isRecord(value) || !Object.hasOwn(value, FRAGMENT))
    throw refuse('What was pasted is no part of a flow. Select modules on a canvas and copy them.');
  if (value[FRAGMENT] !== EDITION)
    throw refuse('What was pasted comes from another edition of Millrace. Copy it again in this one.');
  const { modules, layout } = value;
  const { document, problems } = readFlowValue({
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'fragment' },
    ...(modules === undefined ? {} : { modules }),
    ...(layout === undefined ? {} : { layout }),
  });
  if (document === undefined)
    throw refuse(`What was pasted cannot be used: ${problems[0]?.detail ?? 'it is not whole.'}`);
  return document;
}
