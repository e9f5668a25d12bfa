/**
 * The behaviours of a run from the command line: sources that read a file instead, and sinks that only write
 * down what reaches them.
 *
 * Guarantee: a module that is replaced is never made, so it opens nothing.
 */
import { eachRecord, gapRecord, JsonWriter, type Behaviours, type Create } from '@millrace/engine';
import type { ModuleKind } from '@millrace/flow';
import { behaviours, inputSource } from '@millrace/modules';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import type { LineFile } from './lines.js';

/** What acts on the world outside. `debug.tap` is no sink. */
export function isSink(type: string): boolean {
  const category: ModuleKind['category'] | undefined = kinds.get(type)?.category;
  return category === 'sink' || category === 'act';
}

export function behavioursOf(
  document: FlowDocument,
  /** Absolute paths by module. */
  inputs: ReadonlyMap<string, string>,
  out: LineFile | undefined,
): Behaviours {
  const replaced = new Map<string, Create>();
  for (const [id, { type, settings }] of Object.entries(document.modules)) {
    const file = inputs.get(id);
    if (file !== undefined) replaced.set(id, inputSource(file, type === 'source.csv' ? settings : undefined));
    else if (out !== undefined && isSink(type)) replaced.set(id, writesDown(out));
  }
  const chooses =
    (usual: Create): Create =>
    (context) =>
      (replaced.get((context as { id: string }).id) ?? usual)(context);
  return new Map([...behaviours].map(([type, create]) => [type, chooses(create)]));
}

/** `{"sink": id, "t": ..., ...}` a record, `{"sink": id, "t": to, "gap": {...}}` a hole. */
function writesDown(out: LineFile): Create {
  return (context) => {
    const { id } = context as { id: string };
    const head = `{"sink":${JSON.stringify(id)}`;
    const json = new JsonWriter();
    return {
      process(batch) {
        json.begin(batch);
        eachRecord(
          batch,
          (row) => out.add(json.row(row, `${head},"t":${batch.t[row]}`)),
          (gap) => out.add(JSON.stringify({ sink: id, t: gap.to, ...gapRecord(gap) })),
        );
      },
      tick: () => out.flush(),
    };
  };
}
