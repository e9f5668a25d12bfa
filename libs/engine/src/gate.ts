/**
 * Back-pressure: one gate a flow. Modules in which records wait close it at their limit; sources hold back
 * until the last of them has sunk to half. Synchronous chains never touch it: a call that has not returned
 * is back-pressure enough.
 */
export class Gate {
  private closers = new Set<string>();
  private waiting: (() => void)[] = [];

  get open(): boolean {
    return this.closers.size === 0;
  }

  report(module: string, queued: number, size: number): void {
    if (queued >= size) this.closers.add(module);
    else if (queued <= size / 2 && this.closers.delete(module) && this.open) this.release();
  }

  /** Resolves when open. Never rejects; stopping the flow opens the gate for good. */
  wait(): Promise<void> {
    return this.open ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  release(): void {
    this.closers.clear();
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
