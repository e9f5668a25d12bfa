/**
 * Tells nodes what they should be: signs what is unpublished, publishes it retained, and marks it once the
 * broker has acknowledged.
 *
 * Guarantee: what was committed is published, whatever dies in between: whatever is not marked is found by the
 * next tick, and publishing twice is harmless. One director at a time publishes to a node, and reads again
 * after it has the lock, so that an older state never comes after a newer one.
 */
import { Inject, Injectable } from '@nestjs/common';
import { INLINE_DESIRED_BYTES, type DesiredPayload, type SignedDesired } from '@millrace/schemas';
import { SigningKeys } from '../access/keys.js';
import { NodeLink } from '../fleet/node-link.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { DesiredStore, type DesiredRow } from './desired.store.js';

/** A page: so many messages are on their way to the broker at a time. */
const PAGE = 50;

@Injectable()
export class Dispatch {
  constructor(
    private readonly database: Database,
    private readonly desired: DesiredStore,
    private readonly keys: SigningKeys,
    private readonly link: NodeLink,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Page by page, until nothing is left or the broker does not take it. Returns how many it took. */
  async dispatch(organization: string): Promise<number> {
    let count = 0;
    // Without a broker nodes ask over HTTPS; the next tick tries again.
    while (this.link.connected) {
      const { found, published } = await this.page(organization);
      count += published;
      if (found < PAGE || published === 0) break;
    }
    return count;
  }

  /** The state as a node gets it, by whichever way. */
  async signed(organization: string, row: Pick<DesiredRow, 'payload'>): Promise<SignedDesired> {
    const bytes = Buffer.from(row.payload, 'utf8');
    const payload = JSON.parse(row.payload) as DesiredPayload;
    return { payload, signatures: [await this.keys.sign(organization, bytes)] };
  }

  private page(organization: string): Promise<{ found: number; published: number }> {
    return this.database.withinSql(organization, async (tx) => {
      const waiting = await this.desired.unpublished(tx, PAGE);
      const mine = await this.desired.claim(tx, waiting);
      const rows = [...(await this.desired.several(tx, mine)).values()];
      const told = await Promise.all(rows.map((row) => this.publish(organization, row)));
      const taken = rows
        .filter((_, i) => told[i])
        .map(({ node_id, sequence }) => ({ node: node_id, sequence }));
      await this.desired.published(tx, taken, new Date(this.clock.now()));
      return { found: waiting.length, published: taken.length };
    });
  }

  private async publish(organization: string, row: DesiredRow): Promise<boolean> {
    const { node_id: node, digest, epoch } = row;
    const sequence = Number(row.sequence);
    const size = Buffer.byteLength(row.payload);
    try {
      const message =
        size <= INLINE_DESIRED_BYTES
          ? await this.signed(organization, row)
          : { digest, size, epoch, sequence };
      await this.link.publish({ organization, node }, 'desired', message);
      return true;
    } catch (error) {
      this.log.warn({ err: error, node, sequence }, 'a desired state was not published; it is tried again');
      return false;
    }
  }
}
