/** What a published flow version brings to nodes, asked of the flows; and where its bytes lie, of the catalogue. */
import { Injectable } from '@nestjs/common';
import { Failure, type RuntimeInspection } from '@millrace/schemas';
import { CatalogueReader, type BlobPlace } from '../catalogue/catalogue.reader.js';
import { FlowsReader, type PublishedFlow } from '../flows/flows.reader.js';
import type { SqlTx } from '../platform/database/database.js';

@Injectable()
export class Releases {
  constructor(
    private readonly flows: FlowsReader,
    private readonly catalogue: CatalogueReader,
  ) {}

  async find(tx: SqlTx, flow: string, version: number): Promise<PublishedFlow> {
    const published = await this.flows.published(tx, flow, version);
    if (published) return published;
    const latest = await this.flows.latestVersion(tx, flow);
    const detail =
      latest === undefined
        ? `There is no flow ${flow}. GET /v1/flows lists them.`
        : `Flow ${flow} has no version ${version}; the newest is ${latest || 'still a draft'}. Publish it first.`;
    const pointer = latest === undefined ? '/flow' : '/version';
    throw new Failure('deployments.nothing-published', detail, {
      errors: [{ pointer, detail: 'not published' }],
    });
  }

  /** Whether one of these runtimes names this package. */
  isPieceOf(tx: SqlTx, digest: string, runtimes: readonly string[]): Promise<boolean> {
    return this.catalogue.isPieceOf(tx, digest, runtimes);
  }

  /** What the runtimes of a release need, by digest. */
  runtimes(
    tx: SqlTx,
    { resources }: Pick<PublishedFlow, 'resources'>,
  ): Promise<Map<string, RuntimeInspection>> {
    const named = Object.values(resources).filter(({ kind }) => kind === 'runtime');
    return this.catalogue.runtimes(
      tx,
      named.map(({ digest }) => digest),
    );
  }

  /** Undefined when the bytes are not there. */
  blob(tx: SqlTx, digest: string): Promise<BlobPlace | undefined> {
    return this.catalogue.blob(tx, digest);
  }
}
