/**
 * Files that test runs read: taken in, listed, deleted, swept when their day is over.
 *
 * Guarantee: a file is there whole, looked at and within the limits, or not at all; it never lies in memory. Its
 * row is written before its bytes and deleted after them, so what a crash leaves is found by the sweep.
 */
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Failure, type PageQuery, type TestFile, type TestFileList } from '@millrace/schemas';
import { Audit } from '../../access/audit.js';
import type { Principal } from '../../access/principal.js';
import { Clock } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import { Database } from '../../platform/database/database.js';
import { pageFrom, windowOf } from '../../platform/http/page.js';
import { newId } from '../../platform/id.js';
import { ObjectStore } from '../../platform/objects/store.js';
import { CONFIG } from '../../platform/platform.module.js';
import { columnsOf, HEAD_BYTES } from './columns.js';
import { TestFilesStore, type TestFileRow } from './test-files.store.js';
import { WorkFolders } from './work-folders.js';

const KEPT_MS = 86_400_000;

@Injectable()
export class TestFilesService {
  constructor(
    private readonly database: Database,
    private readonly files: TestFilesStore,
    private readonly objects: ObjectStore,
    private readonly folders: WorkFolders,
    private readonly audit: Audit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  list(who: Principal, query: PageQuery): Promise<TestFileList> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => ({
      ...pageFrom(await this.files.page(tx, window, this.now()), window, (row) => row.id, testFileOf),
      mostBytes: this.config.maxTestFileBytes,
    }));
  }

  /** @param length what the request says of the body, when it does */
  async take(who: Principal, name: string, body: unknown, length: number | undefined): Promise<TestFile> {
    if (!(body instanceof Readable)) {
      throw new Failure(
        'platform.invalid-request',
        'Send the file itself as the body, as text/csv, application/x-ndjson or application/octet-stream.',
      );
    }
    if (length !== undefined) this.assertSize(name, length);
    const folder = await this.folders.make();
    try {
      const path = `${folder}/file`;
      const { size, head } = await this.receive(name, body, path);
      const columns = columnsOf(name, head, size <= head.length);
      const now = this.clock.now();
      const id = newId(now);
      const row: TestFileRow = {
        id,
        name,
        size,
        columns,
        key: `test-files/${who.organization}/${id}`,
        created_by: who.actor,
        expires_at: new Date(now + KEPT_MS),
      };
      await this.store(who, row, path);
      return testFileOf(row);
    } finally {
      // Of what was not read a client that still sends must be freed, or it never sees the answer.
      body.resume();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.database.withinSql(who.organization, async (tx) => {
      const ended = await this.files.end(tx, id, this.now());
      if (!ended) throw fileUnknown(id);
      this.audit.record(tx, who, {
        action: 'flows.remove-test-file',
        subject: `test-file:${id}`,
        details: { name: ended.name },
      });
      return ended;
    });
    await this.drop(who.organization, row);
  }

  /** What a run reads, by id; a Failure names the one that is not there. */
  found(organization: string, ids: readonly string[]): Promise<Map<string, TestFileRow>> {
    return this.database.withinSql(organization, async (tx) => {
      const rows = new Map<string, TestFileRow>();
      for (const id of new Set(ids)) {
        const row = await this.files.find(tx, id, this.now());
        if (!row) throw fileUnknown(id);
        rows.set(id, row);
      }
      return rows;
    });
  }

  /** Deletes what is older than a day, and what an upload left that did not come to its end. */
  async sweep(organization: string): Promise<void> {
    const rows = await this.database.withinSql(organization, (tx) => this.files.expired(tx, this.now()));
    for (const row of rows) await this.drop(organization, row);
  }

  /** To the disk first: its size is known then, and nothing is stored of what is refused. */
  private async receive(
    name: string,
    body: Readable,
    path: string,
  ): Promise<{ size: number; head: Uint8Array }> {
    const file = await open(path, 'wx', 0o600);
    const head: Uint8Array[] = [];
    let size = 0;
    try {
      // Destroying the stream would break the line before the answer is sent.
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (size < HEAD_BYTES) head.push(chunk.subarray(0, HEAD_BYTES - size));
        size += chunk.length;
        this.assertSize(name, size);
        await file.write(chunk);
      }
    } catch (error) {
      if (error instanceof Failure || !body.errored) throw error;
      throw new Failure(
        'platform.invalid-request',
        `${name} was cut off after ${size} bytes. Send it again.`,
        {
          cause: error,
        },
      );
    } finally {
      await file.close();
    }
    return { size, head: Buffer.concat(head) };
  }

  private async store(who: Principal, row: TestFileRow, path: string): Promise<void> {
    await this.database.withinSql(who.organization, async (tx) => {
      const used = await this.files.used(tx);
      const most = this.config.testFilesQuotaBytes;
      if (used + row.size > most) {
        throw new Failure(
          'flows.test-files-full',
          `${row.name} has ${row.size} bytes, and ${used} of the ${most} bytes for test files are taken ` +
            '(MILLRACE_TEST_FILES_QUOTA_BYTES). Delete some with DELETE /v1/test-files/{id}, or wait: each is kept for a day.',
        );
      }
      await this.files.begin(tx, row);
    });
    try {
      await this.objects.put(row.key, createReadStream(path), row.size);
      await this.database.withinSql(who.organization, async (tx) => {
        await this.files.complete(tx, row.id);
        this.audit.record(tx, who, {
          action: 'flows.upload-test-file',
          subject: `test-file:${row.id}`,
          details: { name: row.name, size: row.size },
        });
      });
    } catch (error) {
      await this.drop(who.organization, row);
      throw error;
    }
  }

  private async drop(organization: string, row: TestFileRow): Promise<void> {
    await this.objects.delete(row.key);
    await this.database.withinSql(organization, (tx) => this.files.forget(tx, row.id));
  }

  private assertSize(name: string, size: number): void {
    const most = this.config.maxTestFileBytes;
    if (size <= most) return;
    throw new Failure(
      'flows.test-file-too-large',
      `${name} is larger than the ${most} bytes that a test file may have (MILLRACE_MAX_TEST_FILE_BYTES). ` +
        'Cut it: a test needs minutes. Or upload it to the catalogue and read it with a source.csv as resource:NAME@VERSION.',
    );
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}

const testFileOf = (row: TestFileRow): TestFile => ({
  id: row.id,
  name: row.name,
  size: row.size,
  columns: row.columns,
  expiresAt: row.expires_at.toISOString(),
});

const fileUnknown = (id: string): Failure =>
  new Failure(
    'flows.test-file-not-found',
    `There is no test file ${id.slice(0, 64)}. A test file is kept for a day; GET /v1/test-files lists those that are there.`,
  );
