/**
 * Where modules stand: where the document says, and the rest beside what feeds them.
 *
 * Guarantee: a module without a place never lies on another one, and the same document gives the same places.
 */
import { graphOf, type FlowGraph } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';
import { CARD } from './look.js';

export interface Place {
  x: number;
  y: number;
}
export type Places = ReadonlyMap<string, Place>;

const GAP = { x: 56, y: 32 };
const STEP = { x: CARD.width + GAP.x, y: CARD.height + GAP.y };

/** `tall`: the highest card there is, so that also live ones keep apart. */
export function placesOf(
  document: Pick<FlowDocument, 'modules' | 'layout'>,
  tall: number = CARD.height,
): Places {
  const graph = graphOf(document);
  const places = new Map<string, Place>();
  const taken = new Taken(tall + GAP.y);
  const put = (id: string, place: Place) => {
    places.set(id, place);
    taken.add(place);
  };
  for (const id of graph.modules) {
    const place = own(document.layout, id);
    if (place !== undefined) put(id, place);
  }
  for (const id of inOrder(graph)) {
    if (!places.has(id)) put(id, taken.free(wish(id, graph, places)));
  }
  return places;
}

/** A place for something new near a point, on nothing that is there. */
export function freeNear(places: Places, wanted: Place, tall: number = CARD.height): Place {
  const taken = new Taken(tall + GAP.y);
  for (const place of places.values()) taken.add(place);
  return taken.free(wanted);
}

/** True where a person, or nobody, placed a single module. */
export function isUnplaced({ modules, layout }: Pick<FlowDocument, 'modules' | 'layout'>): boolean {
  return Object.keys(modules).every((id) => own(layout, id) === undefined);
}

function wish(id: string, graph: FlowGraph, places: ReadonlyMap<string, Place>): Place {
  const of = (ids: Iterable<string>) =>
    [...ids].map((other) => places.get(other)).filter((place) => place !== undefined);
  const before = of((graph.into.get(id) ?? []).map(({ from }) => from));
  if (before.length > 0) {
    return { x: Math.max(...before.map(({ x }) => x)) + STEP.x, y: mean(before.map(({ y }) => y)) };
  }
  const after = of((graph.outOf.get(id) ?? []).map(({ to }) => to));
  if (after.length > 0) {
    return { x: Math.min(...after.map(({ x }) => x)) - STEP.x, y: mean(after.map(({ y }) => y)) };
  }
  const all = [...places.values()];
  return all.length === 0 ? { x: 0, y: 0 } : { x: Math.min(...all.map(({ x }) => x)), y: all[0]!.y };
}

/** What feeds before what is fed; what a cycle holds comes last. */
function inOrder(graph: FlowGraph): string[] {
  const waiting = new Map(graph.modules.map((id) => [id, new Set<string>()]));
  for (const { from, to } of graph.wires) if (waiting.has(from)) waiting.get(to)?.add(from);
  const order = graph.modules.filter((id) => waiting.get(id)!.size === 0);
  for (const id of order) {
    for (const { to } of graph.outOf.get(id) ?? []) {
      const still = waiting.get(to);
      if (still?.delete(id) && still.size === 0) order.push(to);
    }
  }
  const sorted = new Set(order);
  return [...order, ...graph.modules.filter((id) => !sorted.has(id))];
}

/** Cards in columns of their own width, so that a look at three columns is enough. */
class Taken {
  private readonly columns = new Map<number, Place[]>();

  constructor(private readonly height: number) {}

  add(place: Place): void {
    const column = Math.floor(place.x / CARD.width);
    const there = this.columns.get(column);
    if (there === undefined) this.columns.set(column, [place]);
    else there.push(place);
  }

  /** The nearest free one at or below the wish. */
  free(wanted: Place): Place {
    const place = { x: Math.round(wanted.x), y: Math.round(wanted.y) };
    const column = Math.floor(place.x / CARD.width);
    const near = [column - 1, column, column + 1]
      .flatMap((one) => this.columns.get(one) ?? [])
      .filter(({ x }) => Math.abs(x - place.x) < CARD.width + GAP.x / 4)
      .toSorted((a, b) => a.y - b.y);
    for (const { y } of near) if (Math.abs(y - place.y) < this.height) place.y = y + this.height;
    return place;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

function own(layout: FlowDocument['layout'], id: string): Place | undefined {
  return layout !== undefined && Object.hasOwn(layout, id) ? layout[id] : undefined;
}
