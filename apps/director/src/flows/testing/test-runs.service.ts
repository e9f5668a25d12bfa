/**
 * Test runs: a draft on files, in a process of its own for as long as somebody looks.
 *
 * Guarantee: what is wrong is told before anything runs; whatever ends a run, its process, its folder and its
 * place are free afterwards. Nothing is kept of a run, so nothing has to be cleaned up or found again.
 */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { parseDigest, verifyingStream } from '@millrace/blobs';
import { checkFlow, fillParameters, type ParameterLayer } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, NAME, type FlowDocument, type TestRunRequest } from '@millrace/schemas';
import type { Principal } from '../../access/principal.js';
import { CatalogueReader, type BlobPlace } from '../../catalogue/catalogue.reader.js';
import type { Config } from '../../platform/config.js';
import { Database, type SqlTx } from '../../platform/database/database.js';
import { ObjectStore } from '../../platform/objects/store.js';
import { CONFIG } from '../../platform/platform.module.js';
import { FlowChecks, invalidFlow } from '../checks.js';
import { readDraft } from '../draft.js';
import { flowUnknown } from '../flow-view.js';
import { FlowsStore } from '../flows.store.js';
import { inputProblems, neededResources } from './inputs.js';
import type { FromTest, TestOrder } from './ipc.js';
import { Slots } from './slots.js';
import { startTest, type TestProcess, type TestProgram } from './test-process.js';
import { TestFilesService } from './test-files.service.js';
import { WorkFolders } from './work-folders.js';

const SECONDS = 60;
const RUNS_AN_ORGANIZATION = 4;
const RUNS_IN_ALL = 8;
/** What the models and files of one run may take on this machine's disk. */
const RESOURCES_AT_MOST = 1_073_741_824;

/** A run that is ready: start it, or release what it holds. */
export interface TestRun {
  start(hear: (event: FromTest) => Promise<void>): TestProcess;
  release(): Promise<void>;
}

interface Chosen {
  document: FlowDocument;
  blobs: Map<string, BlobPlace>;
}

@Injectable()
export class TestRunsService implements OnModuleDestroy {
  /** What is started; tests start the sources. */
  program: TestProgram = {
    entry: fileURLToPath(new URL('host-main.js', import.meta.url)),
    execArgv: [],
  };
  private readonly slots = new Slots(RUNS_AN_ORGANIZATION, RUNS_IN_ALL);
  private readonly running = new Set<TestProcess>();
  private closing = false;

  constructor(
    private readonly database: Database,
    private readonly flows: FlowsStore,
    private readonly checks: FlowChecks,
    private readonly catalogue: CatalogueReader,
    private readonly files: TestFilesService,
    private readonly objects: ObjectStore,
    private readonly folders: WorkFolders,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.closing = true;
    const all = [...this.running];
    for (const run of all) run.stop('The director stops. Start the test again in a moment.');
    await Promise.all(all.map((run) => run.gone));
  }

  /** Checks it and fetches what it reads; `signal` ends the fetching. */
  async prepare(who: Principal, name: string, body: TestRunRequest, signal: AbortSignal): Promise<TestRun> {
    const free = this.slots.take(who.organization);
    let folder: string | undefined;
    const release = async () => {
      free();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    };
    try {
      const inputs = body.inputs ?? {};
      const chosen = await this.database.withinSql(who.organization, (tx) => this.choose(tx, name, body));
      const rows = await this.files.found(
        who.organization,
        Object.values(inputs).map(({ file }) => file),
      );
      folder = await this.folders.make();
      const paths = new Map<string, string>();
      for (const [id, { key, size }] of rows) {
        paths.set(id, join(folder, id));
        await this.fetch({ key, size }, join(folder, id), signal);
      }
      const blobs: Record<string, string> = {};
      for (const [digest, place] of chosen.blobs) {
        blobs[digest] = join(folder, digest.replace(':', '-'));
        await this.fetch(place, blobs[digest], signal, digest);
      }
      const order: TestOrder = {
        flow: name,
        document: chosen.document,
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([module, { file, timestamp }]) => [
            module,
            { path: paths.get(file)!, name: rows.get(file)!.name, timestamp },
          ]),
        ),
        blobs,
        folder,
        speed: body.speed,
        seconds: body.seconds ?? SECONDS,
        memoryMb: 2 * this.config.testRunMemoryMb,
      };
      return { start: (hear) => this.start(order, hear), release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  private start(order: TestOrder, hear: (event: FromTest) => Promise<void>): TestProcess {
    if (this.closing) throw new Failure('platform.unavailable', 'The director stops.', { retryAfter: 5 });
    const run = startTest(order, this.config.testRunMemoryMb, this.program, hear);
    this.running.add(run);
    void run.gone.then(() => this.running.delete(run));
    return run;
  }

  /** The document as it runs, and where the bytes of its resources lie. */
  private async choose(tx: SqlTx, name: string, body: TestRunRequest): Promise<Chosen> {
    const flow = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
    if (!flow) throw flowUnknown(name);
    const draft =
      body.text === undefined ? await this.flows.draft(tx, flow) : { text: body.text, document: null };
    if (!draft)
      throw new Failure('flows.no-draft', `Nothing was saved for ${name} yet. Save a draft of it first.`);
    const { problems, locked } = await this.checks.check(tx, name, readDraft(draft));
    if (!locked) throw invalidFlow(name, problems, 'tested');
    const layers: ParameterLayer[] = [{ from: 'the test', values: body.parameters ?? {} }];
    const unfit = checkFlow(locked.document, kinds, { layers });
    if (unfit.length > 0) throw invalidFlow(name, unfit, 'tested');
    const document = fillParameters(locked.document, layers);
    const inputs = body.inputs ?? {};
    const errors = inputProblems(document, inputs);
    if (errors.length > 0) {
      throw new Failure(
        'flows.test-input',
        `${name} cannot be tested. ${errors
          .slice(0, 3)
          .map(({ detail }) => detail)
          .join(' ')}`,
        { errors },
      );
    }
    return { document, blobs: await this.placesOf(tx, document, inputs) };
  }

  private async placesOf(
    tx: SqlTx,
    document: FlowDocument,
    inputs: NonNullable<TestRunRequest['inputs']>,
  ): Promise<Map<string, BlobPlace>> {
    const places = new Map<string, BlobPlace>();
    let bytes = 0;
    for (const { digest, module, text } of neededResources(document, inputs)) {
      if (digest === undefined || places.has(digest)) continue;
      const place = await this.catalogue.blob(tx, digest);
      if (!place)
        throw new Failure('flows.resource', `${module}: the content of ${text} is not there any more.`);
      places.set(digest, place);
      bytes += place.size;
    }
    if (bytes <= RESOURCES_AT_MOST) return places;
    throw new Failure(
      'flows.resource',
      `The resources of the flow have ${bytes} bytes together, and a test run fetches at most ${RESOURCES_AT_MOST}. Give its sources a test file each.`,
    );
  }

  private async fetch(place: BlobPlace, path: string, signal: AbortSignal, digest?: string): Promise<void> {
    const body = await this.objects.get(place.key);
    const file = createWriteStream(path, { mode: 0o600 });
    if (digest === undefined) await pipeline(body, file, { signal });
    else await pipeline(body, verifyingStream(parseDigest(digest), place.size), file, { signal });
  }
}
