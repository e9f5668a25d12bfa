/**
 * The spectrum of real numbers: |X[k]| for k = 0..size/2, without a factor, as numpy's `abs(rfft(x))`.
 *
 * A power of two goes as half as many complex numbers through passes of radix 4, each of which reads one pair of
 * arrays and writes the other, so nothing is reordered. Any other size becomes a convolution of powers of two
 * (Bluestein 1970), at several times the cost. Exact to about 1e-14 of the largest bin. Everything that does not
 * depend on the data is computed once; a transform allocates nothing.
 */

/** Complex forward transform of 2^k points. */
class Complex {
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;
  private readonly otherRe: Float64Array;
  private readonly otherIm: Float64Array;

  constructor(private readonly size: number) {
    this.cos = new Float64Array(size);
    this.sin = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      this.cos[k] = Math.cos((2 * Math.PI * k) / size);
      this.sin[k] = -Math.sin((2 * Math.PI * k) / size);
    }
    this.otherRe = new Float64Array(size);
    this.otherIm = new Float64Array(size);
  }

  /** In place. */
  forward(re: Float64Array, im: Float64Array): void {
    const { size } = this;
    let fromRe = re;
    let fromIm = im;
    let toRe = this.otherRe;
    let toIm = this.otherIm;
    let length = size;
    let stride = 1;
    while (length > 1) {
      if (length % 4 === 0) {
        this.four(length / 4, stride, fromRe, fromIm, toRe, toIm);
        length /= 4;
        stride *= 4;
      } else {
        this.two(stride, fromRe, fromIm, toRe, toIm);
        length = 1;
      }
      [fromRe, toRe] = [toRe, fromRe];
      [fromIm, toIm] = [toIm, fromIm];
    }
    if (fromRe !== re) {
      re.set(fromRe);
      im.set(fromIm);
    }
  }

  /** Stockham's pass of radix 4: `quarter` butterflies with a twiddle each, `stride` times. */
  private four(
    quarter: number,
    stride: number,
    xr: Float64Array,
    xi: Float64Array,
    yr: Float64Array,
    yi: Float64Array,
  ): void {
    const { cos, sin } = this;
    const step = stride * quarter;
    for (let p = 0; p < quarter; p++) {
      const w = p * stride;
      const c1 = cos[w];
      const s1 = sin[w];
      const c2 = cos[2 * w];
      const s2 = sin[2 * w];
      const c3 = cos[3 * w];
      const s3 = sin[3 * w];
      let to = 4 * w;
      for (let from = w; from < w + stride; from++, to++) {
        const ar = xr[from];
        const ai = xi[from];
        const br = xr[from + step];
        const bi = xi[from + step];
        const cr = xr[from + 2 * step];
        const ci = xi[from + 2 * step];
        const dr = xr[from + 3 * step];
        const di = xi[from + 3 * step];
        const acr = ar + cr;
        const aci = ai + ci;
        const sacr = ar - cr;
        const saci = ai - ci;
        const bdr = br + dr;
        const bdi = bi + di;
        // -i (b - d)
        const jr = bi - di;
        const ji = dr - br;
        yr[to] = acr + bdr;
        yi[to] = aci + bdi;
        const r1 = sacr + jr;
        const i1 = saci + ji;
        yr[to + stride] = r1 * c1 - i1 * s1;
        yi[to + stride] = r1 * s1 + i1 * c1;
        const r2 = acr - bdr;
        const i2 = aci - bdi;
        yr[to + 2 * stride] = r2 * c2 - i2 * s2;
        yi[to + 2 * stride] = r2 * s2 + i2 * c2;
        const r3 = sacr - jr;
        const i3 = saci - ji;
        yr[to + 3 * stride] = r3 * c3 - i3 * s3;
        yi[to + 3 * stride] = r3 * s3 + i3 * c3;
      }
    }
  }

  /** The last pass, where one factor of 2 is left: no twiddles. */
  private two(half: number, xr: Float64Array, xi: Float64Array, yr: Float64Array, yi: Float64Array): void {
    for (let i = 0; i < half; i++) {
      const j = i + half;
      yr[i] = xr[i] + xr[j];
      yi[i] = xi[i] + xi[j];
      yr[j] = xr[i] - xr[j];
      yi[j] = xi[i] - xi[j];
    }
  }
}

export interface Spectrum {
  /** Writes floor(size / 2) + 1 sizes of bins. */
  magnitudes(values: Float64Array, bins: Float64Array): void;
}

export function spectrumOf(size: number): Spectrum {
  return size >= 4 && (size & (size - 1)) === 0 ? new Halved(size) : new Chirp(size);
}

/** size = 2^k: even and odd values as real and imaginary parts of half as many numbers. */
class Halved implements Spectrum {
  private readonly half: number;
  private readonly complex: Complex;
  private readonly re: Float64Array;
  private readonly im: Float64Array;
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;

  constructor(size: number) {
    this.half = size / 2;
    this.complex = new Complex(this.half);
    this.re = new Float64Array(this.half);
    this.im = new Float64Array(this.half);
    this.cos = Float64Array.from({ length: this.half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sin = Float64Array.from({ length: this.half }, (_, k) => Math.sin((2 * Math.PI * k) / size));
  }

  magnitudes(values: Float64Array, bins: Float64Array): void {
    const { half, re, im, cos, sin } = this;
    for (let i = 0; i < half; i++) {
      re[i] = values[2 * i];
      im[i] = values[2 * i + 1];
    }
    this.complex.forward(re, im);
    bins[0] = Math.abs(re[0] + im[0]);
    bins[half] = Math.abs(re[0] - im[0]);
    // Two bins at a time: both are made of the same two numbers.
    for (let k = 1, j = half - 1; k <= j; k++, j--) {
      const evenRe = (re[k] + re[j]) / 2;
      const evenIm = (im[k] - im[j]) / 2;
      const oddRe = (im[k] + im[j]) / 2;
      const oddIm = (re[j] - re[k]) / 2;
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
  private readonly kernelRe: Float64Array;
  private readonly kernelIm: Float64Array;
  private readonly re: Float64Array;
  private readonly im: Float64Array;

  constructor(private readonly size: number) {
    this.long = 2 ** Math.ceil(Math.log2(2 * size));
    this.complex = new Complex(this.long);
    // The square is taken modulo 2 size, where the angle repeats, so that it keeps its digits.
    const angle = (n: number): number => (Math.PI * ((n * n) % (2 * size))) / size;
    this.cos = Float64Array.from({ length: size }, (_, n) => Math.cos(angle(n)));
    this.sin = Float64Array.from({ length: size }, (_, n) => Math.sin(angle(n)));
    this.kernelRe = new Float64Array(this.long);
    this.kernelIm = new Float64Array(this.long);
    for (let n = 0; n < size; n++) {
      const mirrored = (this.long - n) % this.long;
      this.kernelRe[n] = this.kernelRe[mirrored] = this.cos[n];
      this.kernelIm[n] = this.kernelIm[mirrored] = this.sin[n];
    }
    this.complex.forward(this.kernelRe, this.kernelIm);
    this.re = new Float64Array(this.long);
    this.im = new Float64Array(this.long);
  }

  magnitudes(values: Float64Array, bins: Float64Array): void {
    const { size, long, re, im, cos, sin, kernelRe, kernelIm } = this;
    for (let n = 0; n < size; n++) {
      re[n] = values[n] * cos[n];
      im[n] = -values[n] * sin[n];
    }
    re.fill(0, size);
    im.fill(0, size);
    this.complex.forward(re, im);
    for (let k = 0; k < long; k++) {
      const r = re[k] * kernelRe[k] - im[k] * kernelIm[k];
      const i = re[k] * kernelIm[k] + im[k] * kernelRe[k];
      // Conjugated, forward is backward; the size of a number does not see it.
      re[k] = r;
      im[k] = -i;
    }
    this.complex.forward(re, im);
    const last = Math.floor(size / 2);
    for (let k = 0; k <= last; k++) bins[k] = length(re[k], im[k]) / long;
  }
}

/** `Math.hypot` guards against overflow at many times the price; sensors do not read 1e154. */
function length(re: number, im: number): number {
  return Math.sqrt(re * re + im * im);
}
