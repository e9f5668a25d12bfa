/** All SQL about what happened to a deployment as a whole: a row a move, kept as long as the deployment. */
import { Injectable } from '@nestjs/common';
import type { DeploymentState } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';

export interface MoveRow {
  id: string;
  at: Date;
  state: DeploymentState;
  wave: number;
  actor: string;
  says: string;
}

/** Who it was when nobody asked for it. */
export const BY_ITSELF = 'system';

@Injectable()
export class DeploymentMovesStore {
  private lastMoment = 0;

  /** Under the lock of the deployments, so ids rise with what happened. */
  async add(tx: SqlTx, deployment: string, move: Omit<MoveRow, 'id'>): Promise<void> {
    this.lastMoment = Math.max(move.at.getTime(), this.lastMoment + 1);
    await tx.sql(
      'INSERT INTO deployment_moves (deployment_id, id, at, state, wave, actor, says) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [deployment, newId(this.lastMoment), move.at, move.state, move.wave, move.actor, move.says],
    );
  }

  /** Newest first. */
  page(tx: SqlTx, deployment: string, after: string | undefined, take: number): Promise<MoveRow[]> {
    return tx.sql<MoveRow>(
      `SELECT id, at, state, wave, actor, says FROM deployment_moves
       WHERE deployment_id = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [deployment, after ?? null, take],
    );
  }
}
