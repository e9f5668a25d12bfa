/**
 * A long list, greatest id first, of which parts are read again while others stay. Pure.
 *
 * Guarantee: whatever came or went in between, each item is there once and in order, and the list never shows two
 * parts as one that have unread items between them.
 */
import type { Page } from '@millrace/schemas';

/** Where reading may begin: behind `after`, with its cursor. The top has neither. */
export interface Start {
  after?: string;
  cursor?: string;
}

export interface Read<Item> {
  items: Item[];
  /** The top first. */
  starts: Start[];
  /** Goes on at the end; null: all is read. */
  next: string | null;
}

/** Items of a page, the most that the API gives. */
export const PAGE = 200;

export const firstRead = <Item>(page: Page<Item>, idOf: (item: Item) => string): Read<Item> =>
  merge({ items: [], starts: [{}], next: null }, {}, page, idOf);

/** With the page that was read from `start`. */
export function merge<Item>(
  read: Read<Item>,
  start: Start,
  page: Page<Item>,
  idOf: (item: Item) => string,
): Read<Item> {
  const { after } = start;
  const end = page.items.length === 0 ? undefined : idOf(page.items.at(-1)!);
  const isLast = page.next === null || end === undefined;
  const above = after === undefined ? [] : read.items.filter((item) => idOf(item) >= after);
  const rest = isLast ? [] : read.items.filter((item) => idOf(item) < end);
  // More came at the top than one page holds: what was read before is too far below to follow on it.
  const torn = after === undefined && rest.length > 0 && rest.length === read.items.length;
  const below = torn ? [] : rest;
  const items = [...above, ...page.items, ...below];
  const starts = read.starts.filter(
    (one) =>
      one.after === undefined ||
      (after !== undefined && one.after >= after) ||
      (!isLast && !torn && one.after < end),
  );
  if (after !== undefined && !starts.some((one) => one.after === after)) starts.push(start);
  if (!isLast) starts.push({ after: end, cursor: page.next! });
  starts.sort((one, other) =>
    one.after === undefined ? -1 : other.after === undefined ? 1 : -compare(one.after, other.after),
  );
  return {
    items,
    starts: thinned(starts, items.map(idOf)),
    next: isLast ? null : below.length === 0 ? page.next : read.next,
  };
}

/** From where to read so that an item of this id is met. */
export const startOf = (starts: readonly Start[], id: string): Start =>
  starts.findLast(({ after }) => after === undefined || after > id) ?? {};

/** Without those between two others that one page spans. */
function thinned(starts: readonly Start[], ids: readonly string[]): Start[] {
  const place = ({ after }: Start) => (after === undefined ? 0 : countFrom(ids, after));
  const kept: Start[] = [];
  for (const [index, one] of starts.entries()) {
    const before = kept.at(-1);
    const following = starts[index + 1];
    const until = following === undefined ? ids.length : place(following);
    if (before === undefined || until - place(before) > PAGE) kept.push(one);
  }
  return kept;
}

/** How many ids are at least `least`; they fall. */
function countFrom(ids: readonly string[], least: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! >= least) low = middle + 1;
    else high = middle;
  }
  return low;
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
