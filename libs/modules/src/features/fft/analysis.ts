/**
 * From a window of numbers to what is asked of its spectrum: detrend, weigh, transform, read. Allocates nothing a
 * window. What cannot be said is NaN. It knows nothing of records.
 */
import type { Band, Result } from './kind.js';
import { spectrumOf, type Spectrum } from './transform.js';

export interface AnalysisSettings {
  size: number;
  sampleHz: number;
  window: 'hann' | 'none';
  detrend: 'mean' | 'linear' | 'none';
  out: Result[];
  bands: Band[];
  scale: 'raw' | 'amplitude';
  rolloffShare: number;
}

export class Analysis {
  /** Sizes of the bins of the last window. */
  readonly bins: Float64Array;
  /** One number a field, in the order of `fieldsOf`; the place of `bins` holds NaN. */
  readonly results: Float64Array;
  private readonly spectrum: Spectrum;
  private readonly weights: Float64Array | null;
  private readonly factor: number;
  private readonly scratch: Float64Array;
  /** First bin of each band, and the one after its last. */
  private readonly edges: [number, number][];

  constructor(private readonly settings: AnalysisSettings) {
    const { size, sampleHz, window, scale, out, bands } = settings;
    this.spectrum = spectrumOf(size);
    this.bins = new Float64Array(Math.floor(size / 2) + 1);
    this.scratch = new Float64Array(size);
    this.weights =
      window === 'none'
        ? null
        : Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    const weight = this.weights === null ? size : this.weights.reduce((sum, w) => sum + w, 0);
    this.factor = scale === 'raw' ? 1 : 1 / weight;
    this.results = new Float64Array(
      out.reduce((n, result) => n + (result === 'bands' ? bands.length : result === 'peak' ? 2 : 1), 0),
    );
    const firstFrom = (hz: number): number => {
      let k = 0;
      while (k < this.bins.length && (k * sampleHz) / size < hz) k++;
      return k;
    };
    this.edges = bands.map(({ fromHz, toHz }) => [firstFrom(fromHz), firstFrom(toHz)]);
  }

  /** Of `size` numbers from `start` on; false, and all results NaN, when one of them is none. */
  of(values: Float64Array, start: number): boolean {
    const { bins, results, factor } = this;
    if (!this.prepare(values, start)) {
      results.fill(NaN);
      return false;
    }
    this.spectrum.magnitudes(this.scratch, bins);
    if (factor !== 1) {
      // A frequency stands at k and, mirrored, at size - k, but for 0 and half of the rate.
      const last = this.settings.size % 2 === 0 ? bins.length - 1 : bins.length;
      for (let k = 0; k < bins.length; k++) bins[k] *= k === 0 || k === last ? factor : 2 * factor;
    }
    this.read();
    return true;
  }

  private prepare(values: Float64Array, start: number): boolean {
    const { scratch, weights } = this;
    const { size, detrend } = this.settings;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const value = values[start + i];
      scratch[i] = value;
      sum += value;
    }
    if (sum - sum !== 0) return false;
    if (detrend !== 'none') {
      const mean = sum / size;
      const slope = detrend === 'linear' ? this.slope(mean) : 0;
      const middle = (size - 1) / 2;
      for (let i = 0; i < size; i++) scratch[i] -= mean + slope * (i - middle);
    }
    if (weights !== null) for (let i = 0; i < size; i++) scratch[i] *= weights[i];
    return true;
  }

  /** Least squares, per row. */
  private slope(mean: number): number {
    const { scratch } = this;
    const middle = (scratch.length - 1) / 2;
    let xy = 0;
    let xx = 0;
    for (let i = 0; i < scratch.length; i++) {
      xy += (i - middle) * (scratch[i] - mean);
      xx += (i - middle) * (i - middle);
    }
    return xy / xx;
  }

  private read(): void {
    const { bins, results, edges } = this;
    const { out, size, sampleHz, rolloffShare } = this.settings;
    const hz = sampleHz / size;
    let sum = 0;
    let moment = 0;
    let peak = 0;
    let at = NaN;
    for (let k = 1; k < bins.length; k++) {
      const bin = bins[k];
      sum += bin;
      moment += bin * k;
      if (bin > peak) {
        peak = bin;
        at = k;
      }
    }
    let to = 0;
    for (const result of out) {
      if (result === 'bins') results[to++] = NaN;
      else if (result === 'bands') for (const [from, end] of edges) results[to++] = energy(bins, from, end);
      else if (result === 'centroid') results[to++] = (moment / sum) * hz;
      else if (result === 'rolloff') results[to++] = rolloff(bins, sum, rolloffShare) * hz;
      else {
        results[to++] = peak;
        results[to++] = at * hz;
      }
    }
  }
}

function energy(bins: Float64Array, from: number, end: number): number {
  let sum = 0;
  for (let k = from; k < end; k++) sum += bins[k] * bins[k];
  return sum;
}

/** The first bin at which the sum so far reaches its share of the whole; NaN when there is nothing. */
function rolloff(bins: Float64Array, whole: number, share: number): number {
  if (!(whole > 0)) return NaN;
  let sum = 0;
  for (let k = 1; k < bins.length - 1; k++) {
    sum += bins[k];
    if (sum >= share * whole) return k;
  }
  return bins.length - 1;
}
