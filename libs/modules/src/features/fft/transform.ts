/**
 * The spectrum of real numbers: |X[k]| for k = 0..size/2, without a factor, as numpy's `abs(rfft(x))`.
 *
 * A power of two goes as half as many complex numbers through passes of radix 8, each of which reads one array and
 * writes another, so nothing is reordered. Any other size becomes a convolution of powers of two
 * (Bluestein 1970), at several times the cost. Exact to about 1e-14 of the largest bin. Everything that does not
 * depend on the data is computed once; a transform allocates nothing.
 */
import { Complex } from './complex.js';

export interface Spectrum {
  /** Writes floor(size / 2) + 1 sizes of bins. */
  magnitudes(values: Float64Array, bins: Float64Array): void;
}

export function spectrumOf(size: number): Spectrum {
  return size >= 4 && (size & (size - 1)) === 0 ? new Halved(size) : new Chirp(size);
}

/** size = 2^k: even and odd values, as they stand, are the two parts of half as many complex numbers. */
class Halved implements Spectrum {
  private readonly half: number;
  private readonly complex: Complex;
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;

  constructor(size: number) {
    this.half = size / 2;
    this.complex = new Complex(this.half);
    // A quarter of the way round, halved, since the sums below are twice what they stand for.
    const quarter = { length: size / 4 + 1 };
    this.cos = Float64Array.from(quarter, (_, k) => Math.cos((2 * Math.PI * k) / size) / 2);
    this.sin = Float64Array.from(quarter, (_, k) => Math.sin((2 * Math.PI * k) / size) / 2);
  }

  magnitudes(values: Float64Array, bins: Float64Array): void {
    const { half, cos, sin } = this;
    const z = this.complex.forward(values);
    bins[0] = Math.abs(z[0] + z[1]);
    bins[half] = Math.abs(z[0] - z[1]);
    // Two bins at a time: both are made of the same two numbers.
    for (let k = 1, j = half - 1; k <= j; k++, j--) {
      const zkr = z[2 * k];
      const zki = z[2 * k + 1];
      const zjr = z[2 * j];
      const zji = z[2 * j + 1];
      const evenRe = (zkr + zjr) * 0.5;
      const evenIm = (zki - zji) * 0.5;
      const oddRe = zki + zji;
      const oddIm = zjr - zkr;
      const turnedRe = oddRe * cos[k] + oddIm * sin[k];
      const turnedIm = oddIm * cos[k] - oddRe * sin[k];
      bins[k] = length(evenRe + turnedRe, evenIm + turnedIm);
      bins[j] = length(evenRe - turnedRe, evenIm - turnedIm);
    }
  }
}

/** Any size: X[k] as a convolution with a chirp, through a power of two of at least twice the size. */
class Chirp implements Spectrum {
  private readonly complex: Complex;
  private readonly long: number;
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;
  private readonly kernel: Float64Array;
  private readonly work: Float64Array;

  constructor(private readonly size: number) {
    this.long = 2 ** Math.ceil(Math.log2(2 * size));
    this.complex = new Complex(this.long);
    // The square is taken modulo 2 size, where the angle repeats, so that it keeps its digits.
    const angle = (n: number): number => (Math.PI * ((n * n) % (2 * size))) / size;
    this.cos = Float64Array.from({ length: size }, (_, n) => Math.cos(angle(n)));
    this.sin = Float64Array.from({ length: size }, (_, n) => Math.sin(angle(n)));
    this.work = new Float64Array(2 * this.long);
    for (let n = 0; n < size; n++) {
      const mirrored = (this.long - n) % this.long;
      this.work[2 * n] = this.work[2 * mirrored] = this.cos[n];
      this.work[2 * n + 1] = this.work[2 * mirrored + 1] = this.sin[n];
    }
    this.kernel = this.complex.forward(this.work).slice();
  }

  magnitudes(values: Float64Array, bins: Float64Array): void {
    const { size, long, work, kernel, cos, sin } = this;
    work.fill(0);
    for (let n = 0; n < size; n++) {
      work[2 * n] = values[n] * cos[n];
      work[2 * n + 1] = -values[n] * sin[n];
    }
    const z = this.complex.forward(work);
    for (let k = 0; k < 2 * long; k += 2) {
      work[k] = z[k] * kernel[k] - z[k + 1] * kernel[k + 1];
      // Conjugated, forward is backward; the size of a number does not see it.
      work[k + 1] = -(z[k] * kernel[k + 1] + z[k + 1] * kernel[k]);
    }
    const y = this.complex.forward(work);
    const last = Math.floor(size / 2);
    for (let k = 0; k <= last; k++) bins[k] = length(y[2 * k], y[2 * k + 1]) / long;
  }
}

/** `Math.hypot` guards against overflow at many times the price; sensors do not read 1e154. */
function length(re: number, im: number): number {
  return Math.sqrt(re * re + im * im);
}
