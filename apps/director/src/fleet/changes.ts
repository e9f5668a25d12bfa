/** Says that what nodes should run may have changed: the deployments look again, soon or at their next tick. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';
import { Live, type LiveMessage } from '../platform/live/live.js';
import { Queue } from '../platform/queue/queue.js';

/** Payload: `{ organization }`. */
export const FLEET_CHANGED = 'fleet.changed';

@Injectable()
export class FleetChanges {
  constructor(
    private readonly queue: Queue,
    private readonly live: Live,
  ) {}

  /** After the commit of `tx`. */
  tell(tx: SqlTx, ...events: LiveMessage[]): void {
    const { organization } = tx;
    tx.afterCommit(() => {
      for (const event of events) this.live.publish(organization, event);
      this.queue.wake(FLEET_CHANGED, { organization });
    });
  }
}
