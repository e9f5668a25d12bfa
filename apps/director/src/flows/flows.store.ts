/** All SQL about flows, their drafts and versions. */
import { Injectable } from '@nestjs/common';
import type { FlowDocument, LockedResource } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import type { Window } from '../platform/http/page.js';

export interface FlowRow {
  id: string;
  name: string;
  description: string | null;
  draft_revision: number;
  latest_version: number;
  created_by: string;
  created_at: Date;
  changed_at: Date;
}

export interface DraftRow {
  revision: number;
  document: Record<string, unknown> | null;
  text: string | null;
  saved_by: string;
  saved_at: Date;
}

export interface VersionRow {
  flow: string;
  version: number;
  digest: string;
  document: FlowDocument;
  lock: Record<string, LockedResource>;
  note: string | null;
  draft_revision: number;
  published_by: string;
  published_at: Date;
}

const columns = 'id, name, description, draft_revision, latest_version, created_by, created_at, changed_at';
const versionColumns =
  'v.version, v.digest, v.lock, v.note, v.draft_revision, v.published_by, v.published_at, f.name AS flow';
/** Larger than any number of a version. */
const PAST_ALL = 2_147_483_647;

@Injectable()
export class FlowsStore {
  page(tx: SqlTx, window: Window): Promise<FlowRow[]> {
    return tx.sql<FlowRow>(
      `SELECT ${columns} FROM flows WHERE $1::text IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
      [window.after ?? null, window.take],
    );
  }

  async find(tx: SqlTx, name: string): Promise<FlowRow | undefined> {
    return (await tx.sql<FlowRow>(`SELECT ${columns} FROM flows WHERE name = $1`, [name]))[0];
  }

  /** Holds the flow until the end of the transaction: saving, publishing and deleting take turns. */
  async hold(tx: SqlTx, name: string): Promise<FlowRow | undefined> {
    return (await tx.sql<FlowRow>(`SELECT ${columns} FROM flows WHERE name = $1 FOR UPDATE`, [name]))[0];
  }

  /** False when the name is taken. */
  async create(tx: SqlTx, flow: FlowRow): Promise<boolean> {
    const rows = await tx.sql(
      `INSERT INTO flows (id, name, description, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $5)
       ON CONFLICT DO NOTHING RETURNING id`,
      [flow.id, flow.name, flow.description, flow.created_by, flow.created_at],
    );
    return rows.length > 0;
  }

  async remove(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('DELETE FROM flows WHERE id = $1', [id]);
  }

  async draft(tx: SqlTx, flow: Pick<FlowRow, 'id' | 'draft_revision'>): Promise<DraftRow | undefined> {
    const rows = await tx.sql<DraftRow>(
      'SELECT revision, document, text, saved_by, saved_at FROM flow_drafts WHERE flow_id = $1 AND revision = $2',
      [flow.id, flow.draft_revision],
    );
    return rows[0];
  }

  async saveDraft(tx: SqlTx, flow: string, draft: DraftRow, description: string | null): Promise<void> {
    await tx.sql(
      `INSERT INTO flow_drafts (flow_id, revision, document, text, saved_by, saved_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        flow,
        draft.revision,
        draft.document === null ? null : JSON.stringify(draft.document),
        draft.text,
        draft.saved_by,
        draft.saved_at,
      ],
    );
    await tx.sql('UPDATE flows SET draft_revision = $2, changed_at = $3, description = $4 WHERE id = $1', [
      flow,
      draft.revision,
      draft.saved_at,
      description,
    ]);
  }

  /** Without what was saved. */
  drafts(tx: SqlTx, flow: string, window: Window): Promise<Omit<DraftRow, 'document' | 'text'>[]> {
    return tx.sql(
      `SELECT revision, saved_by, saved_at FROM flow_drafts WHERE flow_id = $1 AND revision < $2
       ORDER BY revision DESC LIMIT $3`,
      [flow, Number(window.after ?? PAST_ALL), window.take],
    );
  }

  /** Without their documents. */
  versions(tx: SqlTx, flow: string, window: Window): Promise<Omit<VersionRow, 'document'>[]> {
    return tx.sql(
      `SELECT ${versionColumns} FROM flow_versions v JOIN flows f ON f.id = v.flow_id
       WHERE v.flow_id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3`,
      [flow, Number(window.after ?? PAST_ALL), window.take],
    );
  }

  /** Those of which some version is locked to the resource, in one order. */
  async holdUsers(tx: SqlTx, resource: string): Promise<void> {
    await tx.sql(
      `SELECT 1 FROM flows WHERE id IN (SELECT flow_id FROM flow_version_resources WHERE resource_id = $1)
       ORDER BY id FOR UPDATE`,
      [resource],
    );
  }

  /** Those whose newest version is locked to the resource, with it and the draft that it was made of; by name. */
  async usersOf(
    tx: SqlTx,
    resource: string,
  ): Promise<{ flow: FlowRow; draft: DraftRow; locked: FlowDocument }[]> {
    const rows = await tx.sql<FlowRow & DraftRow & { locked: FlowDocument }>(
      `SELECT f.*, d.revision, d.document, d.text, d.saved_by, d.saved_at, v.document AS locked FROM flows f
       JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.latest_version
       JOIN flow_drafts d ON d.flow_id = f.id AND d.revision = v.draft_revision
       WHERE EXISTS (SELECT 1 FROM flow_version_resources u
         WHERE u.flow_id = f.id AND u.flow_version = f.latest_version AND u.resource_id = $1)
       ORDER BY f.name`,
      [resource],
    );
    return rows.map((row) => ({ flow: row, draft: row, locked: row.locked }));
  }

  async version(tx: SqlTx, flow: string, version: number): Promise<VersionRow | undefined> {
    const rows = await tx.sql<VersionRow>(
      `SELECT ${versionColumns}, v.document FROM flow_versions v JOIN flows f ON f.id = v.flow_id
       WHERE f.name = $1 AND v.version = $2`,
      [flow, version],
    );
    return rows[0];
  }

  async publish(tx: SqlTx, flow: string, version: VersionRow, resources: readonly LockedTo[]): Promise<void> {
    await tx.sql(
      `INSERT INTO flow_versions (flow_id, version, digest, document, lock, note, draft_revision, published_by, published_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        flow,
        version.version,
        version.digest,
        JSON.stringify(version.document),
        JSON.stringify(version.lock),
        version.note,
        version.draft_revision,
        version.published_by,
        version.published_at,
      ],
    );
    for (const { resource, version: resourceVersion } of resources) {
      await tx.sql(
        `INSERT INTO flow_version_resources (flow_id, flow_version, resource_id, resource_version)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
        [flow, version.version, resource, resourceVersion],
      );
    }
    await tx.sql('UPDATE flows SET latest_version = $2 WHERE id = $1', [flow, version.version]);
  }
}

/** A resource by its id. */
export interface LockedTo {
  resource: string;
  version: number;
}
