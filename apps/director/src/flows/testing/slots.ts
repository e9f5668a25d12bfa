/** Places for what takes memory and a processor: so many a key, so many in all. Nobody waits for one. */
import { Failure } from '@millrace/schemas';

export class Slots {
  private readonly taken = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly perKey: number,
    private readonly inAll: number,
  ) {}

  /** Gives the function that frees the place again. */
  take(key: string): () => void {
    const own = this.taken.get(key) ?? 0;
    if (own >= this.perKey) {
      throw new Failure(
        'platform.too-many-requests',
        `${own} test runs of this organization are under way, and more are not allowed at once. End one, or wait for it.`,
        { retryAfter: 5 },
      );
    }
    if (this.total >= this.inAll) {
      throw new Failure(
        'platform.too-many-requests',
        `${this.total} test runs are under way on this director, and more are not allowed at once. Try again in a moment.`,
        { retryAfter: 5 },
      );
    }
    this.taken.set(key, own + 1);
    this.total += 1;
    let free = false;
    return () => {
      if (free) return;
      free = true;
      this.total -= 1;
      const left = (this.taken.get(key) ?? 1) - 1;
      if (left > 0) this.taken.set(key, left);
      else this.taken.delete(key);
    };
  }
}
