/** Which two of a flow are compared: each is `draft` or the number of a version. Pure. */
import type { FlowVersion } from '@millrace/schemas';

export type Side = string;

export const DRAFT: Side = 'draft';

/** `@3`, or `draft`. */
export const sideWord = (side: Side): string => (side === DRAFT ? 'draft' : `@${side}`);

/**
 * What the address asks for, else the draft against the newest version when it has changed since, else the
 * newest against the one before. `from` is absent where there is nothing to compare with.
 */
export function sidesOf(
  askedFrom: string | null,
  askedTo: string | null,
  versions: readonly Pick<FlowVersion, 'version' | 'draftRevision'>[],
  draftRevision: number | undefined,
): { from?: Side; to?: Side } {
  const newest = versions[0];
  const changed = draftRevision !== undefined && draftRevision > 0 && draftRevision !== newest?.draftRevision;
  const to =
    valid(askedTo) ??
    (changed || newest === undefined ? (changed ? DRAFT : undefined) : String(newest.version));
  if (to === undefined) return {};
  const before = to === DRAFT ? newest?.version : Number(to) - 1;
  const from = valid(askedFrom) ?? (before === undefined || before < 1 ? undefined : String(before));
  return from === undefined || from === to ? { to } : { from, to };
}

const valid = (side: string | null): Side | undefined =>
  side !== null && /^(?:draft|[1-9]\d{0,8})$/.test(side) ? side : undefined;
