/** What nodes say, as PostgreSQL can hold it: it knows no NUL, and a broken sensor's text may have one. Pure. */

export const withoutNul = (text: string): string => text.replaceAll('\0', '\uFFFD');

export const jsonWithoutNul = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return withoutNul(inner);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner);
    return entries.some(([name]) => name.includes('\0'))
      ? Object.fromEntries(entries.map(([name, one]) => [withoutNul(name), one]))
      : inner;
  });
