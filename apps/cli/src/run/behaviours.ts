/**
 * The behaviours of a run from the command line, with some modules made otherwise than usual: sources that read
 * a file instead, sinks that only write down what reaches them.
 *
 * Guarantee: a module that is replaced is never made, so it opens nothing.
 */
import { eachRecord, gapRecord, JsonWriter, type Behaviours, type Create } from '@millrace/engine';
import type { ModuleKind } from '@millrace/flow';
import type { LineFile } from '@millrace/dataset';
import { behaviours } from '@millrace/modules';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';

/** What a module is made by instead of the behaviour of its type. */
export type Replaced = Map<string, Create>;

/** Ids of the modules of some categories, in the document's order. */
export function modulesOf(document: FlowDocument, ...categories: ModuleKind['category'][]): string[] {
  return Object.keys(document.modules).filter((id) => {
    const category = kinds.get(document.modules[id]!.type)?.category;
    return category !== undefined && categories.includes(category);
  });
}

export function behavioursWith(replaced: Replaced): Behaviours {
  const chooses =
    (usual: Create): Create =>
    (context) =>
      (replaced.get((context as { id: string }).id) ?? usual)(context);
  return new Map([...behaviours].map(([type, create]) => [type, chooses(create)]));
}

/** `{"sink": id, "t": ..., ...}` a record, `{"sink": id, "t": to, "gap": {...}}` a hole. */
export function writesDown(out: LineFile): Create {
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
