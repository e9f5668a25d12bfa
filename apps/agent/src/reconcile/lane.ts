/**
 * One flow of this node in memory: its record, its processes, and what the loop remembers of it between two
 * looks. A lane does one step at a time, and lanes do not wait for one another.
 */
import type { DesiredFlow, Reason } from '@millrace/schemas';
import { pause } from '../backoff.js';
import type { FlowFolders } from '../folders.js';
import type { FlowProcess } from '../flows/process.js';
import { setKey, type FlowRecord, type SetSettings } from '../flows/sets.js';
import type { Step } from './next-step.js';
import type { Waiting } from './view.js';

export interface Wanted {
  flow: DesiredFlow;
  key: string;
  /** Epoch ms after which it may not be installed any more. */
  expiresAt: number;
  /** Monotonic: since when this set is wanted. */
  since: number;
}

export class Lane {
  /** null: removed. undefined: no desired state is known. */
  wanted: Wanted | null | undefined;
  readonly processes = new Map<string, FlowProcess>();
  /** Settings of sets that were read from the disk. */
  readonly settings = new Map<string, SetSettings>();
  readonly verified = new Set<string>();
  /** Sets whose files were found changed. */
  readonly damaged = new Set<string>();
  /** Why a set's sources could not be opened. */
  readonly faults = new Map<string, { code: string; detail: string }>();
  retry: (Waiting & { failures: number }) | null = null;
  restart: (Waiting & { halted: boolean }) | null = null;
  /** Monotonic times at which the good set failed. */
  failures: number[] = [];
  rateBefore = 0;
  /** Epoch milliseconds at which the old version was told to take nothing more. */
  swappedAt = 0;
  step: Step = { do: 'wait', until: null, reason: null };
  gone = false;
  private current = new AbortController();
  private wakeUp = new AbortController();

  constructor(
    readonly flow: string,
    readonly folders: FlowFolders,
    public record: FlowRecord,
  ) {}

  /** What is desired from now on. True when that differs from before. */
  want(flow: DesiredFlow | null, expiresAt: number, now: number): boolean {
    const key = flow === null ? null : setKey(flow);
    const before = this.wanted?.key ?? (this.wanted === null ? null : undefined);
    const changed = before !== key;
    const since = changed ? now : (this.wanted?.since ?? now);
    this.wanted = flow === null ? null : { flow, key: key!, expiresAt, since };
    if (changed) {
      this.retry = null;
      this.interrupt('something else is desired now');
    }
    this.wake();
    return changed;
  }

  /** Ends a step that only waits for something, a download or a start, so that the loop looks again. */
  interrupt(why: string): void {
    this.current.abort(new Error(why));
    this.current = new AbortController();
    this.wake();
  }

  /** The running step is to give up: see `interrupt`. */
  get signal(): AbortSignal {
    return this.current.signal;
  }

  wake(): void {
    this.wakeUp.abort();
  }

  async sleep(ms: number): Promise<void> {
    await pause(ms, this.wakeUp.signal);
    this.wakeUp = new AbortController();
  }

  waitFor(reason: Reason, until: number): void {
    this.retry = { reason, until, failures: (this.retry?.failures ?? 0) + 1 };
  }
}
