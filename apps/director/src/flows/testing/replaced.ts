/**
 * The behaviours of a test run: sources with a file read it, and what acts on the world outside only counts.
 *
 * Guarantee: a module that is replaced is never made, so it opens nothing. `sink.director` is kept: it writes
 * nowhere itself, and the host hears what it would send.
 */
import type { Behaviours, Create } from '@millrace/engine';
import { parseReference, type Catalogue } from '@millrace/flow';
import { inputSource } from '@millrace/modules';
import { Failure } from '@millrace/schemas';
import type { TestOrder } from './ipc.js';

export function behavioursOf(
  { document, inputs, blobs, speed, table }: TestOrder,
  kinds: Catalogue,
  behaviours: Behaviours,
  /** What is made otherwise beside that, by module. */
  instead: ReadonlyMap<string, Create> = new Map(),
): Behaviours {
  const replaced = new Map<string, Create>();
  for (const [id, { type, settings }] of Object.entries(document.modules)) {
    const category = kinds.get(type)?.category;
    const input = inputs[id];
    if (input !== undefined)
      replaced.set(id, reads(input, type === 'source.csv' ? settings : undefined, speed));
    else if (table !== undefined && type === 'source.csv') replaced.set(id, readsOnce(settings!, blobs));
    else if (type !== 'sink.director' && (category === 'sink' || category === 'act'))
      replaced.set(id, withholds);
  }
  for (const [id, create] of instead) replaced.set(id, create);
  return new Map(
    [...behaviours].map(([type, usual]): [string, Create] => [
      type,
      (context) => (replaced.get((context as { id: string }).id) ?? usual)(context),
    ]),
  );
}

/** A file of the catalogue from its beginning to its end, however the flow replays it. */
function readsOnce(settings: Record<string, unknown>, blobs: TestOrder['blobs']): Create {
  const file = settings.file as string;
  return inputSource(blobs[parseReference(file)!.digest!]!, settings, { name: file });
}

function reads(
  { path, name, timestamp }: TestOrder['inputs'][string],
  csv: Record<string, unknown> | undefined,
  speed: number | undefined,
): Create {
  const settings = timestamp === undefined ? csv : { file: name, ...csv, timestamp };
  return inputSource(path, settings, { name, speed });
}

/** Nothing leaves a test run. */
const withholds: Create = (context: { count(what: string, n: number): void }) => ({
  process: (batch) => context.count('not-sent', batch.n),
});

export const noFile = (file: string): Failure =>
  new Failure(
    'flows.test-input',
    `A test run reads no file of the director, and the flow names ${file}. Upload it to the catalogue and write resource:NAME@VERSION.`,
  );
