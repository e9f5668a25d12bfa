/**
 * Who looks at the flow of this process: a sampler each, and a frame at each interval while the lease holds.
 *
 * Guarantee: where nobody looks nothing is sampled, and a look that is not renewed ends by itself. A frame that
 * finds the one before still on its way is left out and counted, so that nothing piles up. A look goes on when
 * the flow is opened anew.
 */
import { FlowSampler, type FlowRun } from '@millrace/engine';
import type { TapFrame } from '@millrace/schemas';
import type { Look } from './ipc.js';

export interface LooksOptions {
  /** The run whose sources are open. */
  running(): FlowRun | undefined;
  /** `sent` is called when it has gone. */
  tell(look: string, frame: TapFrame, missed: number, sent: () => void): void;
}

export interface Looks {
  /** All looks from now on. One that goes on as it was keeps what it has counted so far. */
  set(looks: readonly Look[]): void;
}

interface Looking {
  look: Look;
  /** Monotonic milliseconds. */
  until: number;
  timer: NodeJS.Timeout;
  run?: FlowRun;
  sampler?: FlowSampler;
  underWay: boolean;
  missed: number;
}

export function flowLooks({ running, tell }: LooksOptions): Looks {
  const all = new Map<string, Looking>();

  function end({ look, timer, sampler }: Looking): void {
    clearInterval(timer);
    sampler?.stop();
    all.delete(look.id);
  }

  /** Looks at what runs now, which may be another run than at the last beat. */
  function aim(looking: Looking): void {
    const { look } = looking;
    const run = running();
    if (run === looking.run) return;
    looking.sampler?.stop();
    looking.run = run;
    const modules = look.modules?.filter((id) => run?.units.some((unit) => unit.id === id));
    looking.sampler = run && new FlowSampler(run, { perPort: look.perPort, modules, since: Date.now() });
  }

  function beat(looking: Looking): void {
    if (performance.now() >= looking.until) return end(looking);
    const before = looking.sampler;
    aim(looking);
    // One that has just begun has seen nothing yet.
    if (looking.sampler === undefined || looking.sampler !== before) return;
    const frame = looking.sampler.frame(Date.now());
    if (looking.underWay) {
      looking.missed++;
      return;
    }
    looking.underWay = true;
    tell(looking.look.id, frame, looking.missed, () => (looking.underWay = false));
    looking.missed = 0;
  }

  return {
    set(looks) {
      for (const looking of all.values()) {
        const now = looks.find(({ id }) => id === looking.look.id);
        if (now === undefined || !same(now, looking.look)) end(looking);
      }
      for (const look of looks) {
        const until = performance.now() + look.leaseMs;
        const known = all.get(look.id);
        if (known !== undefined) {
          known.until = until;
          continue;
        }
        const looking: Looking = {
          look,
          until,
          timer: setInterval(() => beat(looking), look.intervalMs),
          underWay: false,
          missed: 0,
        };
        all.set(look.id, looking);
        aim(looking);
      }
    },
  };
}

const same = (a: Look, b: Look): boolean =>
  a.perPort === b.perPort &&
  a.intervalMs === b.intervalMs &&
  JSON.stringify(a.modules) === JSON.stringify(b.modules);
