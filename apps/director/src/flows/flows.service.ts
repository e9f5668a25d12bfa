/** Flows and their drafts: made, saved, checked, compared, deleted. */
import { Injectable, Optional } from '@nestjs/common';
import { diffFlows, isSame } from '@millrace/flow';
import {
  Failure,
  NAME,
  type Flow,
  type FlowCheck,
  type FlowChecked,
  type FlowCreate,
  type FlowDiffQuery,
  type FlowDiffReply,
  type FlowDocument,
  type FlowDraft,
  type FlowDraftSave,
  type FlowDraftSaved,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { assertMatch } from '../platform/http/etag.js';
import { pageFrom, windowOf, windowOfNumbers } from '../platform/http/page.js';
import { newId } from '../platform/id.js';
import { Live } from '../platform/live/live.js';
import { FlowChecks } from './checks.js';
import { contentOf, readDraft, type DraftContent } from './draft.js';
import { FlowUsage } from './flow-usage.js';
import { contentAsSaved, descriptionOf, flowOf, flowUnknown, savedOf } from './flow-view.js';
import { FlowsStore, type DraftRow, type FlowRow } from './flows.store.js';

@Injectable()
export class FlowsService {
  constructor(
    private readonly database: Database,
    private readonly flows: FlowsStore,
    private readonly checks: FlowChecks,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
    @Optional() private readonly usage?: FlowUsage,
  ) {}

  list(who: Principal, query: PageQuery): Promise<Page<Flow>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) =>
      pageFrom(await this.flows.page(tx, window), window, (row) => row.id, flowOf),
    );
  }

  get(who: Principal, name: string): Promise<Flow> {
    return this.database.withinSql(who.organization, async (tx) => flowOf(await this.found(tx, name)));
  }

  /** With its first draft, when one is sent. */
  create(who: Principal, { name, ...body }: FlowCreate): Promise<Flow> {
    const content = contentOf(body);
    return this.database.withinSql(who.organization, async (tx) => {
      const now = this.clock.now();
      const row: FlowRow = {
        id: newId(now),
        name,
        description: null,
        draft_revision: 0,
        latest_version: 0,
        created_by: who.actor,
        created_at: new Date(now),
        changed_at: new Date(now),
      };
      if (!(await this.flows.create(tx, row))) {
        throw new Failure(
          'flows.name-taken',
          `There is a flow ${name} already. Save a draft of it, or choose another name.`,
        );
      }
      this.audit.record(tx, who, { action: 'flows.create', subject: `flow:${name}` });
      this.tell(tx, 'flow.created', name, {});
      if (!content) return flowOf(row);
      await this.store(tx, who, row, content);
      return flowOf(await this.found(tx, name));
    });
  }

  remove(who: Principal, name: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.held(tx, name);
      const users = (await this.usage?.usersOf(tx, name)) ?? [];
      if (users.length > 0) {
        throw new Failure(
          'flows.in-use',
          `${name} is in use: ${users.slice(0, 3).join(', ')}${users.length > 3 ? `, and ${users.length - 3} more` : ''}. Undeploy it there first.`,
          { errors: users.map((detail) => ({ detail })) },
        );
      }
      await this.flows.remove(tx, row.id);
      this.audit.record(tx, who, {
        action: 'flows.remove',
        subject: `flow:${name}`,
        details: { latestVersion: row.latest_version },
      });
      this.tell(tx, 'flow.removed', name, {});
    });
  }

  draft(who: Principal, name: string): Promise<FlowDraft> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, name);
      return this.shown(tx, name, await this.newest(tx, row));
    });
  }

  /** Every save is kept; one that is not valid says what is wrong with it and is kept too. */
  saveDraft(
    who: Principal,
    name: string,
    ifMatch: string | undefined,
    body: FlowDraftSave,
  ): Promise<FlowDraft> {
    const content = contentOf(body);
    if (!content) throw new Failure('platform.invalid-request', 'Send the draft as document or as text.');
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.held(tx, name);
      const draft = await this.flows.draft(tx, row);
      assertMatch(ifMatch, row.draft_revision, draft && { flow: name, ...contentAsSaved(draft) });
      return this.shown(tx, name, await this.store(tx, who, row, content));
    });
  }

  /** All saves, newest first, without what was saved. */
  saves(who: Principal, name: string, query: PageQuery): Promise<Page<FlowDraftSaved>> {
    const window = windowOfNumbers(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = await this.flows.drafts(tx, (await this.found(tx, name)).id, window);
      return pageFrom(rows, window, (row) => String(row.revision), savedOf);
    });
  }

  saved(who: Principal, name: string, revision: number): Promise<FlowDraft> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, name);
      const row = await this.flows.draft(tx, { id, draft_revision: revision });
      if (!row) throw new Failure('flows.not-found', `${name} has no save ${revision}.`);
      return this.shown(tx, name, row);
    });
  }

  /** Of what is sent, or of the draft. */
  check(who: Principal, name: string, body: FlowCheck): Promise<FlowChecked> {
    const content = contentOf(body);
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, name);
      const reading = readDraft(content ?? (await this.newest(tx, row)));
      const { problems, locked } = await this.checks.check(tx, name, reading);
      return { valid: locked !== undefined, problems, resources: locked?.lock ?? {} };
    });
  }

  /** A draft is compared as it would be published now. */
  diff(who: Principal, name: string, { from, to }: FlowDiffQuery): Promise<FlowDiffReply> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, name);
      const diff = diffFlows(await this.side(tx, row, from), await this.side(tx, row, to));
      return { from, to, same: isSame(diff), ...diff };
    });
  }

  private async side(tx: SqlTx, row: FlowRow, side: string): Promise<FlowDocument> {
    if (side !== 'draft') {
      const version = await this.flows.version(tx, row.name, Number(side));
      if (version) return version.document;
      throw new Failure('flows.version-not-found', `${row.name} has no version ${side}.`);
    }
    const { flow, problems } = readDraft(await this.newest(tx, row));
    if (flow) return this.checks.lockWhatCan(tx, flow);
    throw new Failure(
      'flows.unreadable',
      `The draft of ${row.name} cannot be read. ${problems[0]?.detail ?? ''}`,
      { errors: problems },
    );
  }

  private async store(tx: SqlTx, who: Principal, flow: FlowRow, content: DraftContent): Promise<DraftRow> {
    const { flow: document } = readDraft(content);
    const draft: DraftRow = {
      revision: flow.draft_revision + 1,
      document: document ?? content.document,
      text: content.text,
      saved_by: who.actor,
      saved_at: new Date(this.clock.now()),
    };
    await this.flows.saveDraft(tx, flow.id, draft, descriptionOf(document) ?? flow.description);
    this.audit.record(tx, who, {
      action: 'flows.save-draft',
      subject: `flow:${flow.name}`,
      details: { revision: draft.revision },
    });
    this.tell(tx, 'flow.draft-saved', flow.name, {
      revision: draft.revision,
      savedBy: who.actor,
    });
    return draft;
  }

  private async shown(tx: SqlTx, name: string, row: DraftRow): Promise<FlowDraft> {
    const { problems } = await this.checks.check(tx, name, readDraft(row));
    return { flow: name, ...contentAsSaved(row), problems };
  }

  private async newest(tx: SqlTx, row: FlowRow): Promise<DraftRow> {
    const draft = await this.flows.draft(tx, row);
    if (draft) return draft;
    throw new Failure(
      'flows.no-draft',
      `Nothing was saved for ${row.name} yet. PUT /v1/flows/${row.name}/draft with If-Match: "0".`,
    );
  }

  private async found(tx: SqlTx, name: string): Promise<FlowRow> {
    const row = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
    if (!row) throw flowUnknown(name);
    return row;
  }

  private async held(tx: SqlTx, name: string): Promise<FlowRow> {
    const row = NAME.test(name) ? await this.flows.hold(tx, name) : undefined;
    if (!row) throw flowUnknown(name);
    return row;
  }

  private tell(tx: SqlTx, type: string, subject: string, data: Record<string, unknown>): void {
    tx.afterCommit(() => this.live.publish(tx.organization, { type, subject, data }));
  }
}
