/**
 * What surrounds a flow that runs here, without a director: resources from a folder, files beside the flow, a
 * work folder of its own.
 *
 * Guarantee: what cannot be found is told before anything runs; the work folder is gone after `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Host } from '@millrace/engine';
import { isReference, resourceReferences } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';
import { talk } from '../output/talk.js';
import { makeResources } from './built.js';
import { localResources, resourceIn } from './resources.js';

export interface Needs {
  /** `resources/` beside the flow when absent. */
  resources?: string;
  /** Modules that are made otherwise, and whose resources are therefore not needed. */
  without: { has(module: string): boolean };
  /** Called with every path that the flow reads or writes; may refuse it. */
  allows?(path: string): string;
  toDirector?: Host['toDirector'];
}

export interface Surroundings extends Host {
  /** As it runs: with a runtime in place of requirements. */
  document: FlowDocument;
  close(): Promise<void>;
}

export async function surroundings(
  { document, folder }: { document: FlowDocument; folder: string },
  { resources, without, allows = (path) => path, toDirector }: Needs,
): Promise<Surroundings> {
  const needed = resourceReferences(document).filter(({ module }) => !without.has(module));
  const resourceFolder = resources === undefined ? join(folder, 'resources') : resolve(resources);
  const { files, says } = await localResources(resourceFolder, needed);
  says.forEach(talk);
  for (const { path } of files.values()) allows(path);
  const made = await makeResources(document, needed, files, without);
  const workFolder = await mkdtemp(join(tmpdir(), 'millrace-run-'));
  return {
    document: made,
    path: (name) => (isReference(name) ? resourceIn(files, name).path : allows(resolve(folder, name))),
    resource: (text) => resourceIn(files, text),
    workFolder,
    flow: { name: document.metadata.name, version: null },
    toDirector,
    close: () => rm(workFolder, { recursive: true, force: true }),
  };
}
