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
import { partUntil } from '@millrace/dataset';
import { checkFlow, fillParameters, type ParameterLayer } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, NAME, type FlowDocument, type FlowPrepare, type TestRunRequest } from '@millrace/schemas';
import type { Principal } from '../../access/principal.js';
import { CatalogueReader, type BlobPlace } from '../../catalogue/catalogue.reader.js';
import type { Config } from '../../platform/config.js';
import { Database, type SqlTx } from '../../platform/database/database.js';
import { ObjectStore } from '../../platform/objects/store.js';
import { CONFIG } from '../../platform/platform.module.js';
import { FlowChecks, invalidFlow } from '../checks.js';
import { readDraft, type DraftContent, type DraftReading } from '../draft.js';
import { flowUnknown } from '../flow-view.js';
import { FlowsStore, type FlowRow } from '../flows.store.js';
import { inputProblems, neededResources } from './inputs.js';
import type { FromTest, TableOrder, TestOrder } from './ipc.js';
import { sandboxed } from './sandboxed.js';
import { Slots } from './slots.js';
import { startTest, type TestProcess, type TestProgram } from './test-process.js';
import { TestFilesService } from './test-files.service.js';
import { WorkFolders } from './work-folders.js';

const SECONDS = 60;
const STAND_IN = { path: 'rows.jsonl', format: 'jsonl' };
const RUNS_AN_ORGANIZATION = 4;
const RUNS_IN_ALL = 8;
/** What the models and files of one run may take on this machine's disk. */
const RESOURCES_AT_MOST = 1_073_741_824;

/** A run that is ready: start it, or release what it holds. */
export interface TestRun {
  /** Where the table lies that was asked for, once the run has finished. */
  table: string;
  start(hear: (event: FromTest) => Promise<void>): TestProcess;
  release(): Promise<void>;
}

interface Chosen {
  /** As it runs. */
  document: FlowDocument;
  /** A module that is not made, so that what it names is not fetched. */
  without?: string;
  table?: Omit<TableOrder, 'path'>;
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
  prepare(who: Principal, name: string, body: TestRunRequest, signal: AbortSignal): Promise<TestRun> {
    const drafted = (tx: SqlTx) => this.draft(tx, name, body.text);
    return this.ready(who, name, body, signal, async (tx) => {
      const locked = await this.locked(tx, name, readDraft(await drafted(tx)));
      return { document: filled(name, locked, body) };
    });
  }

  /** The same, of a run that makes a table: of what leads to `until` and no more, and nothing behind it need exist. */
  prepareTable(who: Principal, name: string, body: FlowPrepare, signal: AbortSignal): Promise<TestRun> {
    const { until, version, keep = [], format = 'csv' } = body;
    return this.ready(who, name, body, signal, async (tx) => {
      const reading =
        version === undefined
          ? readDraft(await this.draft(tx, name, body.text))
          : readDraft({ text: null, document: await this.published(tx, name, version) });
      if (!reading.flow) throw invalidFlow(name, reading.problems, 'prepared');
      const part = partUntil(reading.flow, until);
      const { module, port } = part;
      const { modules } = part.document;
      // Its rows are taken instead of it: it is not made, so what it names need not be there, and a sink stands in for it.
      const standIn = { type: 'sink.file', from: modules[module]!.from, settings: STAND_IN };
      const checked = port === null ? { ...modules, [module]: standIn } : modules;
      const reached = { ...part.document, modules: checked };
      const locked = await this.locked(tx, name, { ...reading, flow: reached });
      const whole =
        port === null ? { ...locked, modules: { ...locked.modules, [module]: modules[module]! } } : locked;
      const document = filled(name, whole, body);
      return {
        document,
        without: port === null ? module : undefined,
        table: { part: { ...part, document }, keep, format },
      };
    });
  }

  private async ready(
    who: Principal,
    flow: string,
    { inputs = {}, seconds = SECONDS, speed }: Pick<TestRunRequest, 'inputs' | 'seconds' | 'speed'>,
    signal: AbortSignal,
    choose: (tx: SqlTx) => Promise<Chosen>,
  ): Promise<TestRun> {
    const free = this.slots.take(who.organization);
    let folder: string | undefined;
    const release = async () => {
      free();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    };
    try {
      const { document, table, places } = await this.database.withinSql(who.organization, async (tx) => {
        const chosen = await choose(tx);
        assertInputs(flow, chosen, inputs);
        const places = await this.placesOf(tx, chosen, inputs);
        if (places.size > 0) assertMayRead(who);
        return { ...chosen, places };
      });
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
      for (const [digest, place] of places) {
        blobs[digest] = join(folder, digest.replace(':', '-'));
        await this.fetch(place, blobs[digest], signal, digest);
      }
      const path = join(folder, 'table');
      const order: TestOrder = {
        flow,
        document,
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([module, { file, timestamp }]) => [
            module,
            { path: paths.get(file)!, name: rows.get(file)!.name, timestamp },
          ]),
        ),
        blobs,
        folder,
        speed,
        seconds,
        memoryMb: 2 * this.config.testRunMemoryMb,
        table: table && { ...table, path },
      };
      return { table: path, start: (hear) => this.start(order, hear), release };
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

  private async draft(tx: SqlTx, name: string, text?: string): Promise<DraftContent> {
    const flow = await this.known(tx, name);
    if (text !== undefined) return { text, document: null };
    const draft = await this.flows.draft(tx, flow);
    if (draft) return draft;
    throw new Failure('flows.no-draft', `Nothing was saved for ${name} yet. Save a draft of it first.`);
  }

  private async published(tx: SqlTx, name: string, version: number): Promise<Record<string, unknown>> {
    await this.known(tx, name);
    const row = await this.flows.version(tx, name, version);
    if (row) return { ...row.document };
    throw new Failure('flows.version-not-found', `${name} has no version ${version}.`);
  }

  private async known(tx: SqlTx, name: string): Promise<FlowRow> {
    const flow = NAME.test(name) ? await this.flows.find(tx, name) : undefined;
    if (flow) return flow;
    throw flowUnknown(name);
  }

  private async locked(tx: SqlTx, name: string, reading: DraftReading): Promise<FlowDocument> {
    const { problems, locked } = await this.checks.check(tx, name, reading);
    if (locked) return locked.document;
    throw invalidFlow(name, problems, 'tested');
  }

  private async placesOf(
    tx: SqlTx,
    { document, without }: Chosen,
    inputs: NonNullable<TestRunRequest['inputs']>,
  ): Promise<Map<string, BlobPlace>> {
    const places = new Map<string, BlobPlace>();
    let bytes = 0;
    for (const { digest, module, text } of neededResources(document, inputs)) {
      if (digest === undefined || places.has(digest) || module === without) continue;
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

/** With its parameters, checked as it runs; whatever runs a script here runs it in a sandbox or not at all. */
function filled(
  name: string,
  document: FlowDocument,
  { parameters = {} }: Pick<TestRunRequest, 'parameters'>,
): FlowDocument {
  const layers: ParameterLayer[] = [{ from: 'the test', values: parameters }];
  const unfit = checkFlow(document, kinds, { layers });
  if (unfit.length > 0) throw invalidFlow(name, unfit, 'tested');
  return sandboxed(fillParameters(document, layers));
}

function assertInputs(
  name: string,
  { document, table }: Chosen,
  inputs: NonNullable<TestRunRequest['inputs']>,
): void {
  const errors = inputProblems(document, inputs, table !== undefined);
  if (errors.length === 0) return;
  const shown = errors.slice(0, 3).map(({ detail }) => detail);
  throw new Failure('flows.test-input', `${name} cannot be tested. ${shown.join(' ')}`, { errors });
}

/** What comes out of a run tells what is in the files that went in. */
function assertMayRead(who: Principal): void {
  if (who.permissions.has('catalogue.read')) return;
  throw new Failure(
    'access.forbidden',
    'The flow names resources, and testing it shows what is in them. It needs the permission catalogue.read.',
  );
}
