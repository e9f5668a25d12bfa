/**
 * Are the wires of a flow possible: from ports that exist, into modules that take them, and without a cycle.
 */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { cycleSentence, findCycle, graphOf, type FlowGraph, type Wire } from '../graph.js';
import { DEFAULT_PORT, ERROR_PORT, type Catalogue, type ModuleKind } from '../kind.js';
import { didYouMean } from '../nearest.js';
import { pointerOf } from '../pointer.js';

export function wireProblems(document: FlowDocument, catalogue: Catalogue): ProblemPlace[] {
  const graph = graphOf(document);
  const problems: ProblemPlace[] = [];
  for (const id of graph.modules) {
    problems.push(...unwired(document, catalogue, graph, id));
    const seen = new Set<string>();
    for (const wire of graph.into.get(id) ?? []) {
      const key = `${wire.from}.${wire.port}`;
      const detail = seen.has(key)
        ? `The wire from ${key} is listed twice. Remove one of them.`
        : impossible(document, catalogue, wire);
      seen.add(key);
      if (detail !== undefined)
        problems.push({
          code: 'flows.wire',
          module: id,
          pointer: pointerOf(['modules', id, 'from', wire.index]),
          detail,
        });
    }
  }
  const cycle = findCycle(document);
  if (cycle !== undefined)
    problems.push({
      code: 'flows.cycle',
      module: cycle[0],
      pointer: pointerOf(['modules', cycle[0] as string, 'from']),
      detail: cycleSentence(cycle),
    });
  return problems;
}

function unwired(document: FlowDocument, catalogue: Catalogue, graph: FlowGraph, id: string): ProblemPlace[] {
  const module = document.modules[id];
  const kind = module && catalogue.get(module.type);
  if (kind === undefined) return [];
  const into = graph.into.get(id) ?? [];
  const outOf = graph.outOf.get(id) ?? [];
  const at = pointerOf(['modules', id]);
  const say = (code: string, pointer: string, detail: string): ProblemPlace[] => [
    { code, module: id, pointer, detail },
  ];
  if (kind.inputs === 'none' && into.length > 0)
    return say(
      'flows.wire',
      `${at}/from`,
      `${id} is a source (${kind.type}) and takes no wire. Remove "from".`,
    );
  if (kind.inputs !== 'none' && into.length === 0)
    return say(
      'flows.unwired',
      at,
      `${id} has no wire in, so it would never see a record. Name a module in "from", such as from: [${example(document, catalogue, id)}].`,
    );
  if (kind.inputs === 'one' && into.length > 1)
    return say(
      'flows.wire',
      `${at}/from`,
      `${id} (${kind.type}) takes one wire, and ${into.length} lead to it. Join them before it, with align.rows or route.merge.`,
    );
  if (kind.inputs === 'none' && outOf.length === 0)
    return say(
      'flows.unwired',
      at,
      `Nothing takes what ${id} gives. Name it in "from" of another module, or remove it.`,
    );
  if (module?.onError === 'port' && !outOf.some((wire) => wire.port === ERROR_PORT))
    return say(
      'flows.unwired',
      `${at}/onError`,
      `Records that fail in ${id} go to its port ${ERROR_PORT}, and nothing takes them there. Wire ${id}.${ERROR_PORT}, or use onError: skip.`,
    );
  return [];
}

/** Why a wire cannot begin where it does; undefined when it can. */
export function impossible(
  document: FlowDocument,
  catalogue: Catalogue,
  wire: Pick<Wire, 'from' | 'port'>,
): string | undefined {
  const { from, port } = wire;
  const source = Object.hasOwn(document.modules, from) ? document.modules[from] : undefined;
  if (source === undefined)
    return (
      `There is no module "${from}".` +
      (didYouMean(from, Object.keys(document.modules)) || ' Name one of the flow.')
    );
  const kind = catalogue.get(source.type);
  if (kind === undefined) return undefined;
  if (port === ERROR_PORT) {
    if (source.onError === 'port') return undefined;
    return `${from} has a port ${ERROR_PORT} only with onError: port. Set that on ${from}.`;
  }
  if (kind.outputs.includes(port)) return undefined;
  if (kind.outputs.length === 0)
    return `${from} is ${kind.category === 'sink' ? 'a sink' : 'an end'} (${kind.type}), and nothing leaves it. Wire the module before it.`;
  return (
    `${from} (${kind.type}) has no port "${port}"; it has ${kind.outputs.join(', ')}.` +
    (port === DEFAULT_PORT ? ` Write ${from}.${kind.outputs[0]}.` : didYouMean(port, kind.outputs))
  );
}

/** A module that could feed this one, for a sentence. */
function example(document: FlowDocument, catalogue: Catalogue, id: string): string {
  const gives = (kind: ModuleKind | undefined): boolean => kind?.outputs.includes(DEFAULT_PORT) ?? false;
  return (
    Object.keys(document.modules).find(
      (other) => other !== id && gives(catalogue.get(document.modules[other]?.type ?? '')),
    ) ?? 'source'
  );
}
