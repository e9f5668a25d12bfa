/**
 * My draft and theirs, which both began with one base. Pure.
 *
 * Guarantee: what cannot be joined is a conflict with both values; nothing is left out in silence.
 */
import { diffFlows, mergeFlows, readFlow, rewriteFlow, takeMine, type Conflict } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';

export interface Written {
  text: string;
  /** Absent when the text is no flow. */
  document: FlowDocument | undefined;
}

export interface Joined extends Written {
  conflicts: Conflict[];
}

export const written = (text: string): Written => ({ text, document: readFlow(text).document });

export function join(base: Written, mine: Written, theirs: Written): Joined {
  if (mine.text === theirs.text || mine.text === base.text) return { ...theirs, conflicts: [] };
  if (theirs.text === base.text) return { ...mine, conflicts: [] };
  if (base.document === undefined || mine.document === undefined || theirs.document === undefined) {
    // A text that is no flow cannot be merged by its modules: one whole or the other.
    const conflict = { pointer: '', base: base.text, mine: mine.text, theirs: theirs.text };
    return { ...theirs, conflicts: [conflict] };
  }
  const { document, conflicts } = mergeFlows(base.document, mine.document, theirs.document);
  const onlyComments = diffIsEmpty(base.document, theirs.document);
  return { document, text: rewriteFlow(onlyComments ? mine.text : theirs.text, document), conflicts };
}

/** With the choices of a person by pointer; what is not chosen is still a conflict. */
export function settle(
  joined: Joined,
  mine: Written,
  choices: ReadonlyMap<string, 'mine' | 'theirs'>,
): Joined {
  let { text, document } = joined;
  for (const conflict of joined.conflicts) {
    if (choices.get(conflict.pointer) !== 'mine') continue;
    if (conflict.pointer === '') return { ...mine, conflicts: [] };
    if (document !== undefined) document = takeMine(document, conflict);
  }
  if (document !== undefined) text = rewriteFlow(text, document);
  return { text, document, conflicts: joined.conflicts.filter(({ pointer }) => !choices.has(pointer)) };
}

/** Modules that are not what they were. */
export function changedModules(before: FlowDocument | undefined, after: FlowDocument | undefined): string[] {
  if (before === undefined || after === undefined) return [];
  const { added, removed, rewired, changed } = diffFlows(before, after);
  return [
    ...new Set([
      ...added,
      ...removed,
      ...rewired.map(({ module }) => module),
      ...changed.map(({ module }) => module),
    ]),
  ];
}

function diffIsEmpty(a: FlowDocument, b: FlowDocument): boolean {
  return changedModules(a, b).length === 0 && JSON.stringify(a) === JSON.stringify(b);
}
