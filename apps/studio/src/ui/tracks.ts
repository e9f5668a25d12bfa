/** The tracks of a list's columns, as CSS grid has them. Pure. */

/** Between columns, and at both ends of a row together; as in list.module.css. */
const GAP_PX = 12;
const ENDS_PX = 24;

/** Below this width columns would be cut: the sum of what each takes at least. */
export function leastWidth(tracks: readonly string[]): number {
  const least = tracks.map((track) => Number(/(\d+(?:\.\d+)?)px/.exec(track)?.[1] ?? 0));
  return least.reduce((sum, px) => sum + px, ENDS_PX + GAP_PX * Math.max(0, tracks.length - 1));
}
