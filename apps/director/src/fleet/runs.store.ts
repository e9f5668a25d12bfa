/**
 * All SQL about what ran on nodes and when: a row an interval, from the report that first told of it to the one
 * that no longer did.
 *
 * Guarantee: written when what runs has changed and never by a heartbeat. Times are those of the director, so that
 * a node's wrong clock orders nothing. The last one of a silent node is open: it may well run on.
 */
import { Injectable } from '@nestjs/common';
import type { FlowReport } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { jsonWithoutNul } from './node-text.js';

export interface RunRow {
  node_id: string;
  flow: string;
  version: number;
  digest: string;
  since: Date;
  until: Date | null;
}

/** A flow version by what it is: a name may be given anew. */
export interface Release {
  flow: string;
  version: number;
  digest: string;
}

export interface RunWindow {
  /** Only what runs on, as far as is known. */
  open: boolean;
  /** Only what ran at this moment. */
  at?: Date;
  /** The place of the one before. */
  after?: string;
  take: number;
}

/** Intervals that are over are kept so long, and so many a node and flow. */
const KEPT_MS = 400 * 86_400_000;
const KEPT = 1_000;

const columns = 'r.node_id, r.flow, r.version, r.digest, r.since, r.until';
/** Where one stands in a list, newest first; times of one length sort as text. */
const place = `to_char(r.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || ' ' || r.node_id || ' ' || r.flow`;

@Injectable()
export class RunsStore {
  /** What the node says it runs from now on, whole. The node is held by the caller. */
  async follow(tx: SqlTx, node: string, reports: readonly FlowReport[], at: Date): Promise<void> {
    const said = jsonWithoutNul(
      reports.flatMap(({ flow, runningDigest: digest, runningVersion: version }) =>
        digest === null || version === null ? [] : [{ flow, digest, version: Math.min(version, MOST) }],
      ),
    );
    const now = 'jsonb_to_recordset($2) AS v(flow text, digest text, version int)';
    await tx.sql(
      `UPDATE node_runs r SET until = greatest($3, r.since) WHERE r.node_id = $1 AND r.until IS NULL
         AND NOT EXISTS (SELECT 1 FROM ${now} WHERE v.flow = r.flow AND v.digest = r.digest AND v.version = r.version)`,
      [node, said, at],
    );
    const begun = await tx.sql<{ flow: string }>(
      `INSERT INTO node_runs (node_id, flow, since, version, digest)
       SELECT DISTINCT ON (v.flow) $1, v.flow, $3::timestamptz, v.version, v.digest FROM ${now}
       WHERE NOT EXISTS (SELECT 1 FROM node_runs r WHERE r.node_id = $1 AND r.flow = v.flow AND r.until IS NULL)
       ON CONFLICT (organization_id, node_id, flow, since) DO UPDATE SET version = excluded.version,
         digest = excluded.digest, until = NULL
       RETURNING flow`,
      [node, said, at],
    );
    for (const { flow } of begun) await this.shorten(tx, node, flow);
  }

  /** Newest first. */
  page(tx: SqlTx, node: string, after: string | undefined, take: number): Promise<(RunRow & Placed)[]> {
    return tx.sql(
      `SELECT ${columns}, ${place} AS place FROM node_runs r
       WHERE r.node_id = $1 AND ($2::text IS NULL OR ${place} COLLATE "C" < $2)
       ORDER BY ${place} COLLATE "C" DESC LIMIT $3`,
      [node, after ?? null, take],
    );
  }

  at(tx: SqlTx, node: string, at: Date): Promise<RunRow[]> {
    return tx.sql<RunRow>(
      `SELECT ${columns} FROM node_runs r
       WHERE r.node_id = $1 AND r.since <= $2 AND (r.until IS NULL OR r.until > $2) ORDER BY r.flow`,
      [node, at],
    );
  }

  /** Where any of these ran, newest first. */
  of(
    tx: SqlTx,
    releases: readonly Release[],
    { open, at, after, take }: RunWindow,
  ): Promise<(RunRow & Placed & { name: string; online: boolean })[]> {
    return tx.sql(
      `SELECT ${columns}, n.name, n.online, ${place} AS place FROM node_runs r
       JOIN nodes n ON n.id = r.node_id
       JOIN jsonb_to_recordset($1) AS v(flow text, version int, digest text)
         ON v.flow = r.flow AND v.version = r.version AND v.digest = r.digest
       WHERE (NOT $2 OR r.until IS NULL) AND ($3::text IS NULL OR ${place} COLLATE "C" < $3)
         AND ($5::timestamptz IS NULL OR r.since <= $5 AND (r.until IS NULL OR r.until > $5))
       ORDER BY ${place} COLLATE "C" DESC LIMIT $4`,
      [JSON.stringify(releases), open, after ?? null, take, at ?? null],
    );
  }

  async countOpen(tx: SqlTx, releases: readonly Release[]): Promise<number> {
    const [row] = await tx.sql<{ n: number }>(
      `SELECT count(DISTINCT r.node_id)::int AS n FROM node_runs r
       JOIN jsonb_to_recordset($1) AS v(flow text, version int, digest text)
         ON v.flow = r.flow AND v.version = r.version AND v.digest = r.digest
       WHERE r.until IS NULL`,
      [JSON.stringify(releases)],
    );
    return row?.n ?? 0;
  }

  /** What runs anywhere, as far as is known. */
  open(tx: SqlTx): Promise<{ flow: string; digest: string }[]> {
    return tx.sql('SELECT DISTINCT flow, digest FROM node_runs WHERE until IS NULL');
  }

  async sweep(tx: SqlTx, now: number): Promise<void> {
    await tx.sql('DELETE FROM node_runs WHERE until < $1', [new Date(now - KEPT_MS)]);
  }

  /** A flow that is started again and again leaves an interval each time. */
  private async shorten(tx: SqlTx, node: string, flow: string): Promise<void> {
    await tx.sql(
      `DELETE FROM node_runs WHERE node_id = $1 AND flow = $2 AND since <=
         (SELECT since FROM node_runs WHERE node_id = $1 AND flow = $2 ORDER BY since DESC OFFSET $3 LIMIT 1)`,
      [node, flow, KEPT],
    );
  }
}

/** Where it stands in a list. */
export interface Placed {
  place: string;
}
const MOST = 2_147_483_647;
