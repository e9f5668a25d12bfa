/**
 * Makes a saved draft a version, in the transaction of whoever wants it: a person who publishes, or a promotion.
 *
 * Guarantee: what was drawn up is what is kept, locked to the bytes that its references mean; a draft that is the
 * newest version already makes no other. Drawing up changes nothing, so that a plan and the act are one code.
 */
import { Injectable } from '@nestjs/common';
import { flowDigest, resourceReferences } from '@millrace/flow';
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { Live } from '../platform/live/live.js';
import { FlowChecks, type How } from './checks.js';
import { readDraft } from './draft.js';
import { FlowsStore, type DraftRow, type FlowRow, type LockedTo, type VersionRow } from './flows.store.js';

export interface DrawnUp {
  flow: FlowRow;
  problems: ProblemPlace[];
  /** Absent with problems. */
  row?: VersionRow;
  /** False: it is the newest version already. */
  isNew: boolean;
  resources: LockedTo[];
}

@Injectable()
export class Publication {
  constructor(
    private readonly flows: FlowsStore,
    private readonly checks: FlowChecks,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  async drawUp(
    tx: SqlTx,
    who: Principal,
    flow: FlowRow,
    draft: DraftRow,
    { note, ...how }: How & { note?: string | null },
  ): Promise<DrawnUp> {
    const { problems, locked } = await this.checks.check(tx, flow.name, readDraft(draft), how);
    if (!locked) return { flow, problems, isNew: false, resources: [] };
    const digest = flowDigest(locked.document);
    const newest = await this.flows.version(tx, flow.name, flow.latest_version);
    const { resources } = locked;
    if (newest?.digest === digest) return { flow, problems, row: newest, isNew: false, resources };
    const row: VersionRow = {
      flow: flow.name,
      version: flow.latest_version + 1,
      digest,
      document: locked.document,
      lock: locked.lock,
      note: note ?? null,
      draft_revision: draft.revision,
      published_by: who.actor,
      published_at: new Date(this.clock.now()),
    };
    return { flow, problems, row, isNew: true, resources };
  }

  async keep(tx: SqlTx, who: Principal, { flow, row, isNew, resources }: DrawnUp): Promise<void> {
    if (!row || !isNew) return;
    await this.flows.publish(tx, flow.id, row, resources);
    const { version, digest, lock } = row;
    this.audit.record(tx, who, {
      action: 'flows.publish',
      subject: `flow:${flow.name}`,
      details: { version, digest, draftRevision: row.draft_revision, lock },
    });
    const data = { version, digest, by: who.actor };
    tx.afterCommit(() =>
      this.live.publish(tx.organization, { type: 'flow.published', subject: flow.name, data }),
    );
  }

  /**
   * Flows whose newest version was made of a draft that names this alias, with that draft and what its references
   * meant. With `hold` nobody else publishes them before the transaction ends.
   */
  async followers(
    tx: SqlTx,
    resource: { id: string; name: string },
    alias: string,
    hold: boolean,
  ): Promise<Follower[]> {
    if (hold) await this.flows.holdUsers(tx, resource.id);
    const users = await this.flows.usersOf(tx, resource.id);
    return users.flatMap(({ flow, draft, locked }) => {
      const written = readDraft(draft).flow;
      const meant = written && meaningsOf(written, locked);
      return meant?.has(`${resource.name}@${alias}`) ? [{ flow, draft, meant }] : [];
    });
  }
}

export interface Follower {
  flow: FlowRow;
  draft: DraftRow;
  /** Version by `name@selector`. */
  meant: ReadonlyMap<string, number>;
}

/** A lock changes the texts of references and leaves them where they stand. */
function meaningsOf(written: FlowDocument, locked: FlowDocument): Map<string, number> {
  const versions = new Map(resourceReferences(locked).map(({ pointer, selector }) => [pointer, selector]));
  return new Map(
    resourceReferences(written).flatMap(({ name, selector, pointer }) => {
      const version = versions.get(pointer);
      return typeof version === 'number' ? [[`${name}@${selector}`, version] as const] : [];
    }),
  );
}
