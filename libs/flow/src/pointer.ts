/** JSON pointers (RFC 6901), which name a place in a document. */

export type Path = readonly (string | number)[];

export function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a place; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

/**
 * A copy with another value at a place, sharing all else. Undefined takes away what stands there: a name, or
 * an entry of a list. Where nothing is on the way, objects are made.
 */
export function withValueAt(value: unknown, [part, ...below]: Path, now: unknown): unknown {
  if (part === undefined) return now;
  if (Array.isArray(value)) {
    const copy = [...value];
    const item = withValueAt(copy[Number(part)], below, now);
    if (item === undefined) copy.splice(Number(part), 1);
    else copy[Number(part)] = item;
    return copy;
  }
  const here = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { [part]: old, ...others } = here;
  const item = withValueAt(old, below, now);
  return item === undefined ? others : { ...here, [part]: item };
}

/** The same value with every string replaced. */
export function mapStrings(
  value: unknown,
  change: (text: string, path: Path) => unknown,
  path: Path = [],
): unknown {
  if (typeof value === 'string') return change(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => mapStrings(item, change, [...path, index]));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapStrings(item, change, [...path, key])]),
  );
}
