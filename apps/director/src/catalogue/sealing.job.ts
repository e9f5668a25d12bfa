/** The door from the queue: a wake-up for one upload, and a tick that finds what was left. */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { Queue } from '../platform/queue/queue.js';
import { SealingService } from './sealing.service.js';

/** Payload: `{ organization, upload }`. */
export const SEAL = 'catalogue.seal';
const TICK = 'catalogue.tick';
const TICK_MS = 5_000;

@Injectable()
export class SealingJob implements OnModuleInit {
  constructor(
    private readonly queue: Queue,
    private readonly database: Database,
    private readonly sealing: SealingService,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.queue.on(SEAL, async ({ organization, upload }) => {
      if (organization && upload) await this.sealing.seal(organization, upload);
    });
    this.queue.on(TICK, async () => {
      for (const organization of await this.database.organizations()) {
        // What fails for one must not keep the others waiting; the next tick tries again.
        await this.sealing
          .sweep(organization)
          .catch((error: unknown) =>
            this.log.warn({ err: error, organization }, 'the catalogue was not swept'),
          );
      }
    });
    this.queue.every(TICK, TICK_MS);
  }
}
