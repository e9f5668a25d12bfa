/** What of an alert's values and signal is shown, and in which order. Pure. */
import type { Alert, AlertSignal, FieldValue } from '@millrace/schemas';
import { value } from '../ui/units.js';

const MENTIONED = 2;

/**
 * Fields of the signal: those that the message names first, since they are why it was raised; then those that
 * move, most points first. Fields without any value are left out.
 */
export function fieldsOf({ fields }: AlertSignal, message: string): string[] {
  const known = Object.keys(fields).filter((name) => fields[name]!.some((value) => value !== null));
  const rank = (name: string): number =>
    (message.includes(name) ? MENTIONED : 0) + (moves(fields[name]!) ? 1 : 0);
  return known.sort((one, other) => rank(other) - rank(one));
}

function moves(values: readonly (number | null)[]): boolean {
  const some = values.filter((value) => value !== null);
  return some.some((value) => value !== some[0]);
}

/** The value that stands for the alert in a list: the one that its message names or tells first, else the first number. */
export function mainValue({
  values,
  message,
}: Pick<Alert, 'values' | 'message'>): { name: string; value: number } | undefined {
  const numbers = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'number' && !BESIDE.includes(name)
      ? [{ name, value, at: placeIn(message, name, value) }]
      : [],
  );
  const [main] = numbers.sort((one, other) => one.at - other.at);
  return main === undefined ? undefined : { name: main.name, value: main.value };
}

/** Of windows: when they begin and end, and how many rows they have. */
const BESIDE = ['t', 'from', 'to', 'count'];
const DIGITS = 2;

/** Where the message names or tells it; infinity: nowhere. */
function placeIn(message: string, name: string, value: number): number {
  const told = Number.isInteger(value) ? -1 : message.indexOf(value.toFixed(DIGITS));
  const places = [message.indexOf(name), told].filter((at) => at >= 0);
  return places.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...places);
}

/** Milliseconds of this century: written as a time. */
const [FROM, TO] = [946_684_800_000, 4_102_444_800_000];

export function shownValue(of: FieldValue): string {
  if (typeof of === 'number' && Number.isInteger(of) && of >= FROM && of < TO)
    return new Date(of).toLocaleTimeString();
  return value(of);
}

/** What is said about the alert first; what only frames it last. */
export function valuesOf(alert: Pick<Alert, 'values' | 'message'>): [string, FieldValue][] {
  const main = mainValue(alert)?.name;
  const rank = (name: string): number => (name === main ? 0 : BESIDE.includes(name) ? 2 : 1);
  return Object.entries(alert.values).sort(([one], [other]) => rank(one) - rank(other));
}
