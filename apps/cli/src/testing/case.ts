/**
 * One case of a flow test: a flow of its own, fed in virtual time, and what came of it.
 *
 * Guarantee: no source, sink or act touches the outside. Sources are fed by the case alone, sinks take and write
 * nothing, acts judge as they do in the plant and go no further than a dry run.
 */
import { FlowRun, VirtualClock, type Create, type Host } from '@millrace/engine';
import { fedBy, isFedFile, momentOf, pointerOf, type FedRecord } from '@millrace/flow';
import { behaviours, inputSource } from '@millrace/modules';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument, type FlowTest, type FlowTestCase } from '@millrace/schemas';
import { behavioursWith, modulesOf, type Replaced } from '../run/behaviours.js';
import { csvSettings } from '../run/inputs.js';
import { Drive, Stopped } from './drive.js';
import { FedSource } from './fed.js';
import type { Difference } from './match.js';
import { Watch } from './watch.js';

export interface CaseProblem extends Omit<Difference, 'path'> {
  /** As the test names it; absent when the case did not come to its end. */
  module?: string;
  /** JSON pointer into the test. */
  pointer: string;
}

export interface CaseSettings {
  document: FlowDocument;
  host: Host;
  /** Absolute path of a file that the test names. */
  path(file: string): string;
  log(level: 'info' | 'warn' | 'error', module: string, message: string): void;
}

/** The flow as tests run it: acts judge, and send nothing. */
export function withoutActing(document: FlowDocument): FlowDocument {
  const modules = { ...document.modules };
  for (const id of modulesOf(document, 'act')) {
    modules[id] = { ...modules[id]!, settings: { ...modules[id]!.settings, dryRun: true } };
  }
  return { ...document, modules };
}

export async function runCase(test: FlowTest, at: number, settings: CaseSettings): Promise<CaseProblem[]> {
  const { document, host } = settings;
  const one = test.cases[at]!;
  const sources = new Map(
    modulesOf(document, 'source').map((id) => [id, new FedSource(filesOf(one, id, settings))]),
  );
  const watches = Object.entries(one.expect).map(([name, wanted]) => new Watch(name, wanted, document));
  const clock = new VirtualClock(one.start === undefined ? 0 : momentOf(one.start));
  let run: FlowRun | undefined;
  let drive: Drive | undefined;
  try {
    run = new FlowRun({
      document,
      kinds,
      behaviours: behavioursWith(madeFor(document, sources, watches)),
      clock,
      driven: true,
      host,
      log: settings.log,
    });
    for (const watch of watches) watch.attach(run);
    drive = new Drive(run, clock, sources, one.start !== undefined);
    await run.start();
    await drive.through(one.feed);
  } catch (error) {
    return [
      {
        expected: 'the flow to go on',
        got: sentence(error),
        pointer: pointerOf(['cases', at, 'feed', Math.min(drive?.done ?? 0, one.feed.length - 1)]),
      },
    ];
  } finally {
    await run?.stop();
  }
  const counters = run.counters();
  return watches.flatMap((watch) =>
    watch
      .differences(counters[watch.module]!, one.tolerance ?? test.tolerance)
      .map(({ path, ...difference }) => ({
        module: watch.name,
        ...difference,
        pointer: pointerOf(['cases', at, 'expect', watch.name, ...path]),
      })),
  );
}

function madeFor(
  document: FlowDocument,
  sources: ReadonlyMap<string, FedSource>,
  watches: Watch[],
): Replaced {
  const made: Replaced = new Map([...sources].map(([id, source]) => [id, source.create]));
  const takes: Create = () => ({ process() {} });
  for (const id of modulesOf(document, 'sink')) made.set(id, takes);
  for (const watch of watches) {
    const { module } = watch;
    made.set(module, watch.around(made.get(module) ?? behaviours.get(document.modules[module]!.type)!));
  }
  return made;
}

/** What reads each file that is fed to a source, in the order of the steps. */
function filesOf(one: FlowTestCase, source: string, { document, path }: CaseSettings): Create[] {
  return fedTo(one, source)
    .filter(isFedFile)
    .map(({ file, ...settings }) => {
      const own = csvSettings(document, source) as FedRecord | undefined;
      const said =
        Object.keys(settings).length === 0
          ? own
          : { timestamp: { column: 't', format: 'epochMs' }, ...settings, file };
      return inputSource(path(file), said, { name: file });
    });
}

function fedTo(one: FlowTestCase, source: string): FedRecord[] {
  return one.feed.flatMap((step) =>
    step === 'end' ? [] : fedBy(step).flatMap(([id, fed]) => (id === source ? [fed].flat() : [])),
  );
}

function sentence(error: unknown): string {
  if (error instanceof Stopped) return error.message;
  // The engine names the module once more around what it threw.
  const failure = error instanceof Error && error.cause instanceof Failure ? error.cause : error;
  if (failure instanceof Failure) return `${failure.code}: ${failure.message}`;
  return error instanceof Error ? error.message : String(error);
}
