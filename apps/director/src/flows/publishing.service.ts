/** Publishing: a draft that passes its checks becomes a version, locked to the bytes that it means now. */
import { Injectable } from '@nestjs/common';
import { flowDigest } from '@millrace/flow';
import {
  Failure,
  NAME,
  type FlowPublish,
  type FlowVersion,
  type FlowVersionDetails,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOfNumbers } from '../platform/http/page.js';
import { Live } from '../platform/live/live.js';
import { FlowChecks, invalidFlow } from './checks.js';
import { readDraft } from './draft.js';
import { flowUnknown, versionOf } from './flow-view.js';
import { FlowRequirements } from './requirements.js';
import { FlowsStore, type FlowRow, type VersionRow } from './flows.store.js';

@Injectable()
export class PublishingService {
  constructor(
    private readonly database: Database,
    private readonly flows: FlowsStore,
    private readonly checks: FlowChecks,
    private readonly requirements: FlowRequirements,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  /** `made` is false when the newest version is the same already. */
  async publish(
    who: Principal,
    name: string,
    body: FlowPublish,
  ): Promise<{ version: FlowVersion; made: boolean }> {
    await this.settleRequirements(who, name);
    return this.database.withinSql(who.organization, async (tx) => {
      const flow = NAME.test(name) ? await this.flows.hold(tx, name) : undefined;
      if (!flow) throw flowUnknown(name);
      const draft = await this.flows.draft(tx, flow);
      if (!draft)
        throw new Failure('flows.no-draft', `Nothing was saved for ${name} yet. Save a draft of it first.`);
      const { problems, locked } = await this.checks.check(tx, name, readDraft(draft), true);
      if (!locked) throw invalidFlow(name, problems);
      const digest = flowDigest(locked.document);
      const newest = await this.flows.version(tx, name, flow.latest_version);
      if (newest?.digest === digest) return { version: versionOf(newest), made: false };
      const row: VersionRow = {
        flow: name,
        version: flow.latest_version + 1,
        digest,
        document: locked.document,
        lock: locked.lock,
        note: body?.note ?? null,
        draft_revision: draft.revision,
        published_by: who.actor,
        published_at: new Date(this.clock.now()),
      };
      await this.flows.publish(tx, flow.id, row, locked.resources);
      this.record(tx, who, row);
      return { version: versionOf(row), made: true };
    });
  }

  /** Before the transaction: an index of packages takes its time. */
  private async settleRequirements(who: Principal, name: string): Promise<void> {
    const draft = await this.database.withinSql(who.organization, async (tx) => {
      const flow = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
      return flow && (await this.flows.draft(tx, flow));
    });
    const { flow } = draft ? readDraft(draft) : {};
    if (flow) await this.requirements.settle(who, flow);
  }

  versions(who: Principal, name: string, query: PageQuery): Promise<Page<FlowVersion>> {
    const window = windowOfNumbers(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const flow = await this.found(tx, name);
      const rows = await this.flows.versions(tx, flow.id, window);
      return pageFrom(rows, window, (row) => String(row.version), versionOf);
    });
  }

  version(who: Principal, name: string, version: number): Promise<FlowVersionDetails> {
    return this.database.withinSql(who.organization, async (tx) => {
      const flow = await this.found(tx, name);
      const row = await this.flows.version(tx, name, version);
      if (!row) {
        throw new Failure(
          'flows.version-not-found',
          `${name} has no version ${version}. GET /v1/flows/${name}/versions lists them.`,
        );
      }
      const draft = await this.flows.draft(tx, { id: flow.id, draft_revision: row.draft_revision });
      return { ...versionOf(row), document: row.document, text: draft?.text ?? null };
    });
  }

  private record(tx: SqlTx, who: Principal, row: VersionRow): void {
    const { flow, version, digest, lock } = row;
    this.audit.record(tx, who, {
      action: 'flows.publish',
      subject: `flow:${flow}`,
      details: { version, digest, draftRevision: row.draft_revision, lock },
    });
    tx.afterCommit(() =>
      this.live.publish(tx.organization, {
        type: 'flow.published',
        subject: flow,
        data: { version, digest, by: who.actor },
      }),
    );
  }

  private async found(tx: SqlTx, name: string): Promise<FlowRow> {
    const flow = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
    if (!flow) throw flowUnknown(name);
    return flow;
  }
}
