/**
 * Statistics of a run of numbers, as pandas and numpy compute them (to 1e-9, tested against both). NaN among
 * the numbers is a place without a value. What cannot be said (too few values, a division by zero) is NaN.
 * Pure; browser-safe, since the kind takes its names from here.
 */
import { quantileOfSorted, SortedWindow } from '../../sorted-window.js';
import * as at from './sliding.js';

export const STATISTICS = [
  'mean',
  'var',
  'std',
  'min',
  'max',
  'rms',
  'p2p',
  'skew',
  'kurtosis',
  'crest',
  'median',
  'quantiles',
  'slope',
  'diff',
  'first',
  'last',
  'count',
] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Those for which a sum, or the values themselves, are enough; the others follow from moments and extremes. */
const BARE = [
  'mean',
  'first',
  'last',
  'count',
  'diff',
  'median',
  'quantiles',
  'slope',
] as const satisfies Statistic[];
type Shape = Exclude<Statistic, (typeof BARE)[number]>;

export interface StatisticsSettings {
  out: Statistic[];
  quantiles: number[];
  ddof: number;
  bias: 'population' | 'corrected';
  slopePer: 'row' | 'second';
}

/** What is appended to a column's name, in the order of the results: `mean`, `q25`, `q97_5`. */
export function suffixes({ out, quantiles }: Pick<StatisticsSettings, 'out' | 'quantiles'>): string[] {
  return out.flatMap((name) => (name === 'quantiles' ? quantiles.map(quantileName) : [name]));
}

function quantileName(q: number): string {
  return `q${String(Number((q * 100).toFixed(6))).replace('.', '_')}`;
}

export class Statistics {
  /** In the order of `suffixes`; NaN where there is none. */
  readonly results: Float64Array;
  private readonly needsShape: boolean;
  private readonly needsMoments: boolean;
  private readonly needsOrder: boolean;
  private scratch = new Float64Array(64);
  private n = 0;
  private mean = NaN;
  private m2 = 0;
  private m3 = 0;
  private m4 = 0;
  private min = NaN;
  private max = NaN;
  private squares = 0;

  constructor(private readonly settings: StatisticsSettings) {
    const { out } = settings;
    this.results = new Float64Array(suffixes(settings).length);
    this.needsShape = out.some((name) => !(BARE as readonly Statistic[]).includes(name));
    this.needsMoments = out.some((name) => ['var', 'std', 'skew', 'kurtosis'].includes(name));
    this.needsOrder = out.some((name) => name === 'median' || name === 'quantiles');
  }

  /**
   * Of values [start, end). `seconds` are their places on the time axis, at the same indexes, where the slope
   * is per second; else a place is a row. `minimum`: with fewer values only `count` and `diff` are given.
   * `order` holds the same values, where they are kept in order anyway, and `moving` their moments.
   */
  compute(
    values: Float64Array,
    start: number,
    end: number,
    minimum: number,
    seconds: Float64Array | null = null,
    order: SortedWindow | null = null,
    moving: Float64Array | null = null,
  ): void {
    if (moving !== null) this.adopt(moving);
    else if (this.needsShape) this.measure(values, start, end);
    else this.average(values, start, end);
    const { n, results } = this;
    const { out, quantiles } = this.settings;
    const enough = n > 0 && n >= minimum;
    if (this.needsOrder && order === null && enough) this.sort(values, start, end, n);
    let to = 0;
    for (const name of out) {
      if (name === 'mean') results[to++] = enough ? this.mean : NaN;
      else if (name === 'count') results[to++] = n;
      else if (name === 'diff') results[to++] = end - start < 2 ? NaN : values[end - 1] - values[end - 2];
      else if (name === 'quantiles') {
        for (const q of quantiles) results[to++] = enough ? this.quantile(q, order) : NaN;
      } else if (!enough) results[to++] = NaN;
      else if (name === 'first') results[to++] = firstOf(values, start);
      else if (name === 'last') results[to++] = lastOf(values, end);
      else if (name === 'median') results[to++] = this.quantile(0.5, order);
      else if (name === 'slope') results[to++] = this.slope(values, start, end, seconds, moving);
      else results[to++] = this.shape(name);
    }
  }

  /** What follows from the moments and extremes alone. */
  private shape(name: Shape): number {
    const { n, m2, m3, m4, min, max, squares } = this;
    const { ddof, bias } = this.settings;
    switch (name) {
      case 'var':
        return variance(m2, n, ddof);
      case 'std':
        return Math.sqrt(variance(m2, n, ddof));
      case 'min':
        return min;
      case 'max':
        return max;
      case 'p2p':
        return max - min;
      case 'rms':
        return Math.sqrt(squares / n);
      case 'crest':
        return Math.max(max, -min) / Math.sqrt(squares / n);
      case 'skew':
        return skewness(m2, m3, n, bias);
      case 'kurtosis':
        return excess(m2, m4, n, bias);
    }
  }

  private slope(
    values: Float64Array,
    start: number,
    end: number,
    seconds: Float64Array | null,
    moving: Float64Array | null,
  ): number {
    if (this.n < 2) return NaN;
    if (moving !== null) return moving[at.XY] / moving[at.XX];
    return slope(values, start, end, this.n, this.mean, seconds);
  }

  /** What is enough where no shape is asked for. */
  private average(values: Float64Array, start: number, end: number): void {
    let n = end - start;
    let sum = 0;
    for (let i = start; i < end; i++) sum += values[i];
    if (sum !== sum) {
      // Places without a value are rare: only then is each looked at.
      n = sum = 0;
      for (let i = start; i < end; i++) {
        if (values[i] !== values[i]) continue;
        n++;
        sum += values[i];
      }
    }
    this.n = n;
    this.mean = sum / n;
  }

  /** Two passes: sums first, then moments about the mean. */
  private measure(values: Float64Array, start: number, end: number): void {
    let n = 0;
    let sum = 0;
    let squares = 0;
    let min = Infinity;
    let max = -Infinity;
    for (let i = start; i < end; i++) {
      const x = values[i];
      if (x !== x) continue;
      n++;
      sum += x;
      squares += x * x;
      if (x < min) min = x;
      if (x > max) max = x;
    }
    let mean = sum / n;
    let m2 = 0;
    let m3 = 0;
    let m4 = 0;
    let left = 0;
    // Equal values have no spread; their mean may be off by a bit, and that is not one.
    if (this.needsMoments && max > min) {
      for (let i = start; i < end; i++) {
        const d = values[i] - mean;
        if (d !== d) continue;
        const d2 = d * d;
        m2 += d2;
        m3 += d2 * d;
        m4 += d2 * d2;
        left += d;
      }
      // The mean was rounded; what the distances have left over puts it and the moments right.
      const off = left / n;
      mean += off;
      m4 -= 4 * off * m3;
      m3 -= 3 * off * m2;
      m2 -= off * left;
    }
    this.n = n;
    this.mean = mean;
    this.m2 = m2;
    this.m3 = m3;
    this.m4 = m4;
    this.min = min;
    this.max = max;
    this.squares = squares;
  }

  private adopt(moving: Float64Array): void {
    const spread = moving[at.MAX] > moving[at.MIN];
    this.n = moving[at.N];
    this.mean = moving[at.MEAN];
    this.m2 = spread ? moving[at.M2] : 0;
    this.m3 = spread ? moving[at.M3] : 0;
    this.m4 = spread ? moving[at.M4] : 0;
    this.min = moving[at.MIN];
    this.max = moving[at.MAX];
    this.squares = moving[at.SQUARES];
  }

  private quantile(q: number, order: SortedWindow | null): number {
    return quantileOfSorted(order === null ? this.scratch : order.sorted, this.n, q);
  }

  private sort(values: Float64Array, start: number, end: number, n: number): void {
    if (n > this.scratch.length) this.scratch = new Float64Array(n * 2);
    let to = 0;
    for (let i = start; i < end; i++) if (values[i] === values[i]) this.scratch[to++] = values[i];
    this.scratch.subarray(0, n).sort();
  }
}

function firstOf(values: Float64Array, start: number): number {
  while (values[start] !== values[start]) start++;
  return values[start];
}

function lastOf(values: Float64Array, end: number): number {
  while (values[end - 1] !== values[end - 1]) end--;
  return values[end - 1];
}

function variance(m2: number, n: number, ddof: number): number {
  return n > ddof ? m2 / (n - ddof) : NaN;
}

/** Fisher's g1; corrected: G1 of Joanes and Gill (1998), as pandas. 0 for equal values, as pandas. */
function skewness(m2: number, m3: number, n: number, bias: 'population' | 'corrected'): number {
  if (bias === 'corrected' && n < 3) return NaN;
  if (m2 === 0) return 0;
  const g = m3 / n / (m2 / n) ** 1.5;
  return bias === 'population' ? g : (g * Math.sqrt(n * (n - 1))) / (n - 2);
}

/** Excess g2; corrected: G2 of Joanes and Gill, as pandas. 0 for equal values, as pandas. */
function excess(m2: number, m4: number, n: number, bias: 'population' | 'corrected'): number {
  if (bias === 'corrected' && n < 4) return NaN;
  if (m2 === 0) return 0;
  const g = m4 / n / (m2 / n) ** 2 - 3;
  return bias === 'population' ? g : ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * g + 6);
}

/** Least squares over the places that have a value. */
function slope(
  values: Float64Array,
  start: number,
  end: number,
  n: number,
  mean: number,
  seconds: Float64Array | null,
): number {
  let places = 0;
  for (let i = start; i < end; i++)
    if (values[i] === values[i]) places += seconds === null ? i - start : seconds[i];
  const middle = places / n;
  let xy = 0;
  let xx = 0;
  for (let i = start; i < end; i++) {
    if (values[i] !== values[i]) continue;
    const x = (seconds === null ? i - start : seconds[i]) - middle;
    xy += x * (values[i] - mean);
    xx += x * x;
  }
  return xy / xx;
}
