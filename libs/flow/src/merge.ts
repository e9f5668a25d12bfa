/**
 * Two people's edits of one flow as one: what only one of them changed is taken, and where both changed one
 * thing differently, it is said.
 *
 * Guarantee: nothing that both changed differently is settled in silence, but for positions on the canvas,
 * where mine wins. Where there is a conflict the merged document has theirs, so that a person loses no saved
 * work by looking. The merge is of what is written; whether it makes sense is said by checkFlow.
 */
import type { FlowDocument } from '@millrace/schemas';
import { pathOf, pointerOf, withValueAt, type Path } from './pointer.js';
import { isRecord, namesOf, own, same } from './same.js';

export interface Conflict {
  /** Absent when it is about the flow itself: its metadata or a parameter. */
  module?: string;
  /** JSON pointer into the document: a module, or the place in it. */
  pointer: string;
  /** Each is absent where there is no value: it was deleted, or is new in both others. */
  base?: unknown;
  mine?: unknown;
  theirs?: unknown;
}

export interface Merge {
  document: FlowDocument;
  conflicts: Conflict[];
}

export function mergeFlows(base: FlowDocument, mine: FlowDocument, theirs: FlowDocument): Merge {
  const conflicts: Conflict[] = [];
  const merged = mergeValues(base, mine, theirs, [], conflicts);
  return { document: merged as FlowDocument, conflicts };
}

/** The conflict settled the other way: the document with what was mine at its place. */
export function takeMine(document: FlowDocument, { pointer, mine }: Conflict): FlowDocument {
  return withValueAt(document, pathOf(pointer), mine) as FlowDocument;
}

/**
 * How deep names are merged one by one. Below it, a value is one thing: two people who change one list or one
 * object of a setting do not expect a mixture of both.
 */
const DEPTH: Record<string, number> = {
  metadata: 2,
  parameters: 3,
  // modules, id, settings, key.
  modules: 4,
  layout: 2,
};

function mergeValues(
  base: unknown,
  mine: unknown,
  theirs: unknown,
  path: Path,
  conflicts: Conflict[],
): unknown {
  if (same(mine, theirs) || same(base, mine)) return theirs;
  if (same(base, theirs)) return mine;
  const deep = path.length < (path.length === 0 ? 1 : (DEPTH[String(path[0])] ?? 1));
  if (deep && isRecord(mine) && isRecord(theirs) && canMix(base, mine, theirs, path)) {
    const from = isRecord(base) ? base : {};
    const merged = orderedNames(from, mine, theirs).flatMap((name): [string, unknown][] => {
      const value = mergeValues(
        own(from, name),
        own(mine, name),
        own(theirs, name),
        [...path, name],
        conflicts,
      );
      return value === undefined ? [] : [[name, value]];
    });
    return Object.fromEntries(merged);
  }
  if (path[0] === 'layout') return mine;
  conflicts.push({
    ...(path[0] === 'modules' && path.length > 1 ? { module: String(path[1]) } : {}),
    pointer: pointerOf(path),
    ...(base === undefined ? {} : { base }),
    ...(mine === undefined ? {} : { mine }),
    ...(theirs === undefined ? {} : { theirs }),
  });
  return theirs;
}

/**
 * A module or parameter that both made anew under one name, or that one turned into another type, is one
 * thing: settings of two types do not mix.
 */
function canMix(
  base: unknown,
  mine: Record<string, unknown>,
  theirs: Record<string, unknown>,
  path: Path,
): boolean {
  if (path.length !== 2) return true;
  return isRecord(base) && base['type'] === mine['type'] && base['type'] === theirs['type'];
}

/** Theirs in their order, and what only mine has behind what it stood behind. */
function orderedNames(base: object, mine: object, theirs: object): string[] {
  const names = namesOf(theirs);
  const known = new Set(names);
  let behind: string | undefined;
  for (const name of namesOf(mine)) {
    if (!known.has(name)) {
      names.splice(behind === undefined ? names.length : names.indexOf(behind) + 1, 0, name);
      known.add(name);
    }
    behind = name;
  }
  return [...names, ...namesOf(base).filter((name) => !known.has(name))];
}
