/** Once an hour: forgets sessions that have ended and answers that need not be given again. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { KEPT_MS } from '../platform/http/idempotency.js';
import { Queue } from '../platform/queue/queue.js';

const EVERY_MS = 3_600_000;

@Injectable()
export class TidyJob implements OnModuleInit {
  constructor(
    private readonly queue: Queue,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.queue.on('access.tidy', () => this.tidy());
    this.queue.every('access.tidy', EVERY_MS);
  }

  async tidy(): Promise<void> {
    const now = this.clock.now();
    for (const organization of await this.database.organizations()) {
      await this.database.withinSql(organization, async (tx) => {
        await tx.sql('DELETE FROM sessions WHERE expires_at < $1', [new Date(now)]);
        await tx.sql('DELETE FROM idempotency_keys WHERE created_at < $1', [new Date(now - KEPT_MS)]);
      });
    }
  }
}
