/** Rows of the room as the API shows them. Pure. */
import { planParts, type Part } from '@millrace/blobs';
import {
  Failure,
  type Alias,
  type AliasMoved,
  type Resource,
  type ResourceVersion,
  type Upload,
  type UploadBegin,
} from '@millrace/schemas';
import type { AliasRow, MoveRow, ResourceRow, VersionRow } from './resources.store.js';
import type { UploadRow } from './uploads.store.js';

export function resourceOf(row: ResourceRow): Resource {
  return {
    name: row.name,
    description: row.description,
    kind: row.kind,
    latest: row.latest,
    aliases: row.aliases,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  };
}

export function versionOf(row: VersionRow): ResourceVersion {
  return {
    resource: row.name,
    version: row.version,
    state: row.state,
    kind: row.kind,
    fileName: row.file_name,
    size: Number(row.size),
    digest: row.digest,
    note: row.note,
    refusal: row.refusal,
    aliases: row.aliases,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    sealedAt: row.sealed_at?.toISOString() ?? null,
    verifiedBytes: row.verified === null ? null : Number(row.verified),
  };
}

export function aliasOf(row: AliasRow): Alias {
  return {
    alias: row.alias,
    version: row.version,
    revision: row.revision,
    approval: row.approval,
    movedBy: row.moved_by,
    movedAt: row.moved_at.toISOString(),
  };
}

export function moveOf(row: MoveRow): AliasMoved {
  return {
    revision: row.revision,
    from: row.from_version,
    to: row.to_version,
    note: row.note,
    promotion: row.promotion_id,
    movedBy: row.moved_by,
    movedAt: row.moved_at.toISOString(),
  };
}

export function uploadOf(row: UploadRow, resource: string, missing: Part[]): Upload {
  const absent = new Set(missing.map((part) => part.number));
  const all = row.state === 'aborted' ? [] : planParts(Number(row.size)).map((part) => part.number);
  return {
    upload: row.id,
    resource,
    kind: row.kind,
    fileName: row.file_name,
    size: Number(row.size),
    digest: row.digest,
    state: row.state,
    done: all.filter((number) => !absent.has(number)),
    missing,
    version: row.version,
    refusal: row.refusal,
    expiresAt: row.expires_at.toISOString(),
  };
}

/** What the uploader says about the bytes, as columns. */
export const saidOf = (wanted: UploadBegin) => ({
  file_name: wanted.fileName,
  note: wanted.note ?? null,
  contract: wanted.contract ?? null,
});

export const resourceUnknown = (name: string): Failure =>
  new Failure(
    'catalogue.not-found',
    `There is no resource ${name.slice(0, 128)}. GET /v1/resources lists them, POST /v1/resources makes one.`,
  );

export const versionUnknown = (name: string, version: number): Failure =>
  new Failure(
    'catalogue.version-not-found',
    `${name} has no version ${version}. GET /v1/resources/${name}/versions lists them.`,
  );
