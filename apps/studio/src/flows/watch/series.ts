/**
 * Values of one field over time, as many as a chart can show.
 *
 * Guarantee: never more than the bound, in the order of their time, one value a time. What does not fit is left
 * out evenly: every second point goes, and from then on every second one of those that come. Pure.
 */

export interface Points {
  /** Epoch milliseconds, rising. */
  readonly t: readonly number[];
  /** Null: the sensor gave no value. */
  readonly v: readonly (number | null)[];
  /** When the newest came, by the clock of the frames. */
  readonly heardAt?: number;
}

export interface Span {
  from: number;
  to: number;
}

/** What a chart takes: undefined says nothing, null is a gap. */
export type Aligned = { t: number[]; values: (number | null | undefined)[][] };

/** Silence below this is no silence, however often a sensor speaks. */
const LEAST_PATIENCE_MS = 5_000;
const DISTANCES_ASKED = 64;

export class BoundedSeries implements Points {
  t: number[] = [];
  v: (number | null)[] = [];
  heardAt: number | undefined;
  /** When each came. */
  private came: number[] = [];
  private stride = 1;
  private skip = 0;

  /** `most` may change from one call to the next. */
  add(t: number, value: number | null, came: number, most: number): void {
    this.heardAt = came;
    if (this.skip > 0) {
      this.skip -= 1;
      return;
    }
    this.skip = this.stride - 1;
    const end = this.t.length;
    if (end === 0 || t > this.t[end - 1]!) {
      this.t.push(t);
      this.v.push(value);
      this.came.push(came);
    } else {
      const place = firstAtOrAfter(this.t, t);
      const same = this.t[place] === t ? 1 : 0;
      this.t.splice(place, same, t);
      this.v.splice(place, same, value);
      this.came.splice(place, same, came);
    }
    while (this.t.length > most) this.thin();
  }

  /** Those that came before leave; room that becomes free is used for denser points. */
  leave(before: number, most: number): void {
    let gone = 0;
    while (gone < this.came.length && this.came[gone]! < before) gone += 1;
    if (gone > 0) for (const list of [this.t, this.v, this.came]) list.splice(0, gone);
    if (this.stride > 1 && this.t.length < most / 4) this.stride /= 2;
  }

  copy(): BoundedSeries {
    const copy = new BoundedSeries();
    return Object.assign(copy, this, { t: [...this.t], v: [...this.v], came: [...this.came] });
  }

  private thin(): void {
    // The newest stays, so that a chart ends where the data does.
    const odd = (this.t.length - 1) % 2;
    const second = (_: unknown, index: number) => index % 2 === odd;
    this.t = this.t.filter(second);
    this.v = this.v.filter(second);
    this.came = this.came.filter(second);
    this.stride *= 2;
    this.skip = this.stride - 1;
  }
}

/** Median distance of two points; null while there are fewer than three. */
export function usualDistance({ t }: Points): number | null {
  if (t.length < 3) return null;
  const step = Math.max(1, Math.floor((t.length - 1) / DISTANCES_ASKED));
  const distances: number[] = [];
  for (let index = t.length - 1; index > 0; index -= step) distances.push(t[index]! - t[index - 1]!);
  return distances.sort((a, b) => a - b)[distances.length >> 1]!;
}

/** How long nothing may come before it is called silent: 5 s, or twice the usual distance. */
export const patience = (points: Points): number =>
  Math.max(LEAST_PATIENCE_MS, 2 * (usualDistance(points) ?? 0));

/** Where nothing came for longer than usual; `silentMs` has passed since the last point. */
export function silences(points: Points, silentMs = 0): Span[] {
  const { t } = points;
  const limit = patience(points);
  const found: Span[] = [];
  for (let index = 1; index < t.length; index++) {
    if (t[index]! - t[index - 1]! > limit) found.push({ from: t[index - 1]!, to: t[index]! });
  }
  const last = t.at(-1);
  if (last !== undefined && silentMs > limit) found.push({ from: last, to: last + silentMs });
  return found;
}

/** Where all were silent. Each list is in order and does not overlap itself. */
export function allSilent(lists: readonly (readonly Span[])[]): Span[] {
  const [first = [], ...others] = lists;
  return others.reduce<readonly Span[]>(
    (common, list) =>
      common.flatMap((one) =>
        list
          .map(({ from, to }) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
          .filter(({ from, to }) => from < to),
      ),
    first,
  ) as Span[];
}

/**
 * Several series on one time axis: a gap wherever one was silent, and nothing said where only others have a
 * point. With a span the axis covers it, so that charts of one span have one axis, and what is outside is left out.
 */
export function aligned(series: readonly Points[], span?: Span): Aligned {
  const within = series.map((points) => (span === undefined ? points : cut(points, span)));
  const broken = within.map(withGaps);
  const times = new Set<number>(span === undefined ? [] : [span.from, span.to]);
  for (const { t } of broken) for (const time of t) times.add(time);
  const t = [...times].sort((a, b) => a - b);
  const values = broken.map((points) => {
    const row = Array.from<number | null | undefined>({ length: t.length });
    let next = 0;
    for (const [index, time] of t.entries()) {
      if (points.t[next] !== time) continue;
      row[index] = points.v[next]!;
      next += 1;
    }
    return row;
  });
  return { t, values };
}

/** At most so many, evenly spaced, the last among them. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)]!);
}

function withGaps(points: Points): Points {
  const gaps = silences(points);
  if (gaps.length === 0) return points;
  const t = [...points.t];
  const v = [...points.v];
  for (const { from, to } of gaps.toReversed()) {
    const place = firstAtOrAfter(t, to);
    t.splice(place, 0, (from + to) / 2);
    v.splice(place, 0, null);
  }
  return { t, v };
}

/** What lies within. */
function cut({ t, v }: Points, { from, to }: Span): Points {
  const begin = firstAtOrAfter(t, from);
  const end = firstAtOrAfter(t, to);
  const stop = t[end] === to ? end + 1 : end;
  return { t: t.slice(begin, stop), v: v.slice(begin, stop) };
}

function firstAtOrAfter(t: readonly number[], time: number): number {
  let [low, high] = [0, t.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (t[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
