/**
 * Whether two readings are further apart than a limit. The limit itself is allowed, also where it is met in
 * decimals and the nearest doubles lie a hair further apart (4.2 - 4.1 > 0.1). With a limit of 0 any
 * difference counts.
 */
export function beyond(value: number, from: number, limit: number): boolean {
  const distance = Math.abs(value - from);
  if (!(distance > limit)) return false;
  // Half a unit in the last place of each of the three, twice over.
  return limit === 0 || distance > limit + Number.EPSILON * (Math.abs(value) + Math.abs(from) + limit);
}
