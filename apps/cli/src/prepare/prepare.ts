/**
 * `millrace prepare`: runs a flow on files up to one module, and writes the rows that a model there would see.
 *
 * Guarantee: what leads to the module is made and nothing else, so no sink acts and no model is loaded behind it;
 * the file is written whole or left as it was; memory does not grow with the rows.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import {
  collected,
  FORMATS,
  LineFile,
  partUntil,
  Rows,
  saidOf,
  writeTable,
  type Part,
  type TableFormat,
} from '@millrace/dataset';
import { FlowRun, type Create, type Host } from '@millrace/engine';
import { isReference } from '@millrace/flow';
import { inputSource } from '@millrace/modules';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument } from '@millrace/schemas';
import { behavioursWith, modulesOf, type Replaced } from '../run/behaviours.js';
import { csvSettings, inputsOf, readsFiles } from '../run/inputs.js';
import { loadFlow } from '../run/load.js';
import { notTheOut } from '../run/run.js';
import { surroundings } from '../run/surroundings.js';
import { toldBy, toTheEnd } from '../run/to-the-end.js';
import { UsageError } from '../usage.js';

export interface PrepareOptions {
  flow: string;
  sets: ReadonlyMap<string, string>;
  inputs: ReadonlyMap<string, string>;
  until: string;
  out: string;
  format?: TableFormat;
  keep: readonly string[];
  resources?: string;
}

/** Gives a sentence about what was written. */
export async function prepareRows(options: PrepareOptions): Promise<string> {
  const { out } = options;
  const format = options.format ?? formatOf(out);
  const flow = await loadFlow(options.flow, options.sets);
  const part = partOf(flow.document, options.until);
  const inputs = inputsOf(flow.document, options.inputs);
  assertFiles(part, inputs);
  const allows = notTheOut(out);
  [flow.file, ...inputs.values()].forEach(allows);
  const target = plainFile(out);
  const spool = join(dirname(target), `.${basename(target)}.rows`);
  const partial = join(dirname(target), `.${basename(target)}.partial`);
  const without = new Set([...inputs.keys(), ...(part.port === null ? [part.module] : [])]);
  const host = await surroundings(
    { ...part, folder: flow.folder },
    { resources: options.resources, without, allows },
  );
  try {
    const lines = new LineFile(spool);
    const rows = new Rows(lines, { ...part, keep: options.keep });
    try {
      if (!(await toTheEnd(runOf(part, inputs, rows, host)))) {
        throw new Failure(
          'engine.file-unwritable',
          `${out} was not written: the run was stopped before its end.`,
        );
      }
    } finally {
      lines.close();
    }
    await writeTable(format, spool, rows, partial);
    renameSync(partial, target);
    return `${out}: ${saidOf(rows)}`;
  } finally {
    for (const file of [spool, partial]) rmSync(file, { force: true });
    await host.close();
  }
}

/** What is wrong with `until` was typed. */
function partOf(document: FlowDocument, until: string): Part {
  try {
    return partUntil(document, until);
  } catch (error) {
    if (error instanceof Failure && error.code === 'flows.until')
      throw new UsageError(`--until ${error.message}`);
    throw error;
  }
}

function runOf(part: Part, inputs: ReadonlyMap<string, string>, rows: Rows, host: Host): FlowRun {
  const { document } = part;
  const replaced: Replaced = readsFiles(document, inputs);
  for (const id of modulesOf(document, 'source')) {
    if (!inputs.has(id)) replaced.set(id, readsItsOwn(document, id, host));
  }
  const { instead, listen } = collected(part, (batch) => rows.take(batch));
  for (const [id, create] of instead) replaced.set(id, create);
  const run = new FlowRun({ document, kinds, behaviours: behavioursWith(replaced), log: toldBy, host });
  listen(run);
  return run;
}

/** The file of a source.csv once, from its beginning to its end and at full speed, however the flow replays it. */
function readsItsOwn(document: FlowDocument, id: string, host: Host): Create {
  const settings = csvSettings(document, id) as { file: string };
  const path = isReference(settings.file) ? host.resource(settings.file).path : host.path(settings.file);
  return inputSource(path, settings, { name: settings.file });
}

function assertFiles({ document, module }: Part, inputs: ReadonlyMap<string, string>): void {
  const sources = modulesOf(document, 'source');
  for (const id of inputs.keys()) {
    if (!sources.includes(id))
      throw new UsageError(
        `--input ${id}=...: no path leads from ${id} to ${module}. What does is ${sources.join(', ')}.`,
      );
  }
  for (const id of sources) {
    const { type } = document.modules[id]!;
    if (!inputs.has(id) && type !== 'source.csv')
      throw new UsageError(
        `${id} is a ${type}, which has no end. Give a file in its place: --input ${id}=FILE.`,
      );
  }
}

function formatOf(out: string): TableFormat {
  const ending = extname(out).slice(1).toLowerCase();
  const format = FORMATS.find((one) => one === ending);
  if (format !== undefined) return format;
  throw new UsageError(
    `--out ${out}: its ending says no format. End it in ${FORMATS.map((one) => `.${one}`).join(', ')}, or add --format.`,
  );
}

/** The file takes another's place when it is whole, which a pipe or a device could not survive. */
function plainFile(out: string): string {
  const path = resolve(out);
  if (!existsSync(path) || statSync(path).isFile()) return path;
  throw new Failure('engine.file-unwritable', `--out ${out} is no plain file. Name one.`);
}
