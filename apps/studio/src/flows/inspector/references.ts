/** A reference to a resource as its parts while one chooses. Pure. */
import { isReference } from '@millrace/flow';
import type { Resource } from '@millrace/schemas';

export interface Chosen {
  name: string;
  selector: string;
}

/** Also of a reference that is not finished; undefined for a path or nothing. */
export function chosenIn(text: unknown): Chosen | undefined {
  if (typeof text !== 'string' || !isReference(text)) return undefined;
  const [name = '', selector = ''] = text.slice('resource:'.length).replace(/#.*$/, '').split('@');
  return { name, selector };
}

export const referenceOf = ({ name, selector }: Chosen): string =>
  `resource:${name}${selector === '' ? '' : `@${selector}`}`;

/** What can stand behind the `@`: aliases with what they are now, then versions, the newest first. */
export function selectorsOf({ aliases, latest }: Pick<Resource, 'aliases' | 'latest'>): {
  value: string;
  label: string;
}[] {
  const named = Object.entries(aliases)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([alias, version]) => ({ value: alias, label: `${alias} (now ${version})` }));
  const versions = Array.from({ length: Math.min(latest ?? 0, VERSIONS) }, (_, index) => {
    const version = String((latest ?? 0) - index);
    return { value: version, label: `version ${version}` };
  });
  return [...named, ...versions];
}

const VERSIONS = 200;

/** The version that is meant now. */
export function versionOf(selector: string, aliases: Readonly<Record<string, number>>): number | undefined {
  if (/^[1-9]\d{0,8}$/.test(selector)) return Number(selector);
  return Object.hasOwn(aliases, selector) ? aliases[selector] : undefined;
}

/** What a resource that was just chosen is followed by: production where there is one, else the newest. */
export function firstSelector({ aliases, latest }: Pick<Resource, 'aliases' | 'latest'>): string {
  if (Object.hasOwn(aliases, 'production')) return 'production';
  return latest === null ? '' : String(latest);
}
