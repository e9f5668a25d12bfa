/** Doors from the queue. A wake-up is early and may be lost; the tick finds what is left. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FLEET_CHANGED } from '../fleet/changes.js';
import { Database } from '../platform/database/database.js';
import { Queue } from '../platform/queue/queue.js';
import { Dispatch } from './dispatch.js';
import { ADVANCE, DISPATCH } from './events.js';
import { Rollouts } from './rollouts.js';

const TICK = 'deployments.tick';
/** Gates and deadlines are looked at this often when nothing else happens. */
const TICK_MS = 2_000;

@Injectable()
export class DeploymentsJob implements OnModuleInit {
  constructor(
    private readonly queue: Queue,
    private readonly database: Database,
    private readonly rollouts: Rollouts,
    private readonly dispatch: Dispatch,
  ) {}

  onModuleInit(): void {
    const advance = async ({ organization }: Record<string, string>): Promise<void> => {
      if (organization) await this.moveOn(organization);
    };
    this.queue.on(ADVANCE, advance);
    this.queue.on(FLEET_CHANGED, advance);
    this.queue.on(DISPATCH, async ({ organization }) => {
      if (organization) await this.dispatch.dispatch(organization);
    });
    this.queue.on(TICK, async () => {
      for (const organization of await this.database.organizations()) await this.moveOn(organization);
    });
    this.queue.every(TICK, TICK_MS);
  }

  private async moveOn(organization: string): Promise<void> {
    await this.rollouts.advance(organization);
    await this.dispatch.dispatch(organization);
  }
}
