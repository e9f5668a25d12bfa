/**
 * `millrace run`: one flow, here, with no director.
 *
 * Guarantee: nothing is opened before the whole flow has passed its checks; Ctrl-C lets what was taken leave;
 * with `out` nothing outside is touched but that file, and that only when the run has come up.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FlowRun, type DirectorMessage, type Host } from '@millrace/engine';
import { isReference, resourceReferences } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument } from '@millrace/schemas';
import { paint, talk } from '../output/talk.js';
import { UsageError } from '../usage.js';
import { behavioursOf, isSink } from './behaviours.js';
import { countersTable } from './counters.js';
import { LineFile } from './lines.js';
import { loadFlow } from './load.js';
import { localResources, resourceIn } from './resources.js';

export interface RunOptions {
  flow: string;
  sets: ReadonlyMap<string, string>;
  inputs: ReadonlyMap<string, string>;
  out?: string;
  resources?: string;
}

export async function runFlow(options: RunOptions): Promise<void> {
  const { document, folder, file } = await loadFlow(options.flow, options.sets);
  const inputs = inputsOf(document, options.inputs);
  const outPath = options.out === undefined ? undefined : resolve(options.out);
  const reads = (path: string) => {
    if (path !== outPath) return path;
    throw new Failure(
      'engine.file-unwritable',
      `--out ${options.out}: the run reads that file. Name another.`,
    );
  };
  const needed = resourceReferences(document).filter(
    ({ module }) =>
      !inputs.has(module) && !(options.out !== undefined && isSink(document.modules[module]!.type)),
  );
  const resourceFolder = options.resources ? resolve(options.resources) : join(folder, 'resources');
  const { files, says } = await localResources(resourceFolder, needed);
  says.forEach(talk);
  [file, ...inputs.values(), ...[...files.values()].map(({ path }) => path)].forEach(reads);

  const out = outPath === undefined ? undefined : new LineFile(outPath);
  const workFolder = await mkdtemp(join(tmpdir(), 'millrace-run-'));
  try {
    const run = new FlowRun({
      document,
      kinds,
      behaviours: behavioursOf(document, inputs, out),
      log: (level, module, message) =>
        talk(`${level === 'info' ? '' : `${paint(level, 'yellow')}: `}${module}: ${message}`),
      host: {
        path: (name) => (isReference(name) ? resourceIn(files, name).path : reads(resolve(folder, name))),
        resource: (text) => resourceIn(files, text),
        workFolder,
        flow: { name: document.metadata.name, version: null },
        toDirector: out === undefined ? printed : undefined,
      } satisfies Host,
    });
    const forget = stopsOnSignal(run);
    let ended: 'not started' | 'failed' | 'done' = 'not started';
    try {
      await run.start();
      ended = 'failed';
      await run.finished;
      ended = 'done';
    } finally {
      // What is open is closed before the process goes on, also after a failed start.
      await run.stop().catch(() => undefined);
      forget();
      if (ended === 'done') out?.close();
      else out?.leave();
      if (ended !== 'not started') talk(countersTable(run.counters()));
    }
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** Absolute paths of the files that stand in for sources. */
function inputsOf(document: FlowDocument, given: ReadonlyMap<string, string>): Map<string, string> {
  const sources = Object.keys(document.modules).filter(
    (id) => kinds.get(document.modules[id]!.type)?.category === 'source',
  );
  for (const id of given.keys()) {
    if (sources.includes(id)) continue;
    const what = Object.hasOwn(document.modules, id) ? 'is no source' : 'is no module of the flow';
    throw new UsageError(`--input ${id}=...: ${id} ${what}. Its sources are ${sources.join(', ')}.`);
  }
  return new Map([...given].map(([id, file]) => [id, resolve(file)]));
}

/** The first signal stops the flow cleanly, the second ends the process at once. */
function stopsOnSignal(run: FlowRun): () => void {
  let told = false;
  const stop = () => {
    if (told) process.exit(130);
    told = true;
    talk('stopping: what was taken still leaves; press again to end at once');
    void run.stop();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => signals.forEach((signal) => process.off(signal, stop));
}

/** What a director would get, as JSON lines on stdout. Resolves when the line is out, so a slow reader slows the flow. */
function printed(message: DirectorMessage): Promise<void> {
  const { module: sink } = message;
  const records =
    message.channel === 'result'
      ? message.records.map((record) => ({ sink, ...record }))
      : [
          {
            sink,
            t: message.t,
            alert: message.change,
            severity: message.severity,
            message: message.message,
            ...(message.key === null ? {} : { key: message.key }),
            ...message.values,
          },
        ];
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return new Promise((done, failed) =>
    process.stdout.write(text, (error) => (error ? failed(error) : done())),
  );
}
