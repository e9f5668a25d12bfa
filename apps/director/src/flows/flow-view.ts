/** Rows of the room as the API shows them. Pure. */
import {
  Failure,
  type Flow,
  type FlowDocument,
  type FlowDraft,
  type FlowDraftSaved,
  type FlowVersion,
} from '@millrace/schemas';
import type { DraftRow, FlowRow, VersionRow } from './flows.store.js';

export function flowOf(row: FlowRow): Flow {
  return {
    name: row.name,
    description: row.description,
    draftRevision: row.draft_revision,
    latestVersion: row.latest_version || null,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  };
}

export function savedOf(row: Omit<DraftRow, 'document' | 'text'>): FlowDraftSaved {
  return { revision: row.revision, savedBy: row.saved_by, savedAt: row.saved_at.toISOString() };
}

export function contentAsSaved(row: DraftRow): Omit<FlowDraft, 'flow' | 'problems'> {
  return { document: row.document, text: row.text, ...savedOf(row) };
}

export function versionOf(row: Omit<VersionRow, 'document'>): FlowVersion {
  return {
    flow: row.flow,
    version: row.version,
    digest: row.digest,
    lock: row.lock,
    note: row.note,
    draftRevision: row.draft_revision,
    publishedBy: row.published_by,
    publishedAt: row.published_at.toISOString(),
  };
}

/** As a column can hold it: PostgreSQL keeps no NUL in a text. */
export function descriptionOf(flow: FlowDocument | undefined): string | undefined {
  return flow && (flow.metadata.description ?? '').replaceAll('\u0000', '');
}

export const flowUnknown = (name: string): Failure =>
  new Failure('flows.not-found', `There is no flow ${name.slice(0, 128)}. GET /v1/flows lists them.`);
