/** Whether a node's credential holds now. Nothing is cached, so a revoked one is worth nothing at once. */
import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { NodeCredentials } from '../access/node-credentials.js';
import { Database } from '../platform/database/database.js';
import { hashOf } from '../platform/id.js';
import { NodesStore } from './nodes.store.js';

@Injectable()
export class FleetCredentials extends NodeCredentials {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
  ) {
    super();
  }

  async verify(
    { organization, node }: { organization: string; node: string },
    secret: string,
  ): Promise<boolean> {
    const kept = await this.database.withinSql(organization, (tx) => this.nodes.credentialHash(tx, node));
    if (!kept) return false;
    return timingSafeEqual(Buffer.from(kept), Buffer.from(hashOf(secret)));
  }
}
