/**
 * Statistics of a run of numbers, as pandas and numpy compute them (to 1e-9, tested against both). NaN among
 * the numbers is a place without a value. What cannot be said (too few values, a division by zero) is NaN.
 * Pure; browser-safe, since the kind takes its names from here.
 */
import { quantileOfSorted, SortedWindow } from '../../sorted-window.js';

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
  private readonly needsMoments: boolean;
  private readonly needsOrder: boolean;
  private scratch = new Float64Array(64);

  constructor(private readonly settings: StatisticsSettings) {
    const { out } = settings;
    this.results = new Float64Array(suffixes(settings).length);
    this.needsMoments = out.some((name) => ['var', 'std', 'skew', 'kurtosis'].includes(name));
    this.needsOrder = out.some((name) => name === 'median' || name === 'quantiles');
  }

  /**
   * Of values [start, end). `seconds` are their places on the time axis, at the same indexes, where the slope
   * is per second; else a place is a row. `minimum`: with fewer values only `count` and `diff` are given.
   * `order` holds the same values, where they are kept in order anyway.
   */
  compute(
    values: Float64Array,
    start: number,
    end: number,
    minimum: number,
    seconds: Float64Array | null = null,
    order: SortedWindow | null = null,
  ): void {
    let n = 0;
    let sum = 0;
    let squares = 0;
    let min = Infinity;
    let max = -Infinity;
    let first = NaN;
    let last = NaN;
    for (let i = start; i < end; i++) {
      const x = values[i];
      if (x !== x) continue;
      if (n++ === 0) first = x;
      last = x;
      sum += x;
      squares += x * x;
      if (x < min) min = x;
      if (x > max) max = x;
    }
    const mean = sum / n;
    let m2 = 0;
    let m3 = 0;
    let m4 = 0;
    // Equal values have no spread; their mean may be off by a bit, and that is not one.
    if (this.needsMoments && max > min) {
      for (let i = start; i < end; i++) {
        const d = values[i] - mean;
        if (d !== d) continue;
        const d2 = d * d;
        m2 += d2;
        m3 += d2 * d;
        m4 += d2 * d2;
      }
    }
    const enough = n > 0 && n >= minimum;
    if (this.needsOrder && order === null && enough) this.sort(values, start, end, n);
    const { results } = this;
    const { ddof, bias } = this.settings;
    const one = (name: Exclude<Statistic, 'count' | 'diff' | 'quantiles'>): number => {
      switch (name) {
        case 'mean':
          return mean;
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
        case 'median':
          return this.quantile(0.5, n, order);
        case 'slope':
          return slope(values, start, end, n, mean, seconds);
        case 'first':
          return first;
        case 'last':
          return last;
      }
    };
    let at = 0;
    for (const name of this.settings.out) {
      if (name === 'count') results[at++] = n;
      else if (name === 'diff') results[at++] = end - start < 2 ? NaN : values[end - 1] - values[end - 2];
      else if (name === 'quantiles') {
        for (const q of this.settings.quantiles) results[at++] = enough ? this.quantile(q, n, order) : NaN;
      } else results[at++] = enough ? one(name) : NaN;
    }
  }

  private quantile(q: number, n: number, order: SortedWindow | null): number {
    return quantileOfSorted(order === null ? this.scratch : order.sorted, n, q);
  }

  private sort(values: Float64Array, start: number, end: number, n: number): void {
    if (n > this.scratch.length) this.scratch = new Float64Array(n * 2);
    let to = 0;
    for (let i = start; i < end; i++) if (values[i] === values[i]) this.scratch[to++] = values[i];
    this.scratch.subarray(0, n).sort();
  }
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
  if (n < 2) return NaN;
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
