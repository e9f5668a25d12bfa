/** All SQL about groups, their members, and join tokens. */
import { Injectable } from '@nestjs/common';
import { matches, nodeSubject, parseSelector } from '@millrace/fleet';
import type { FlowParameters } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';

export interface GroupRow {
  id: string;
  name: string;
  selector: string | null;
  priority: number;
  parameters: FlowParameters;
  created_at: Date;
}

export interface MemberRow {
  id: string;
  name: string;
  labels: Record<string, string>;
  facts: Record<string, unknown> | null;
  online: boolean;
  revoked_at: Date | null;
}

export interface JoinTokenRow {
  id: string;
  group_id: string | null;
  labels: Record<string, string>;
  uses: number;
  used: number;
  created_by: string;
  created_at: Date;
  expires_at: Date;
}

const columns = 'id, name, selector, priority, parameters, created_at';
const memberColumns = 'n.id, n.name, n.labels, n.facts, n.online, n.revoked_at';
const tokenColumns = 'id, group_id, labels, uses, used, created_by, created_at, expires_at';

@Injectable()
export class GroupsStore {
  page(tx: SqlTx, after: string | undefined, take: number): Promise<GroupRow[]> {
    return tx.sql<GroupRow>(
      `SELECT ${columns} FROM groups WHERE ($1::text IS NULL OR id < $1) ORDER BY id DESC LIMIT $2`,
      [after ?? null, take],
    );
  }

  all(tx: SqlTx): Promise<GroupRow[]> {
    return tx.sql<GroupRow>(`SELECT ${columns} FROM groups`);
  }

  /** By id, else by name. */
  async find(tx: SqlTx, idOrName: string): Promise<GroupRow | undefined> {
    const rows = await tx.sql<GroupRow>(
      `SELECT ${columns} FROM groups WHERE id = $1 OR name = $1 ORDER BY (id = $1) DESC LIMIT 1`,
      [idOrName],
    );
    return rows[0];
  }

  async nameTaken(tx: SqlTx, name: string): Promise<boolean> {
    return (await tx.sql('SELECT 1 FROM groups WHERE name = $1', [name])).length > 0;
  }

  async create(tx: SqlTx, group: GroupRow): Promise<void> {
    await tx.sql(
      'INSERT INTO groups (id, name, selector, priority, parameters, created_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [
        group.id,
        group.name,
        group.selector,
        group.priority,
        JSON.stringify(group.parameters),
        group.created_at,
      ],
    );
  }

  async change(tx: SqlTx, group: GroupRow): Promise<void> {
    await tx.sql('UPDATE groups SET name = $2, selector = $3, priority = $4, parameters = $5 WHERE id = $1', [
      group.id,
      group.name,
      group.selector,
      group.priority,
      JSON.stringify(group.parameters),
    ]);
  }

  async remove(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('DELETE FROM groups WHERE id = $1', [id]);
  }

  async add(tx: SqlTx, group: string, nodes: readonly string[]): Promise<void> {
    await tx.sql(
      'INSERT INTO group_members (group_id, node_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING',
      [group, nodes],
    );
  }

  async take(tx: SqlTx, group: string, nodes: readonly string[]): Promise<void> {
    await tx.sql('DELETE FROM group_members WHERE group_id = $1 AND node_id = ANY($2)', [group, nodes]);
  }

  async clear(tx: SqlTx, group: string): Promise<void> {
    await tx.sql('DELETE FROM group_members WHERE group_id = $1', [group]);
  }

  /** Who is in the group now; a selector is asked now. A revoked node is in no group. */
  async members(tx: SqlTx, group: Pick<GroupRow, 'id' | 'selector'>): Promise<MemberRow[]> {
    if (group.selector !== null) return this.chosen(tx, group.selector);
    return tx.sql<MemberRow>(
      `SELECT ${memberColumns} FROM nodes n JOIN group_members m ON m.node_id = n.id
       WHERE m.group_id = $1 AND n.revoked_at IS NULL ORDER BY n.id`,
      [group.id],
    );
  }

  async chosen(tx: SqlTx, selector: string): Promise<MemberRow[]> {
    const parsed = parseSelector(selector);
    const all = await tx.sql<MemberRow>(
      `SELECT ${memberColumns} FROM nodes n WHERE n.revoked_at IS NULL ORDER BY n.id`,
    );
    return all.filter((node) => matches(parsed, nodeSubject(node, { name: node.name })));
  }

  /** The groups of each of these nodes, by node. */
  async groupsOf(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, string[]>> {
    const result = new Map<string, string[]>(nodes.map((node) => [node, []]));
    const fixed = await tx.sql<{ node_id: string; group_id: string }>(
      `SELECT m.node_id, m.group_id FROM group_members m JOIN groups g ON g.id = m.group_id
       JOIN nodes n ON n.id = m.node_id
       WHERE m.node_id = ANY($1) AND g.selector IS NULL AND n.revoked_at IS NULL`,
      [nodes],
    );
    for (const { node_id, group_id } of fixed) result.get(node_id)?.push(group_id);
    const selecting = (await this.all(tx)).filter((group) => group.selector !== null);
    if (selecting.length === 0) return result;
    const rows = await tx.sql<MemberRow>(
      `SELECT ${memberColumns} FROM nodes n WHERE n.id = ANY($1) AND n.revoked_at IS NULL`,
      [nodes],
    );
    for (const group of selecting) {
      const parsed = parseSelector(group.selector ?? '');
      for (const node of rows) {
        if (matches(parsed, nodeSubject(node, { name: node.name }))) result.get(node.id)?.push(group.id);
      }
    }
    return result;
  }

  /** Makes the deployments look at these nodes again; all of the organization without a list. */
  async touch(tx: SqlTx, nodes?: readonly string[]): Promise<void> {
    if (nodes) await tx.sql('UPDATE nodes SET revision = revision + 1 WHERE id = ANY($1)', [nodes]);
    else await tx.sql('UPDATE nodes SET revision = revision + 1');
  }

  async findNodes(tx: SqlTx, idsOrNames: readonly string[]): Promise<{ id: string; name: string }[]> {
    return tx.sql('SELECT id, name FROM nodes WHERE id = ANY($1) OR name = ANY($1)', [idsOrNames]);
  }

  async createToken(tx: SqlTx, token: JoinTokenRow, secretHash: string): Promise<void> {
    await tx.sql(
      `INSERT INTO join_tokens (id, secret_hash, group_id, labels, uses, created_by, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        token.id,
        secretHash,
        token.group_id,
        JSON.stringify(token.labels),
        token.uses,
        token.created_by,
        token.created_at,
        token.expires_at,
      ],
    );
  }

  tokens(tx: SqlTx, after: string | undefined, take: number): Promise<JoinTokenRow[]> {
    return tx.sql<JoinTokenRow>(
      `SELECT ${tokenColumns} FROM join_tokens WHERE ($1::text IS NULL OR id < $1) ORDER BY id DESC LIMIT $2`,
      [after ?? null, take],
    );
  }

  async joinToken(tx: SqlTx, id: string): Promise<JoinTokenRow | undefined> {
    const rows = await tx.sql<JoinTokenRow>(`SELECT ${tokenColumns} FROM join_tokens WHERE id = $1`, [id]);
    return rows[0];
  }

  async removeToken(tx: SqlTx, id: string): Promise<boolean> {
    return (await tx.sql('DELETE FROM join_tokens WHERE id = $1 RETURNING id', [id])).length > 0;
  }

  /** Counts one use, if there is one left; two nodes that come together are counted one after the other. */
  async useToken(tx: SqlTx, secretHash: string, now: Date): Promise<JoinTokenRow | undefined> {
    const rows = await tx.sql<JoinTokenRow>(
      `UPDATE join_tokens SET used = used + 1 WHERE secret_hash = $1 AND used < uses AND expires_at > $2
       RETURNING ${tokenColumns}`,
      [secretHash, now],
    );
    return rows[0];
  }
}
