/**
 * The graph of a flow: its modules and wires, what reaches what, and in which order they run.
 *
 * Guarantee: the same document gives the same answers in the same order. Wires from modules that do not
 * exist are listed and lead nowhere; checkFlow tells them.
 */
import { Failure, type FlowDocument } from '@millrace/schemas';
import { DEFAULT_PORT } from './kind.js';

export type FlowModules = Pick<FlowDocument, 'modules'>;

export interface Wire {
  from: string;
  port: string;
  to: string;
  /** Its place in `from` of the module that it enters. */
  index: number;
}

export interface FlowGraph {
  /** In the document's order. */
  modules: readonly string[];
  wires: readonly Wire[];
  /** Wires that enter a module, in the order of its `from`. */
  into: ReadonlyMap<string, readonly Wire[]>;
  /** Wires that leave a module. */
  outOf: ReadonlyMap<string, readonly Wire[]>;
}

/** `module` is its port `out`, `module.port` another one. */
export function wireFrom(text: string): { from: string; port: string } {
  const dot = text.indexOf('.');
  return dot < 0
    ? { from: text, port: DEFAULT_PORT }
    : { from: text.slice(0, dot), port: text.slice(dot + 1) };
}

export function graphOf(document: FlowModules): FlowGraph {
  const modules = Object.keys(document.modules);
  const into = new Map<string, Wire[]>(modules.map((id) => [id, []]));
  const outOf = new Map<string, Wire[]>(modules.map((id) => [id, []]));
  const wires: Wire[] = [];
  for (const [to, module] of Object.entries(document.modules))
    (module.from ?? []).forEach((text, index) => {
      const wire = { ...wireFrom(text), to, index };
      wires.push(wire);
      into.get(to)?.push(wire);
      outOf.get(wire.from)?.push(wire);
    });
  return { modules, wires, into, outOf };
}

/** The modules themselves and all that their records reach; `up`: all that reaches them. */
export function reachable(
  document: FlowModules,
  from: Iterable<string>,
  way: 'down' | 'up' = 'down',
): Set<string> {
  const graph = graphOf(document);
  const found = new Set<string>();
  const waiting = [...from].filter((id) => graph.outOf.has(id));
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const next =
      way === 'down'
        ? graph.outOf.get(id)?.map((wire) => wire.to)
        : graph.into.get(id)?.map((wire) => wire.from);
    waiting.push(...(next ?? []).filter((other) => graph.outOf.has(other)));
  }
  return found;
}

/** Every module after all that feed it; where several could come next, the smallest id does. */
export function runOrder(document: FlowModules): string[] {
  const graph = graphOf(document);
  const { order } = sorted(graph);
  if (order.length < graph.modules.length) {
    const cycle = findCycle(document) ?? [];
    throw new Failure('flows.cycle', cycleSentence(cycle));
  }
  return order;
}

/** One cycle in the direction of the wires, its smallest module first and not repeated at the end. */
export function findCycle(document: FlowModules): string[] | undefined {
  const graph = graphOf(document);
  const { left } = sorted(graph);
  // What is left has a wire in from what is left, for every module: walking up must come round.
  const [start] = [...left].toSorted(byId);
  if (start === undefined) return undefined;
  const path: string[] = [];
  for (let id: string | undefined = start; id !== undefined;) {
    const seen = path.indexOf(id);
    if (seen >= 0) {
      const cycle = path.slice(seen).toReversed();
      const first = cycle.indexOf(cycle.toSorted(byId)[0] as string);
      return [...cycle.slice(first), ...cycle.slice(0, first)];
    }
    path.push(id);
    id = graph.into
      .get(id)
      ?.map((wire) => wire.from)
      .filter((from) => left.has(from))
      .toSorted(byId)[0];
  }
  return undefined;
}

export function cycleSentence(cycle: readonly string[]): string {
  const [first] = cycle;
  return `The wires form a cycle: ${[...cycle, first].join(' -> ')}. Remove one of these wires.`;
}

/** Kahn's algorithm; `left` is what no order can hold: the cycles and all behind them. */
function sorted(graph: FlowGraph): { order: string[]; left: Set<string> } {
  const missing = new Map<string, number>();
  for (const id of graph.modules)
    missing.set(id, graph.into.get(id)?.filter((wire) => graph.outOf.has(wire.from)).length ?? 0);
  const ready = graph.modules.filter((id) => missing.get(id) === 0).toSorted(byId);
  const order: string[] = [];
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    order.push(id);
    for (const { to } of graph.outOf.get(id) ?? []) {
      const still = (missing.get(to) ?? 0) - 1;
      missing.set(to, still);
      if (still === 0) ready.splice(placeFor(ready, to), 0, to);
    }
  }
  const placed = new Set(order);
  return { order, left: new Set(graph.modules.filter((id) => !placed.has(id))) };
}

function placeFor(ready: readonly string[], id: string): number {
  let [low, high] = [0, ready.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ready[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
