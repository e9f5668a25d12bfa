/** What each module did, as a table for a person. */
import type { ModuleCounters } from '@millrace/schemas';
import { table } from '../output/table.js';

export function countersTable(counters: Record<string, ModuleCounters>): string {
  const rows = Object.entries(counters).map(([module, one]) => [
    module,
    String(one.in),
    String(one.out),
    byReason(one.dropped),
    byReason(one.counted),
    String(one.errors),
    one.lastError ?? '',
  ]);
  const head = ['module', 'in', 'out', 'dropped', 'counted', 'errors', 'last error'];
  // Columns that say nothing in this run are left out.
  const kept = head.map((title, i) => i < 3 || title === 'errors' || rows.some((row) => row[i] !== ''));
  const only = (cells: readonly string[]) => cells.filter((_, i) => kept[i]);
  return table(only(head), rows.map(only));
}

const byReason = (reasons: Record<string, number>): string =>
  Object.entries(reasons)
    .map(([reason, n]) => `${reason} ${n}`)
    .join(', ');
