/**
 * Which names of an object and which entries of a list are kept, gone, new or renamed.
 *
 * A name is renamed when one with the same value is gone: so a module that got another id keeps its place.
 */
import { isRecord, namesOf, same } from '../same.js';

export interface NameChanges {
  /** New names by old ones. */
  renamed: Map<string, string>;
  removed: string[];
  /** New names by the old name that they stand behind; at the end when there is none. */
  added: { after: string | undefined; names: string[] }[];
}

export function changesOf(
  names: readonly string[],
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: readonly string[],
): NameChanges {
  const wanted = namesOf(after);
  const there = new Set(names);
  const wantedSet = new Set(wanted);
  const removed = names.filter((name) => !wantedSet.has(name));
  const fresh = wanted.filter((name) => !there.has(name));
  // The wires of a module may change in the same step, so they tell nothing about which module it is.
  const modules = path.length === 1 && path[0] === 'modules';
  const waiting = new Map<string, string[]>();
  for (const name of removed) {
    const sign = signature(before[name], modules);
    waiting.set(sign, [...(waiting.get(sign) ?? []), name]);
  }
  const renamed = new Map<string, string>();
  for (const name of fresh) {
    const old = waiting.get(signature(after[name], modules))?.shift();
    if (old !== undefined) renamed.set(old, name);
  }
  const taken = new Set(renamed.values());
  const oldNames = new Map([...renamed].map(([old, name]) => [name, old]));
  const added: NameChanges['added'] = [];
  let behind: string | undefined;
  for (const name of wanted) {
    if (there.has(name) || taken.has(name)) behind = oldNames.get(name) ?? name;
    else if (added.at(-1)?.after === behind && added.length > 0) added.at(-1)?.names.push(name);
    else added.push({ after: behind, names: [name] });
  }
  return { renamed, removed: removed.filter((name) => !renamed.has(name)), added };
}

function signature(value: unknown, modules: boolean): string {
  if (!modules || !isRecord(value)) return JSON.stringify(value);
  const { from: _from, ...rest } = value;
  return JSON.stringify(Object.fromEntries(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

export interface ListChange {
  /** Old and new places of entries that stay, changed or not. */
  kept: [number, number][];
  removed: number[];
  added: unknown[];
  /** The old entry that the new ones stand behind; -1 is in front of all. */
  after: number;
}

/** What begins and ends alike stays; in between, entry by entry as far as both go. */
export function listChanges(before: readonly unknown[], after: readonly unknown[]): ListChange {
  const most = Math.min(before.length, after.length);
  let front = 0;
  while (front < most && same(before[front], after[front])) front++;
  let back = 0;
  while (back < most - front && same(before[before.length - 1 - back], after[after.length - 1 - back]))
    back++;
  const [gone, come] = [before.length - front - back, after.length - front - back];
  const both = Math.min(gone, come);
  const kept: [number, number][] = [];
  for (let at = 0; at < front + both; at++) kept.push([at, at]);
  for (let at = back; at > 0; at--) kept.push([before.length - at, after.length - at]);
  return {
    kept,
    removed: Array.from({ length: gone - both }, (_, at) => front + both + at),
    added: after.slice(front + both, front + come),
    after: front + both - 1,
  };
}
