/**
 * People and tokens that are limited to groups: what they change may reach nodes of these groups alone. Pure.
 *
 * Guarantee: whoever is not limited may do all that their permissions say; reading is never limited.
 */
import { Failure } from '@millrace/schemas';
import type { Principal } from './principal.js';

/** Groups that one refusal names. */
const NAMED = 10;

/** What both allow; null allows all. */
export function narrower(a: readonly string[] | null, b: readonly string[] | null): Set<string> | null {
  if (a === null) return b && new Set(b);
  return b === null ? new Set(a) : new Set(a.filter((id) => b.includes(id)));
}

export function assertWithin(
  { groups }: Pick<Principal, 'groups'>,
  touched: readonly { id: string; name: string }[],
): void {
  if (groups === null) return;
  const beyond = new Map(touched.filter(({ id }) => !groups.has(id)).map(({ id, name }) => [id, name]));
  if (beyond.size === 0) return;
  const names = [...beyond.values()].slice(0, NAMED).join(', ');
  throw new Failure(
    'access.outside-groups',
    `This reaches ${names}${beyond.size > NAMED ? ' and others' : ''}, and you are limited to other groups. Ask somebody who is not.`,
    { errors: [...beyond].slice(0, NAMED).map(([id, name]) => ({ detail: `group ${name} (${id})` })) },
  );
}
