/**
 * The complex forward transform of 2^k points, each a pair of neighbours in an array: Stockham's passes of radix 8,
 * which leave the points in order, and one of 4 or 2 for what is left.
 *
 * Guarantee: its input stays as it is, and a transform allocates nothing. The butterflies are written out, since
 * it is they that a spectrum costs. It knows nothing of real numbers; `transform.ts` does.
 */

/** Numbers a butterfly: a cosine and a sine for each of its outputs 1 to 7. */
const TURNS = 14;
const HALF_ROOT = Math.SQRT1_2;

export class Complex {
  /** A pass of radix 8 each: for each of its butterflies the turns of outputs 1 to 7. */
  private readonly turns: Float64Array[] = [];
  private readonly rest: number;
  private readonly one: Float64Array;
  private readonly other: Float64Array;

  constructor(size: number) {
    let length = size;
    for (; length % 8 === 0; length /= 8) {
      const turns = new Float64Array((length / 8) * TURNS);
      for (let p = 0; p < length / 8; p++)
        for (let j = 1; j < 8; j++) {
          turns[TURNS * p + 2 * j - 2] = Math.cos((2 * Math.PI * j * p) / length);
          turns[TURNS * p + 2 * j - 1] = -Math.sin((2 * Math.PI * j * p) / length);
        }
      this.turns.push(turns);
    }
    this.rest = length;
    this.one = new Float64Array(2 * size);
    this.other = new Float64Array(2 * size);
  }

  /** The array with the result is this object's, and written again by the next transform. */
  forward(input: Float64Array): Float64Array {
    let from = input;
    let to = this.one;
    let stride = 2;
    for (const turns of this.turns) {
      if (turns.length === TURNS) eightStraight(from, to, stride);
      else eight(from, to, stride, turns);
      from = to;
      to = to === this.one ? this.other : this.one;
      stride *= 8;
    }
    if (this.rest === 1) return from;
    if (this.rest === 4) four(from, to, stride);
    else two(from, to, stride);
    return to;
  }
}

/** A pass. `stride` counts numbers, so it is twice that of the points. */
function eight(x: Float64Array, y: Float64Array, stride: number, turns: Float64Array): void {
  const eighth = x.length >> 3;
  let to = 0;
  let from = 0;
  for (let turn = 0; turn < turns.length; turn += TURNS) {
    const c1 = turns[turn];
    const s1 = turns[turn + 1];
    const c2 = turns[turn + 2];
    const s2 = turns[turn + 3];
    const c3 = turns[turn + 4];
    const s3 = turns[turn + 5];
    const c4 = turns[turn + 6];
    const s4 = turns[turn + 7];
    const c5 = turns[turn + 8];
    const s5 = turns[turn + 9];
    const c6 = turns[turn + 10];
    const s6 = turns[turn + 11];
    const c7 = turns[turn + 12];
    const s7 = turns[turn + 13];
    for (const end = from + stride; from < end; from += 2, to += 2) {
      // Sums and differences of points that lie half of the length apart.
      let at = from + 4 * eighth;
      const a0r = x[from] + x[at];
      const a0i = x[from + 1] + x[at + 1];
      const b0r = x[from] - x[at];
      const b0i = x[from + 1] - x[at + 1];
      let near = from + eighth;
      at += eighth;
      const a1r = x[near] + x[at];
      const a1i = x[near + 1] + x[at + 1];
      const d1r = x[near] - x[at];
      const d1i = x[near + 1] - x[at + 1];
      near += eighth;
      at += eighth;
      const a2r = x[near] + x[at];
      const a2i = x[near + 1] + x[at + 1];
      const b2r = x[near + 1] - x[at + 1];
      const b2i = x[at] - x[near];
      near += eighth;
      at += eighth;
      const a3r = x[near] + x[at];
      const a3i = x[near + 1] + x[at + 1];
      const d3r = x[near] - x[at];
      const d3i = x[near + 1] - x[at + 1];
      const b1r = (d1r + d1i) * HALF_ROOT;
      const b1i = (d1i - d1r) * HALF_ROOT;
      const b3r = (d3i - d3r) * HALF_ROOT;
      const b3i = -(d3r + d3i) * HALF_ROOT;
      // The sums give the even outputs, the differences, an eighth turn each, the odd ones.
      let sr = a0r + a2r;
      let si = a0i + a2i;
      let ur = a1r + a3r;
      let ui = a1i + a3i;
      y[to] = sr + ur;
      y[to + 1] = si + ui;
      let r = sr - ur;
      let i = si - ui;
      at = to + 4 * stride;
      y[at] = r * c4 - i * s4;
      y[at + 1] = r * s4 + i * c4;
      sr = a0r - a2r;
      si = a0i - a2i;
      ur = a1r - a3r;
      ui = a1i - a3i;
      r = sr + ui;
      i = si - ur;
      at = to + 2 * stride;
      y[at] = r * c2 - i * s2;
      y[at + 1] = r * s2 + i * c2;
      r = sr - ui;
      i = si + ur;
      at += 4 * stride;
      y[at] = r * c6 - i * s6;
      y[at + 1] = r * s6 + i * c6;
      sr = b0r + b2r;
      si = b0i + b2i;
      ur = b1r + b3r;
      ui = b1i + b3i;
      r = sr + ur;
      i = si + ui;
      at = to + stride;
      y[at] = r * c1 - i * s1;
      y[at + 1] = r * s1 + i * c1;
      r = sr - ur;
      i = si - ui;
      at += 4 * stride;
      y[at] = r * c5 - i * s5;
      y[at + 1] = r * s5 + i * c5;
      sr = b0r - b2r;
      si = b0i - b2i;
      ur = b1r - b3r;
      ui = b1i - b3i;
      r = sr + ui;
      i = si - ur;
      at -= 2 * stride;
      y[at] = r * c3 - i * s3;
      y[at + 1] = r * s3 + i * c3;
      r = sr - ui;
      i = si + ur;
      at += 4 * stride;
      y[at] = r * c7 - i * s7;
      y[at + 1] = r * s7 + i * c7;
    }
    to += 7 * stride;
  }
}

/** The same where nothing is to be turned, as in a last pass. */
function eightStraight(x: Float64Array, y: Float64Array, stride: number): void {
  const eighth = x.length >> 3;
  for (let from = 0, to = 0; from < stride; from += 2, to += 2) {
    // Sums and differences of points that lie half of the length apart.
    let at = from + 4 * eighth;
    const a0r = x[from] + x[at];
    const a0i = x[from + 1] + x[at + 1];
    const b0r = x[from] - x[at];
    const b0i = x[from + 1] - x[at + 1];
    let near = from + eighth;
    at += eighth;
    const a1r = x[near] + x[at];
    const a1i = x[near + 1] + x[at + 1];
    const d1r = x[near] - x[at];
    const d1i = x[near + 1] - x[at + 1];
    near += eighth;
    at += eighth;
    const a2r = x[near] + x[at];
    const a2i = x[near + 1] + x[at + 1];
    const b2r = x[near + 1] - x[at + 1];
    const b2i = x[at] - x[near];
    near += eighth;
    at += eighth;
    const a3r = x[near] + x[at];
    const a3i = x[near + 1] + x[at + 1];
    const d3r = x[near] - x[at];
    const d3i = x[near + 1] - x[at + 1];
    const b1r = (d1r + d1i) * HALF_ROOT;
    const b1i = (d1i - d1r) * HALF_ROOT;
    const b3r = (d3i - d3r) * HALF_ROOT;
    const b3i = -(d3r + d3i) * HALF_ROOT;
    // The sums give the even outputs, the differences, an eighth turn each, the odd ones.
    let sr = a0r + a2r;
    let si = a0i + a2i;
    let ur = a1r + a3r;
    let ui = a1i + a3i;
    y[to] = sr + ur;
    y[to + 1] = si + ui;
    let r = sr - ur;
    let i = si - ui;
    at = to + 4 * stride;
    y[at] = r;
    y[at + 1] = i;
    sr = a0r - a2r;
    si = a0i - a2i;
    ur = a1r - a3r;
    ui = a1i - a3i;
    r = sr + ui;
    i = si - ur;
    at = to + 2 * stride;
    y[at] = r;
    y[at + 1] = i;
    r = sr - ui;
    i = si + ur;
    at += 4 * stride;
    y[at] = r;
    y[at + 1] = i;
    sr = b0r + b2r;
    si = b0i + b2i;
    ur = b1r + b3r;
    ui = b1i + b3i;
    r = sr + ur;
    i = si + ui;
    at = to + stride;
    y[at] = r;
    y[at + 1] = i;
    r = sr - ur;
    i = si - ui;
    at += 4 * stride;
    y[at] = r;
    y[at + 1] = i;
    sr = b0r - b2r;
    si = b0i - b2i;
    ur = b1r - b3r;
    ui = b1i - b3i;
    r = sr + ui;
    i = si - ur;
    at -= 2 * stride;
    y[at] = r;
    y[at + 1] = i;
    r = sr - ui;
    i = si + ur;
    at += 4 * stride;
    y[at] = r;
    y[at + 1] = i;
  }
}

/** The last pass, where a factor of 4 is left: nothing to turn. */
function four(x: Float64Array, y: Float64Array, stride: number): void {
  for (let a = 0, b = stride, c = 2 * stride, d = 3 * stride; a < stride; a += 2, b += 2, c += 2, d += 2) {
    const sr = x[a] + x[c];
    const si = x[a + 1] + x[c + 1];
    const tr = x[a] - x[c];
    const ti = x[a + 1] - x[c + 1];
    const ur = x[b] + x[d];
    const ui = x[b + 1] + x[d + 1];
    const vr = x[b] - x[d];
    const vi = x[b + 1] - x[d + 1];
    y[a] = sr + ur;
    y[a + 1] = si + ui;
    y[b] = tr + vi;
    y[b + 1] = ti - vr;
    y[c] = sr - ur;
    y[c + 1] = si - ui;
    y[d] = tr - vi;
    y[d + 1] = ti + vr;
  }
}

function two(x: Float64Array, y: Float64Array, stride: number): void {
  for (let a = 0, b = stride; a < stride; a++, b++) {
    y[a] = x[a] + x[b];
    y[b] = x[a] - x[b];
  }
}
