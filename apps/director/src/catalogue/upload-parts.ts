/** The parts of an upload: which are still to come, and where to send them. */
import { Injectable } from '@nestjs/common';
import { planParts, type Part } from '@millrace/blobs';
import type { PartLink, PartLinks } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { ObjectStore } from '../platform/objects/store.js';
import { PART_LINK_SECONDS } from './upload.js';
import type { UploadRow } from './uploads.store.js';

@Injectable()
export class UploadParts {
  constructor(
    private readonly objects: ObjectStore,
    private readonly clock: Clock,
  ) {}

  /** A part of another length than planned counts as missing. */
  async missing(row: UploadRow): Promise<Part[]> {
    const there = await this.objects.listParts(row.key, row.store_upload);
    const sizes = new Map(there.map((part) => [part.number, part.size]));
    return planParts(Number(row.size)).filter(({ number, length }) => sizes.get(number) !== length);
  }

  async links(row: UploadRow, parts: readonly Part[]): Promise<PartLinks> {
    const links: PartLink[] = [];
    for (const part of parts) {
      const { number, length } = part;
      const { url } = await this.objects.partLink(
        row.key,
        row.store_upload,
        number,
        length,
        PART_LINK_SECONDS,
      );
      links.push({ ...part, url });
    }
    return { parts: links, expiresAt: new Date(this.clock.now() + PART_LINK_SECONDS * 1_000).toISOString() };
  }
}
