/**
 * A flow document as nodes and edges of React Flow.
 *
 * Guarantee: what did not change stays the same object, so that only what changed is drawn again. Pure.
 */
import { graphOf, type Catalogue } from '@millrace/flow';
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import type { Edge, Node } from '@xyflow/react';
import { CARD, heightOf, hueOf, lineOf, portsOf } from './look.js';
import type { Places } from './places.js';

/** What is shown on a module beside what the document says. */
export interface ModuleOverlay {
  /** Instead of the line of settings, such as `120/s`. */
  line?: string;
  error?: string;
  spark?: readonly (number | null)[];
  mark?: 'added' | 'removed' | 'changed';
  note?: string;
  problems?: number;
  /** Somebody else changed it just now. */
  flash?: boolean;
}

export interface WireOverlay {
  label?: string;
  mark?: 'added' | 'removed' | 'rewired';
}

export interface WireEnds {
  from: string;
  port: string;
  to: string;
}

export interface CardData extends Record<string, unknown> {
  module: FlowModule;
  title: string;
  line: string;
  hue: string;
  input: boolean;
  outputs: readonly string[];
  overlay: ModuleOverlay | undefined;
}

export type CardNode = Node<CardData, 'module'>;
export type WireEdge = Edge<{ overlay: WireOverlay | undefined } & Record<string, unknown>, 'wire'>;

/** Of the left port of every module. */
export const INPUT = 'in';

export const wireKey = ({ from, port, to }: WireEnds): string => `${from}.${port}>${to}`;

export function wireOf(edge: Pick<WireEdge, 'source' | 'sourceHandle' | 'target'>): WireEnds {
  return { from: edge.source, port: edge.sourceHandle ?? '', to: edge.target };
}

interface Shown {
  document: FlowDocument;
  catalogue: Catalogue;
  places: Places;
  selected: ReadonlySet<string>;
  overlays: ReadonlyMap<string, ModuleOverlay> | undefined;
}

export function nodesOf(previous: readonly CardNode[], shown: Shown): CardNode[] {
  const { document, catalogue, places, selected, overlays } = shown;
  const before = new Map(previous.map((node) => [node.id, node]));
  const graph = graphOf(document);
  const nodes = graph.modules.map((id): CardNode => {
    const module = document.modules[id]!;
    const overlay = overlays?.get(id);
    const kind = catalogue.get(module.type);
    const taken = (graph.outOf.get(id) ?? []).map(({ port }) => port);
    const ports = portsOf(module, kind, taken);
    const old = before.get(id);
    const is = selected.has(id);
    const place = old?.dragging ? old.position : places.get(id)!;
    const sameData =
      old !== undefined &&
      old.data.module === module &&
      old.data.overlay === overlay &&
      old.data.input === ports.input &&
      old.data.outputs.join() === ports.outputs.join();
    const samePlace = old?.position.x === place.x && old.position.y === place.y;
    if (sameData && samePlace && (old.selected ?? false) === is) return old;
    const data = sameData
      ? old.data
      : {
          module,
          title: kind?.title ?? module.type,
          line: lineOf(module, kind),
          hue: hueOf(kind?.category),
          ...ports,
          overlay,
        };
    return {
      ...(old ?? { id, type: 'module' }),
      position: place,
      selected: is,
      data,
      ...sizeOf(data),
      ariaLabel: spoken(id, data),
    };
  });
  const same = nodes.length === previous.length && nodes.every((node, index) => node === previous[index]);
  return same ? (previous as CardNode[]) : nodes;
}

export const isLive = (overlay: ModuleOverlay | undefined): boolean =>
  overlay?.spark !== undefined || overlay?.note !== undefined || overlay?.error !== undefined;

/** Known before it is drawn: what is out of sight needs no drawing to be known. */
function sizeOf({
  input,
  outputs,
  overlay,
}: CardData): Pick<CardNode, 'width' | 'height' | 'measured' | 'handles'> {
  const height = heightOf(outputs.length, isLive(overlay));
  const port = { width: 10, height: 10 };
  return {
    width: CARD.width,
    height,
    measured: { width: CARD.width, height },
    handles: [
      ...(input
        ? [{ id: INPUT, type: 'target' as const, position: LEFT, x: -5, y: portY(0, 1) - 5, ...port }]
        : []),
      ...outputs.map((id, index) => ({
        id,
        type: 'source' as const,
        position: RIGHT,
        x: CARD.width - 5,
        y: portY(index, outputs.length) - 5,
        ...port,
      })),
    ],
  };
}

const LEFT = 'left' as NonNullable<CardNode['targetPosition']>;
const RIGHT = 'right' as NonNullable<CardNode['sourcePosition']>;

/** Pixels from the top of the card to the middle of a port. */
export function portY(index: number, count: number): number {
  const height = heightOf(count, false);
  return Math.round((height / (count + 1)) * (index + 1));
}

function spoken(id: string, { title, line, overlay }: CardData): string {
  const parts = [
    id,
    title,
    overlay?.line ?? line,
    overlay?.mark,
    overlay?.note,
    overlay?.error && `error: ${overlay.error}`,
  ];
  if (overlay?.problems) parts.push(`${overlay.problems} ${overlay.problems === 1 ? 'problem' : 'problems'}`);
  return parts.filter(Boolean).join(', ');
}

export function wiresOf(
  previous: readonly WireEdge[],
  document: FlowDocument,
  overlays: ReadonlyMap<string, WireOverlay> | undefined,
  selected: ReadonlySet<string>,
): WireEdge[] {
  const before = new Map(previous.map((edge) => [edge.id, edge]));
  const graph = graphOf(document);
  const edges = new Map<string, WireEdge>();
  for (const wire of graph.wires) {
    // A wire from nowhere has no beginning to be drawn; the problem on its module says it.
    if (!graph.outOf.has(wire.from)) continue;
    const id = wireKey(wire);
    const overlay = overlays?.get(id);
    const old = before.get(id);
    const is = selected.has(id);
    edges.set(
      id,
      old !== undefined && old.data?.overlay === overlay && (old.selected ?? false) === is
        ? old
        : {
            id,
            type: 'wire',
            source: wire.from,
            sourceHandle: wire.port,
            target: wire.to,
            targetHandle: INPUT,
            selected: is,
            data: { overlay },
            ariaLabel: `Wire from ${wire.from}${wire.port === 'out' ? '' : `.${wire.port}`} to ${wire.to}${overlay?.label ? `, ${overlay.label}` : ''}`,
          },
    );
  }
  const list = [...edges.values()];
  const same = list.length === previous.length && list.every((edge, index) => edge === previous[index]);
  return same ? (previous as WireEdge[]) : list;
}
