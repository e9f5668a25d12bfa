/** Behaviour of `route.limit`: two numbers a key, the tokens in the bucket and when they were counted. */
import {
  Seen,
  type Batch,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Keyed } from '../../keyed.js';
import type { LimitSettings } from './kind.js';

interface Bucket {
  tokens: number;
  /** Time up to which tokens were added, epoch ms; NaN before the first record. */
  at: number;
}

/** Ten additions of a tenth are a little less than one, and one they are meant to be. */
const ROUNDING = 1e-9;

class Limit implements Behaviour {
  private readonly buckets: Keyed<Bucket>;
  private readonly burst: number;
  private readonly perMs: number;
  /** In so many milliseconds an empty bucket is full. */
  private readonly fillMs: number;
  private readonly seen = new Seen();
  private keep = new Uint8Array(256);

  constructor(private readonly context: ModuleContext<LimitSettings>) {
    const { settings } = context;
    this.burst = settings.burst ?? Math.max(1, settings.perSecond);
    this.perMs = settings.perSecond / 1000;
    this.fillMs = this.burst / this.perMs;
    this.buckets = new Keyed(settings, context, () => ({ tokens: this.burst, at: NaN }));
  }

  bind(inputs: readonly Input[]): void {
    this.buckets.bind(inputs);
  }

  process(batch: Batch, input: number): void {
    const { context, buckets } = this;
    if (this.keep.length < batch.n) this.keep = new Uint8Array(batch.n);
    const { keep } = this;
    buckets.begin(batch, input);
    let dropped = 0;
    for (let row = 0; row < batch.n; row++) {
      const bucket = buckets.at(row);
      keep[row] = bucket === undefined || this.take(bucket, this.timeOf(batch, row)) ? 1 : 0;
      dropped += 1 - keep[row];
    }
    if (dropped > 0) {
      context.drop('limit', dropped);
      batch.retain(keep);
    }
    if (batch.n > 0 || batch.gaps !== null) context.emit(batch);
  }

  private timeOf(batch: Batch, row: number): number {
    const { context } = this;
    if (context.settings.clock === 'event') return batch.t[row];
    if (!context.live) return this.seen.now(batch, row);
    return Number.isNaN(batch.arrival) ? context.clock.wall() : batch.arrival;
  }

  private take(bucket: Bucket, now: number): boolean {
    const passed = now - bucket.at;
    if (passed > 0) {
      bucket.tokens = Math.min(this.burst, bucket.tokens + passed * this.perMs);
      bucket.at = now;
    } else if (!(passed >= -this.fillMs)) bucket.at = now;
    if (bucket.tokens < 1 - ROUNDING) return false;
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    return true;
  }

  save(): State {
    return { buckets: this.buckets.save((bucket) => ({ ...bucket })), seen: this.seen.max };
  }

  load(state: State): void {
    const { buckets, seen } = state as { buckets: unknown; seen: number };
    this.buckets.load(buckets, (bucket: Bucket) => ({ ...bucket }));
    this.seen.max = seen;
  }
}

export const create: Create<LimitSettings> = (context) => new Limit(context);
