/** Publishing: a draft that passes its checks becomes a version, locked to the bytes that it means now. */
import { Injectable } from '@nestjs/common';
import {
  Failure,
  NAME,
  type FlowPublish,
  type FlowVersion,
  type FlowVersionDetails,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import type { Principal } from '../access/principal.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOfNumbers } from '../platform/http/page.js';
import { invalidFlow } from './checks.js';
import { flowUnknown, versionOf } from './flow-view.js';
import { readDraft } from './draft.js';
import { FlowsStore, type FlowRow } from './flows.store.js';
import { Publication } from './publication.js';
import { FlowRequirements } from './requirements.js';

@Injectable()
export class PublishingService {
  constructor(
    private readonly database: Database,
    private readonly flows: FlowsStore,
    private readonly publication: Publication,
    private readonly requirements: FlowRequirements,
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
      const note = body?.note ?? null;
      const drawn = await this.publication.drawUp(tx, who, flow, draft, { hold: true, note });
      if (!drawn.row) throw invalidFlow(name, drawn.problems);
      await this.publication.keep(tx, who, drawn);
      return { version: versionOf(drawn.row), made: drawn.isNew };
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

  private async found(tx: SqlTx, name: string): Promise<FlowRow> {
    const flow = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
    if (!flow) throw flowUnknown(name);
    return flow;
  }
}
