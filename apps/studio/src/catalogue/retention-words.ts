/** How it is said what is kept and what goes. Pure. */
import type { Retention, RetentionSet } from '@millrace/schemas';
import { bytes, many } from '../ui/units.js';

/** Versions that an alias, a flow version or a promotion names stay in any case. */
export function keepSays({ keepLast, keepDays }: RetentionSet): string {
  const last = keepLast !== null && (keepLast === 1 ? 'are the newest' : `are among the newest ${keepLast}`);
  const days = keepDays !== null && `are younger than ${many(keepDays, 'day')}`;
  const said = [last, days].filter(Boolean).join(' or ');
  return said === '' ? 'Every version stays.' : `Versions that nothing names stay while they ${said}.`;
}

export const fromSays = ({ own }: Pick<Retention, 'own'>, name: string | undefined): string => {
  if (name === undefined) return 'For every resource without a policy of its own.';
  return own ? 'Its own policy.' : "The organization's policy.";
};

export const goesSays = (total: number, free: number): string =>
  total === 0
    ? 'Nothing would be deleted.'
    : `${many(total, 'version')} ${total === 1 ? 'goes' : 'go'}, and ${bytes(free)} would be free.`;
