/** All SQL about assignments and placements: which deployment each node follows because of which assignment. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';

export interface AssignmentRow {
  id: string;
  flow: string;
  group_id: string;
  current: string | null;
  settled: string | null;
  created_at: Date;
}

export interface PlacementRow {
  node_id: string;
  assignment_id: string;
  deployment_id: string;
}

const columns = 'id, flow, group_id, current, settled, created_at';

@Injectable()
export class AssignmentsStore {
  all(tx: SqlTx): Promise<AssignmentRow[]> {
    return tx.sql<AssignmentRow>(`SELECT ${columns} FROM assignments`);
  }

  page(
    tx: SqlTx,
    query: { flow?: string; group?: string },
    after: string | undefined,
    take: number,
  ): Promise<AssignmentRow[]> {
    return tx.sql<AssignmentRow>(
      `SELECT ${columns} FROM assignments WHERE ($1::text IS NULL OR id < $1) AND ($3::text IS NULL OR flow = $3)
         AND ($4::text IS NULL OR group_id = $4) ORDER BY id DESC LIMIT $2`,
      [after ?? null, take, query.flow ?? null, query.group ?? null],
    );
  }

  async find(tx: SqlTx, id: string): Promise<AssignmentRow | undefined> {
    return (await tx.sql<AssignmentRow>(`SELECT ${columns} FROM assignments WHERE id = $1`, [id]))[0];
  }

  async of(tx: SqlTx, flow: string, group: string): Promise<AssignmentRow | undefined> {
    const rows = await tx.sql<AssignmentRow>(
      `SELECT ${columns} FROM assignments WHERE flow = $1 AND group_id = $2`,
      [flow, group],
    );
    return rows[0];
  }

  async idsOfGroup(tx: SqlTx, group: string): Promise<string[]> {
    const rows = await tx.sql<{ id: string }>('SELECT id FROM assignments WHERE group_id = $1', [group]);
    return rows.map((row) => row.id);
  }

  async create(tx: SqlTx, row: AssignmentRow): Promise<void> {
    await tx.sql(
      'INSERT INTO assignments (id, flow, group_id, current, created_at) VALUES ($1, $2, $3, $4, $5)',
      [row.id, row.flow, row.group_id, row.current, row.created_at],
    );
  }

  async point(tx: SqlTx, id: string, to: { current: string | null; settled: string | null }): Promise<void> {
    await tx.sql('UPDATE assignments SET current = $2, settled = $3 WHERE id = $1', [
      id,
      to.current,
      to.settled,
    ]);
  }

  /** Its placements go with it. */
  async remove(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('DELETE FROM assignments WHERE id = $1', [id]);
  }

  placementsOf(tx: SqlTx, nodes: readonly string[]): Promise<PlacementRow[]> {
    return tx.sql<PlacementRow>(
      'SELECT node_id, assignment_id, deployment_id FROM placements WHERE node_id = ANY($1)',
      [nodes],
    );
  }

  placements(tx: SqlTx, assignment: string): Promise<PlacementRow[]> {
    return tx.sql<PlacementRow>(
      'SELECT node_id, assignment_id, deployment_id FROM placements WHERE assignment_id = $1',
      [assignment],
    );
  }

  async counts(tx: SqlTx, assignments: readonly string[]): Promise<Map<string, number>> {
    const rows = await tx.sql<{ assignment_id: string; n: string }>(
      'SELECT assignment_id, count(*) AS n FROM placements WHERE assignment_id = ANY($1) GROUP BY assignment_id',
      [assignments],
    );
    return new Map(rows.map((row) => [row.assignment_id, Number(row.n)]));
  }

  async place(tx: SqlTx, assignment: string, deployment: string, nodes: readonly string[]): Promise<void> {
    await tx.sql(
      `INSERT INTO placements (node_id, assignment_id, deployment_id) SELECT unnest($3::text[]), $1, $2
       ON CONFLICT (organization_id, node_id, assignment_id) DO UPDATE SET deployment_id = excluded.deployment_id`,
      [assignment, deployment, nodes],
    );
  }

  async takeAway(tx: SqlTx, assignment: string, nodes: readonly string[]): Promise<void> {
    await tx.sql('DELETE FROM placements WHERE assignment_id = $1 AND node_id = ANY($2)', [
      assignment,
      nodes,
    ]);
  }
}
