/**
 * A flow that nobody has placed, laid out for a wide and low canvas: from left to right, and where that is too long
 * to be read, in lines as a text is. Pure.
 */
import type { FlowDocument } from '@millrace/schemas';
import { CARD } from './look.js';
import { placesOf, type Place } from './places.js';

const TALL = CARD.height + CARD.live;
const GAP = { x: 44, y: 14, line: 40 };
const STEP_X = CARD.width + GAP.x;
/** What placesOf leaves between two cards is more than values need. */
const CLOSER = (TALL + GAP.y) / (TALL + 32);
const MOST_LINES = 8;

export interface Size {
  width: number;
  height: number;
}

/** Places that make the graph as large as it can be in that much room. */
export function folded(
  { modules }: Pick<FlowDocument, 'modules'>,
  room: Size,
): NonNullable<FlowDocument['layout']> {
  const columns = columnsOf(placesOf({ modules, layout: undefined }, TALL));
  let best: { zoom: number; layout: NonNullable<FlowDocument['layout']> } = { zoom: 0, layout: {} };
  for (let lines = 1; lines <= Math.min(MOST_LINES, columns.length); lines++) {
    const { layout, size } = inLines(columns, Math.ceil(columns.length / lines));
    const zoom = Math.min(1, room.width / size.width, room.height / size.height);
    if (zoom > best.zoom) best = { zoom, layout };
  }
  return best.layout;
}

type Column = readonly (readonly [id: string, y: number])[];

function columnsOf(places: ReadonlyMap<string, Place>): Column[] {
  const byX = new Map<number, [string, number][]>();
  for (const [id, { x, y }] of places) byX.set(x, [...(byX.get(x) ?? []), [id, y * CLOSER]]);
  return [...byX].toSorted(([a], [b]) => a - b).map(([, column]) => column);
}

function inLines(columns: readonly Column[], perLine: number) {
  const layout: NonNullable<FlowDocument['layout']> = {};
  let top = 0;
  for (let first = 0; first < columns.length; first += perLine) {
    const line = columns.slice(first, first + perLine);
    const ys = line.flat().map(([, y]) => y);
    const [least, most] = [Math.min(...ys), Math.max(...ys)];
    for (const [index, column] of line.entries()) {
      for (const [id, y] of column) layout[id] = { x: index * STEP_X, y: Math.round(top + y - least) };
    }
    top += most - least + TALL + GAP.line;
  }
  return { layout, size: { width: perLine * STEP_X - GAP.x, height: top - GAP.line } };
}
