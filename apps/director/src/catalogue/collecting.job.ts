/** The door from the queue: old versions are looked through every hour. */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { Queue } from '../platform/queue/queue.js';
import { RetentionService } from './retention.service.js';

const TICK = 'catalogue.collect';
const TICK_MS = 3_600_000;

@Injectable()
export class CollectingJob implements OnModuleInit {
  constructor(
    private readonly queue: Queue,
    private readonly database: Database,
    private readonly retention: RetentionService,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.queue.on(TICK, async () => {
      for (const organization of await this.database.organizations()) {
        // What fails for one must not keep the others waiting; the next tick tries again.
        await this.retention
          .collect(organization)
          .catch((error: unknown) =>
            this.log.warn({ err: error, organization }, 'old versions were not collected'),
          );
      }
    });
    this.queue.every(TICK, TICK_MS);
  }
}
