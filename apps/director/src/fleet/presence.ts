/**
 * Who is there, and how they are: kept in memory and written in batches, so that a heartbeat is no row update.
 *
 * Guarantee: a change of presence is written within a second, one statement for all nodes; signs of life and
 * metrics at most every 30 s a node. A node that says nothing for 90 s counts as offline. What is lost when
 * the process ends comes again with the next heartbeat.
 */
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { FlowMetrics, Metrics } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { Queue } from '../platform/queue/queue.js';
import { FleetChanges } from './changes.js';
import { NodesStore, type Sign } from './nodes.store.js';
import { RunsStore } from './runs.store.js';
import { StandingStore } from './standing.store.js';

const FLUSH_MS = 1_000;
const WRITTEN_EVERY_MS = 30_000;
/** Three polls of 30 s. */
export const SILENT_AFTER_MS = 90_000;
const TICK = 'fleet.presence-tick';
const TICK_MS = 15_000;

interface Known {
  online: boolean;
  seen: number;
  metrics?: Metrics;
  /** By flow, and when it was said: an agent says at once what has changed, and everything each minute. */
  flows: Map<string, { said: FlowMetrics; at: number }>;
  written: { online: boolean | null; at: number };
}

@Injectable()
export class Presence implements OnModuleInit, OnApplicationShutdown {
  private readonly fleets = new Map<string, Map<string, Known>>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly standing: StandingStore,
    private readonly runs: RunsStore,
    private readonly changes: FleetChanges,
    private readonly queue: Queue,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.queue.on(TICK, () => this.sweep());
    this.queue.every(TICK, TICK_MS);
    this.timer = setInterval(() => {
      this.flushing = this.flushing
        .then(() => this.flush())
        .catch((error: unknown) => {
          this.log.warn({ err: error }, 'presence could not be written; it comes with the next batch');
        });
    }, FLUSH_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
  }

  /** A sign of life: a message, a poll. */
  heard(organization: string, node: string, metrics?: Metrics): void {
    const known = this.known(organization, node);
    const now = this.clock.now();
    // After a silence the tables may say offline, whoever wrote it.
    if (now - known.seen > SILENT_AFTER_MS / 2) known.written.online = null;
    known.online = true;
    known.seen = now;
    if (!metrics) return;
    for (const said of metrics.flows) known.flows.set(said.flow, { said, at: now });
    for (const [flow, { at }] of known.flows) if (now - at > SILENT_AFTER_MS) known.flows.delete(flow);
    known.metrics = { ...metrics, flows: [...known.flows.values()].map(({ said }) => said) };
  }

  /** Its will, or its farewell. */
  left(organization: string, node: string): void {
    this.known(organization, node).online = false;
  }

  /** Writes what must be written now. */
  async flush(): Promise<void> {
    const now = this.clock.now();
    for (const [organization, fleet] of this.fleets) {
      const due = [...fleet].filter(
        ([, known]) =>
          known.written.online !== known.online ||
          (known.seen > known.written.at && now - known.written.at >= WRITTEN_EVERY_MS),
      );
      if (due.length === 0) continue;
      const signs = due.map(([id, { online, seen, metrics }]): Sign => ({ id, online, seen, metrics }));
      await this.database.withinSql(organization, async (tx) => {
        const changed = await this.nodes.hear(tx, signs);
        if (changed.length > 0) this.changes.tell(tx, ...changed.map(presenceEvent));
        const heard = signs.flatMap(({ id, seen, metrics }) => (metrics ? [{ id, seen, metrics }] : []));
        await this.standing.count(tx, heard);
      });
      for (const [i, [, known]] of due.entries()) {
        known.written = { online: signs[i]?.online ?? null, at: now };
        if (known.metrics === signs[i]?.metrics) known.metrics = undefined;
      }
    }
  }

  /** Everybody of whom nothing was heard for too long. */
  async sweep(): Promise<void> {
    const since = new Date(this.clock.now() - SILENT_AFTER_MS);
    for (const organization of await this.database.organizations()) {
      await this.database.withinSql(organization, async (tx) => {
        const gone = await this.nodes.silence(tx, since);
        if (gone.length > 0) this.changes.tell(tx, ...gone.map(presenceEvent));
        await this.standing.sweep(tx, this.clock.now());
        await this.runs.sweep(tx, this.clock.now());
      });
      const fleet = this.fleets.get(organization);
      for (const [id, known] of fleet ?? []) if (known.seen < since.getTime()) fleet?.delete(id);
    }
  }

  private known(organization: string, node: string): Known {
    let fleet = this.fleets.get(organization);
    if (!fleet) this.fleets.set(organization, (fleet = new Map()));
    let known = fleet.get(node);
    if (!known) {
      const written = { online: null, at: 0 };
      fleet.set(node, (known = { online: false, seen: this.clock.now(), flows: new Map(), written }));
    }
    return known;
  }
}

const presenceEvent = ({ id, name, online }: { id: string; name: string; online: boolean }) => ({
  type: online ? 'node.online' : 'node.offline',
  subject: id,
  data: { node: id, name },
});
