/** Files in place of sources: what `--input module=FILE` names, held to the flow. */
import { resolve } from 'node:path';
import { inputSource } from '@millrace/modules';
import type { FlowDocument } from '@millrace/schemas';
import { UsageError } from '../usage.js';
import { modulesOf, type Replaced } from './behaviours.js';

/** Absolute paths of the files that stand in for sources. */
export function inputsOf(document: FlowDocument, given: ReadonlyMap<string, string>): Map<string, string> {
  const sources = modulesOf(document, 'source');
  for (const id of given.keys()) {
    if (sources.includes(id)) continue;
    const what = Object.hasOwn(document.modules, id) ? 'is no source' : 'is no module of the flow';
    throw new UsageError(`--input ${id}=...: ${id} ${what}. Its sources are ${sources.join(', ')}.`);
  }
  return new Map([...given].map(([id, file]) => [id, resolve(file)]));
}

/** Such a file has the settings of the source.csv that it replaces; else its time is `t`. */
export function readsFiles(document: FlowDocument, inputs: ReadonlyMap<string, string>): Replaced {
  return new Map([...inputs].map(([id, file]) => [id, inputSource(file, csvSettings(document, id))]));
}

export function csvSettings(document: FlowDocument, id: string): unknown {
  const { type, settings } = document.modules[id]!;
  return type === 'source.csv' ? settings : undefined;
}
