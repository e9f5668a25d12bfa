/** The door from the queue: test files whose day is over go away. */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/log.js';
import { LOG } from '../../platform/platform.module.js';
import { Queue } from '../../platform/queue/queue.js';
import { TestFilesService } from './test-files.service.js';

const TICK = 'flows.sweep-test-files';
const TICK_MS = 600_000;

@Injectable()
export class TestFilesJob implements OnModuleInit {
  constructor(
    private readonly queue: Queue,
    private readonly database: Database,
    private readonly files: TestFilesService,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.queue.on(TICK, async () => {
      for (const organization of await this.database.organizations()) {
        await this.files
          .sweep(organization)
          .catch((error: unknown) =>
            this.log.warn({ err: error, organization }, 'the test files were not swept'),
          );
      }
    });
    this.queue.every(TICK, TICK_MS);
  }
}
