/** What an organization allows, for every room to ask. Without a row: as strict as it can be. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';

export interface Allowed {
  /** Models that only the worker that opens them understands. */
  allowPickle: boolean;
}

@Injectable()
export class OrganizationSettings {
  async of(tx: SqlTx): Promise<Allowed> {
    const [row] = await tx.sql<{ allow_pickle: boolean }>('SELECT allow_pickle FROM organization_settings');
    return { allowPickle: row?.allow_pickle ?? false };
  }

  async change(tx: SqlTx, { allowPickle }: Allowed): Promise<void> {
    await tx.sql(
      `INSERT INTO organization_settings (allow_pickle) VALUES ($1)
       ON CONFLICT (organization_id) DO UPDATE SET allow_pickle = $1`,
      [allowPickle],
    );
  }
}
