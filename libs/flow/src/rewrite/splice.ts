/**
 * Changes a text of YAML or JSON so that it says another value, by cutting and setting in single places.
 *
 * Guarantee: every character outside of the places that changed stays as it is. It does not promise to be
 * right for each trick of YAML (anchors, explicit keys, odd block scalars): rewriteFlow reads the result again.
 */
import { isCollection, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { isRecord, namesOf, same } from '../same.js';
import { changesOf, listChanges, type ListChange } from './changes.js';
import { inlineText, itemText, jsonText, openOf, pairText, scalarText, valueText } from './fresh.js';

interface Edit {
  from: number;
  to: number;
  text: string;
}

/** One entry of a collection in the text. */
interface Entry {
  node: Node | null;
  /** Where the entry begins: at its key, or at its value in a list. */
  start: number;
  key?: Node;
}

interface Style {
  json: boolean;
  /** One level of indentation of a JSON text; empty when it stands on one line. */
  unit: string;
}

/** `root` is what the text was parsed to, and `before` its value. */
export function splice(text: string, root: Node, before: unknown, after: unknown, style: Style): string {
  const edits: Edit[] = [];
  const put = (from: number, to: number, replacement: string): void => {
    edits.push({ from, to, text: replacement });
  };

  const visit = (
    entry: Entry,
    old: unknown,
    now: unknown,
    path: readonly string[],
    inside: boolean,
  ): void => {
    const { node } = entry;
    if (same(old, now)) return;
    if (isMap(node) && isRecord(old) && isRecord(now) && namesOf(now).length > 0) {
      if (visitMap(node, old, now, path, inside || node.flow === true)) return;
    } else if (isSeq(node) && Array.isArray(old) && Array.isArray(now) && now.length > 0) {
      if (visitList(node, old, now, path, inside || node.flow === true)) return;
    }
    replace(entry, now, path, inside);
  };

  /** False, and nothing done, when an entry stands where lines cannot be cut. */
  const visitMap = (
    map: YAMLMap,
    old: Record<string, unknown>,
    now: Record<string, unknown>,
    path: readonly string[],
    inside: boolean,
  ): boolean => {
    const entries = map.items.map(entryOf);
    const names = map.items.map(nameOf);
    const { renamed, removed, added } = changesOf(names, old, now, path);
    const stays = names.findLastIndex((name) => !removed.includes(name));
    if (stays < 0 || (removed.length + added.length > 0 && !canCut(entries, inside))) return false;
    names.forEach((name, index) => {
      const entry = entries[index] as Entry;
      const newName = renamed.get(name) ?? name;
      if (newName !== name) {
        const [from = 0, to = 0] = entry.key?.range ?? [];
        put(from, to, style.json ? JSON.stringify(newName) : scalarText(newName, true));
      }
      if (!removed.includes(name)) visit(entry, old[name], now[newName], [...path, newName], inside);
    });
    const { column } = placeOf(text, entries[0]?.start ?? 0);
    cut(
      entries,
      removed.map((name) => names.indexOf(name)),
      inside,
    );
    for (const { after: anchor, names: group } of added)
      insert(
        entries,
        anchor === undefined ? stays : names.indexOf(anchor),
        group.map((name) =>
          inside
            ? insidePair(name, now[name], column)
            : pairText(name, now[name], column, openOf([...path, name])),
        ),
        inside,
      );
    return true;
  };

  const visitList = (
    list: YAMLSeq,
    old: readonly unknown[],
    now: readonly unknown[],
    path: readonly string[],
    inside: boolean,
  ): boolean => {
    const entries = list.items.map((item): Entry => ({ node: item as Node, start: startOf(item as Node) }));
    const change: ListChange = listChanges(old, now);
    if (change.removed.length + change.added.length > 0 && !canCut(entries, inside)) return false;
    for (const [from, to] of change.kept)
      visit(entries[from] as Entry, old[from], now[to], [...path, String(to)], inside);
    const { column } = placeOf(text, entries[0]?.start ?? 0);
    cut(entries, change.removed, inside);
    if (change.added.length > 0)
      insert(
        entries,
        change.after,
        change.added.map((item) => {
          if (inside) return insideValue(item, column);
          return `- ${itemText(item, column)}`;
        }),
        inside,
      );
    return true;
  };

  const insidePair = (name: string, value: unknown, column: number): string =>
    style.json
      ? `${JSON.stringify(name)}:${style.unit === '' && !/[:,]\s/.test(text) ? '' : ' '}${insideValue(value, column)}`
      : `${scalarText(name, true)}: ${inlineText(value, true)}`;

  const insideValue = (value: unknown, column: number): string =>
    style.json
      ? jsonText(value, style.unit, text.includes('\n') ? ' '.repeat(column) : '')
      : inlineText(value, true);

  /** Cuts whole lines in a block, and an entry with one comma in brackets. */
  const cut = (entries: readonly Entry[], indexes: readonly number[], inside: boolean): void => {
    const gone = new Set(indexes);
    const last = entries.findLastIndex((_, index) => !gone.has(index));
    entries.forEach((entry, index) => {
      if (!gone.has(index)) return;
      if (!inside) put(...linesOf(text, entry.start, endOf(text, entry)), '');
      else if (index < last) put(entry.start, (entries[index + 1] as Entry).start, '');
      else put(endOf(text, entries[index - 1] as Entry), endOf(text, entry), '');
    });
  };

  /** Behind the entry at `index`; the first of the rest when that is -1. */
  const insert = (
    entries: readonly Entry[],
    index: number,
    parts: readonly string[],
    inside: boolean,
  ): void => {
    const anchor = entries[Math.max(0, index)] as Entry;
    const { column, indentation } = placeOf(text, anchor.start);
    const end = endOf(text, anchor);
    if (inside) {
      // Entries that have a line each get a line each.
      const own = /^\s*$/.test(text.slice(text.lastIndexOf('\n', anchor.start - 1) + 1, anchor.start));
      const gap = own && text.includes('\n') ? `\n${indentation}` : /[:,]\s|[{[]\s/.test(text) ? ' ' : '';
      if (index < 0) put(anchor.start, anchor.start, parts.map((part) => `${part},${gap}`).join(''));
      else put(end, end, parts.map((part) => `,${gap}${part}`).join(''));
      return;
    }
    const dashed = parts[0]?.startsWith('- ') === true && isDashed(text, anchor.start);
    const pad = ' '.repeat(dashed ? dashOf(text, anchor.start) : column);
    if (index < 0) {
      const [line] = linesOf(text, anchor.start, end);
      put(line, line, parts.map((part) => `${pad}${part}\n`).join(''));
    } else {
      const line = lineEnd(text, end);
      put(line, line, parts.map((part) => `\n${pad}${part}`).join(''));
    }
  };

  /** Another value in the place of one. */
  const replace = (entry: Entry, now: unknown, path: readonly string[], inside: boolean): void => {
    const { node, key } = entry;
    const from = startOf(node) || (key?.range?.[1] ?? entry.start);
    const to = Math.max(from, endOf(text, entry));
    const place = placeOf(text, entry.start);
    if (style.json) return put(from, to, insideValue(now, place.indent));
    const space = /\s$|[[{(]$/.test(text.slice(0, from)) ? '' : ' ';
    const behind = text.slice(to, lineEnd(text, to)).trim() !== '';
    const quotes =
      isScalar(node) && node.type === 'QUOTE_DOUBLE'
        ? 'double'
        : isScalar(node) && node.type === 'QUOTE_SINGLE'
          ? 'single'
          : undefined;
    if (typeof now === 'string' && (quotes !== undefined || inside || behind))
      return put(from, to, space + scalarText(now, inside, quotes));
    if (inside || behind) return put(from, to, space + inlineText(now, inside));
    if (key === undefined) return put(from, to, space + itemText(now, place.column));
    const colon = text.indexOf(':', key.range?.[1] ?? 0) + 1;
    const fresh = valueText(now, place.column, place.column + colon - entry.start, openOf(path));
    // What stands between the name and the value is a comment or an anchor: it stays.
    if (text.slice(colon, from).trim() === '') put(colon, to, fresh);
    else
      put(from, to, isScalar(node) && !isCollection(node) ? space + fresh.slice(1) : inlineText(now, false));
  };

  /** In brackets always; in a block only when every entry begins a line. */
  const canCut = (entries: readonly Entry[], inside: boolean): boolean =>
    entries.length > 0 && (inside || entries.every(({ start }) => isAlone(text, start)));

  visit({ node: root, start: startOf(root) }, before, after, [], false);
  return applied(text, edits);
}

function entryOf(pair: Pair): Entry {
  const key = pair.key as Node;
  return { node: pair.value as Node | null, key, start: startOf(key) };
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** Behind the last character of what an entry says, without comments and blank lines. */
function endOf(text: string, { node, key }: Entry): number {
  if (node === null) return key?.range?.[1] ?? 0;
  if (isCollection(node) && node.flow !== true && node.items.length > 0) {
    const last: unknown = node.items.at(-1);
    return isMap(node)
      ? endOf(text, entryOf(last as Pair))
      : endOf(text, { node: last as Node, start: startOf(last as Node) });
  }
  let end = node.range?.[1] ?? 0;
  while (end > startOf(node) && /\s/.test(text[end - 1] as string)) end--;
  return end;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  const line = end < 0 ? text.length : end;
  return text[line - 1] === '\r' && line > at ? line - 1 : line;
}

/** `column` of a place in its line, and how far the line itself is indented. */
function placeOf(text: string, at: number): { column: number; indent: number; indentation: string } {
  const line = lineStart(text, at);
  const indentation = /^[ \t]*/.exec(text.slice(line, at))?.[0] ?? '';
  return { column: at - line, indent: indentation.length, indentation };
}

function isAlone(text: string, start: number): boolean {
  return /^ *(?:- +)?$/.test(text.slice(lineStart(text, start), start)) && !isFirstBehindDash(text, start);
}

/** A pair behind a dash shares its line with the entry of the list; an item of a list is that entry. */
function isFirstBehindDash(text: string, start: number): boolean {
  return (
    isDashed(text, start) &&
    /^(?:[^\s:]+|"[^"]*"|'[^']*'):(?:\s|$)/.test(text.slice(start, lineEnd(text, start)))
  );
}

function isDashed(text: string, start: number): boolean {
  return /^ *- +$/.test(text.slice(lineStart(text, start), start));
}

function dashOf(text: string, start: number): number {
  return text.indexOf('-', lineStart(text, start)) - lineStart(text, start);
}

/** Whole lines, with the comments right above that stand as far to the right, and with one break. */
function linesOf(text: string, start: number, end: number): [number, number] {
  const { indent } = placeOf(text, start);
  let from = lineStart(text, start);
  while (from > 0) {
    const above = lineStart(text, from - 1);
    const line = text.slice(above, from);
    if (!line.trimStart().startsWith('#') || placeOf(text, above + line.indexOf('#')).column !== indent)
      break;
    from = above;
  }
  const next = text.indexOf('\n', end);
  return [from, next < 0 ? text.length : next + 1];
}

function applied(text: string, edits: readonly Edit[]): string {
  const ordered = edits
    .map((edit, index) => ({ ...edit, index }))
    .toSorted((a, b) => a.from - b.from || a.index - b.index);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  let result = '';
  let done = 0;
  for (const { from, to, text: part } of ordered) {
    result += text.slice(done, Math.max(done, from)) + part.replaceAll('\n', eol);
    done = Math.max(done, to);
  }
  return result + text.slice(done);
}
