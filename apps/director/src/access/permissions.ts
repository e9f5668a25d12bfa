/** Who may do what: one table a role. Pure; the guard, the sessions and the studio all ask it. */
import { Permission, type Role } from '@millrace/schemas';

const all = Permission.options;
const reading = all.filter((permission) => permission.endsWith('.read') && permission !== 'audit.read');

export const grants: Record<Role, readonly Permission[]> = {
  admin: all,
  operator: [
    ...reading,
    'fleet.write',
    'deployments.write',
    'deployments.approve',
    'promotions.write',
    'promotions.approve',
    'alerts.write',
  ],
  // Whoever may not deploy may still promote, and somebody else approves it.
  'data-scientist': [...reading, 'flows.write', 'catalogue.write', 'catalogue.promote', 'promotions.write'],
  viewer: reading,
};

/** What a token may do: its scopes, but never more than the person who made it may do now. */
export function effective(scopes: readonly string[], role: Role): Permission[] {
  const may: readonly Permission[] = grants[role];
  return all.filter((permission) => scopes.includes(permission) && may.includes(permission));
}
