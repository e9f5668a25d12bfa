/** What other rooms may ask the deployments, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';
import { DeploymentsStore } from './deployments.store.js';

@Injectable()
export class DeploymentsReader {
  constructor(private readonly deployments: DeploymentsStore) {}

  /** How many are under way. */
  underway(tx: SqlTx): Promise<number> {
    return this.deployments.underway(tx);
  }
}
