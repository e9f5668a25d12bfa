/**
 * One look at one flow of one node, shared by all who watch it in this process.
 *
 * Guarantee: while anybody watches, the tap is renewed and is tried again whenever the node or the flow may be
 * back; when the last one goes it is given up. Each watcher hears the state first, and again when it changes;
 * frames hold only the modules that they asked for.
 */
import {
  Failure,
  TAP_LEASE_MS,
  TapResult,
  type LiveFlowEvent,
  type Reply,
  type TapFrame,
} from '@millrace/schemas';

const RENEW_MS = 10_000;
/** How soon a flow that does not run, or a node that is silent, is asked again. */
const AGAIN_MS = 3_000;
/** What a database or a broker says of itself is nobody's business. */
const CANNOT = 'the director cannot ask the node right now and tries again';

export interface Watcher {
  /** Absent: all. */
  modules?: ReadonlySet<string>;
  see(event: LiveFlowEvent): void;
}

/** `none`: nothing to wait for any more. */
export type Standing = { node: 'online' } | { node: 'offline' | 'none'; detail: string };

export interface TapSurroundings {
  flow: string;
  standing(): Promise<Standing>;
  /** Tells the node the whole wish; throws when it does not answer. */
  tap(wish: { modules?: string[]; leaseMs: number }): Promise<Reply>;
  /** Every reply to this tap; gives how to stop. */
  hear(then: (reply: Reply) => void): Promise<() => void>;
}

type State = Extract<LiveFlowEvent, { event: 'state' }>;

export class SharedTap {
  /** Resolves when all is given up. */
  done: Promise<void> = Promise.resolve();
  private readonly watchers = new Set<Watcher>();
  private state: State | undefined;
  private ending: string | undefined;
  private stopHearing: (() => void) | undefined;
  private wakeUp: () => void = () => undefined;
  private woken = false;

  constructor(private readonly around: TapSurroundings) {}

  start(first: Watcher): void {
    this.watchers.add(first);
    this.done = this.live();
  }

  /** False: it is over, make another one. */
  join(watcher: Watcher): boolean {
    if (this.ending !== undefined || this.watchers.size === 0) return false;
    this.watchers.add(watcher);
    if (this.state) watcher.see(this.state);
    this.wake();
    return true;
  }

  leave(watcher: Watcher): void {
    if (this.watchers.delete(watcher)) this.wake();
  }

  /** Something may have changed: looks at once instead of at the next turn. */
  wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  end(why: string): void {
    this.ending ??= why;
    this.wake();
  }

  private async live(): Promise<void> {
    while (this.watchers.size > 0 && this.ending === undefined) {
      this.woken = false;
      const pause = await this.turn().catch((error: unknown) => {
        this.tell('waiting', error instanceof Failure ? error.message : CANNOT);
        return AGAIN_MS;
      });
      await this.sleep(pause);
    }
    if (this.ending !== undefined) this.tell('ended', this.ending);
    this.watchers.clear();
    const heard = this.stopHearing;
    if (heard === undefined) return;
    // The lease would end it too.
    await this.around.tap({ leaseMs: 0 }).catch(() => undefined);
    heard();
  }

  /** Gives how long nothing need be done. */
  private async turn(): Promise<number> {
    const standing = await this.around.standing();
    if (standing.node === 'none') {
      this.end(standing.detail);
      return 0;
    }
    if (standing.node === 'offline') {
      this.tell('waiting', standing.detail);
      return RENEW_MS;
    }
    this.stopHearing ??= await this.around.hear((reply) => this.hear(reply));
    const reply = await this.around.tap({ modules: this.modules(), leaseMs: TAP_LEASE_MS });
    if (!reply.ok) {
      this.tell('waiting', waitingFor(this.around.flow, reply));
      return AGAIN_MS;
    }
    this.opened();
    return RENEW_MS;
  }

  private hear(reply: Reply): void {
    if (!reply.ok) {
      this.tell('waiting', waitingFor(this.around.flow, reply));
      this.wake();
      return;
    }
    const result = TapResult.safeParse(reply.result);
    if (!result.success) return;
    this.opened();
    const { frame } = result.data;
    for (const { modules, see } of this.watchers) see({ event: 'frame', frame: only(frame, modules) });
  }

  private opened(): void {
    this.tell('open', `the flow ${this.around.flow} runs`);
  }

  private tell(state: State['state'], detail: string): void {
    if (this.state?.state === state && this.state.detail === detail) return;
    this.state = { event: 'state', state, detail };
    for (const { see } of this.watchers) see(this.state);
  }

  /** What all watchers together want; undefined: everything. */
  private modules(): string[] | undefined {
    const wanted = new Set<string>();
    for (const { modules } of this.watchers) {
      if (modules === undefined) return undefined;
      for (const id of modules) wanted.add(id);
    }
    return [...wanted];
  }

  private async sleep(ms: number): Promise<void> {
    if (this.woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const waitingFor = (flow: string, { detail }: Reply) => detail ?? `the node does not show the flow ${flow}`;

function only(frame: TapFrame, modules: ReadonlySet<string> | undefined): TapFrame {
  if (modules === undefined) return frame;
  const chosen = Object.entries(frame.modules).filter(([id]) => modules.has(id));
  return { ...frame, modules: Object.fromEntries(chosen) };
}
