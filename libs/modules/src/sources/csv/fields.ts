/**
 * Which columns of a file, or values of a message, become fields, and under which name: the setting `fields`
 * of sources. Browser-safe.
 */
import { z } from 'zod';

export const Fields = z
  .union([z.array(z.string().min(1)).min(1), z.record(z.string().min(1), z.string().min(1))])
  .describe(
    'What to keep: a list of names, or `{field: name in the data}` to rename. Everything when absent.',
  );
export type Fields = z.infer<typeof Fields>;

/** Field names by the name in the data; null when everything is kept under its own name. */
export function fieldsByName(fields: Fields | undefined): Map<string, string> | null {
  if (fields === undefined) return null;
  if (Array.isArray(fields)) return new Map(fields.map((name) => [name, name]));
  return new Map(Object.entries(fields).map(([field, name]) => [name, field]));
}
