/**
 * The samples of simulated signals, in the order of their nominal times.
 *
 * Guarantee: sample k of a signal depends on the seed, the signal's place and k alone, so a position is one
 * number a signal, and any batch size gives the same samples. Pure.
 */
import type { Batch } from '@millrace/engine';
import type { Signal, SimulatorSettings } from './kind.js';

export class Signals {
  /** Number of the next sample of each signal. */
  readonly next: Float64Array;
  /** Samples left out so far, for the counters. */
  leftOut = 0;
  private readonly times: Float64Array;
  private readonly end: number;

  constructor(
    private readonly settings: Pick<
      SimulatorSettings,
      'signals' | 'dropPercent' | 'jitterMs' | 'seed' | 'durationMs'
    >,
  ) {
    this.next = new Float64Array(settings.signals.length);
    this.times = new Float64Array(settings.signals.length);
    this.end = settings.durationMs ?? Infinity;
  }

  /** Nominal time of the next sample in ms; Infinity at the end. */
  get time(): number {
    let least = Infinity;
    for (const time of this.times) if (time < least) least = time;
    return least < this.end ? least : Infinity;
  }

  /** Goes to a position. */
  seek(next: Float64Array): void {
    this.next.set(next);
    for (let i = 0; i < this.next.length; i++) this.times[i] = this.timeOf(i);
  }

  /** All samples of the next nominal time, as one record at `start` and later; no row when all are left out. */
  step(start: number, batch: Batch): void {
    const { signals, dropPercent, jitterMs, seed } = this.settings;
    const time = this.time;
    let row = -1;
    for (let i = 0; i < signals.length; i++) {
      if (this.times[i] !== time) continue;
      const k = this.next[i]++;
      this.times[i] = this.timeOf(i);
      if (dropPercent > 0 && random(seed, i, k, 0) * 100 < dropPercent) {
        this.leftOut++;
        continue;
      }
      // Jitter is the record's, so that samples which share a time share its jitter.
      if (row < 0) {
        const moved = jitterMs > 0 ? (random(seed, 0, time, 1) * 2 - 1) * jitterMs : 0;
        row = batch.row(start + time + moved);
      }
      batch.column(i).pushNumber(row, valueOf(signals[i], time, seed, i, k));
    }
  }

  private timeOf(i: number): number {
    return (this.next[i] * 1000) / this.settings.signals[i].hz;
  }
}

function valueOf(signal: Signal, time: number, seed: number, i: number, k: number): number {
  const { shape, offset, amplitude, periodMs, noise } = signal;
  const x = time % periodMs;
  let value = offset;
  if (shape === 'sine') value += amplitude * Math.sin((2 * Math.PI * x) / periodMs);
  else if (shape === 'ramp') value += (amplitude * x) / periodMs;
  else if (shape === 'step') value += x < periodMs / 2 ? 0 : amplitude;
  else if (shape === 'noise') value += amplitude * gaussian(seed, i, k, 2);
  else if (x >= signal.faultAtMs) {
    value += amplitude * Math.min(1, signal.faultMs === 0 ? 1 : (x - signal.faultAtMs) / signal.faultMs);
  }
  return noise > 0 ? value + noise * gaussian(seed, i, k, 4) : value;
}

/** Box and Muller, from two uniform numbers. */
function gaussian(seed: number, i: number, k: number, salt: number): number {
  const u = 1 - random(seed, i, k, salt);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random(seed, i, k, salt + 1));
}

/** Uniform in [0, 1): the finalizer of MurmurHash3 over the four numbers. */
function random(seed: number, i: number, k: number, salt: number): number {
  let h = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca77) ^ Math.imul(salt + 1, 0xc2b2ae3d);
  h = mix(h ^ Math.imul(Math.floor(k / 4294967296) | 0, 0x27d4eb2f));
  // `k` may be a broken time in ms: its thousandths count too.
  h = mix(h ^ Math.floor(k) ^ Math.imul(Math.round((k % 1) * 1000), 0x165667b1));
  return (h >>> 0) / 4294967296;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
