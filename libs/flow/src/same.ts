/** Equality of plain JSON values. A name whose value is undefined is no name; the order of names is nothing. */

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const [left, right] = [namesOf(a), namesOf(b)];
  return (
    left.length === right.length && left.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

/** A value of names, as a settings object is; a list is none. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names that have a value. */
export function namesOf(record: object): string[] {
  return Object.keys(record).filter((name) => (record as Record<string, unknown>)[name] !== undefined);
}

/** The value of a name that the record itself has; names come from people, and `constructor` is one. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
