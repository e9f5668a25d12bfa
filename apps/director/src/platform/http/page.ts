/**
 * Pages of a list, newest first: a cursor holds the place of the last item, so that pages neither repeat nor
 * skip when items come or go. Cursors are opaque to clients and tell nothing.
 */
import { Failure, type Page, type PageQuery } from '@millrace/schemas';

const DEFAULT_LIMIT = 50;

export interface Window {
  /** One more than the page holds: whether it comes says whether there is a next page. */
  take: number;
  limit: number;
  /** Place of the last item of the page before, as `placeOf` gave it. */
  after?: string;
}

/** For the store: `WHERE id < after ORDER BY id DESC LIMIT take`. */
export function windowOf(query: PageQuery): Window {
  const limit = query.limit ?? DEFAULT_LIMIT;
  return { limit, take: limit + 1, after: query.cursor === undefined ? undefined : decode(query.cursor) };
}

/** The same for a list whose order is a number, such as a version: `most` is what its column holds. */
export function windowOfNumbers(query: PageQuery, most = 2_147_483_647): Window {
  const window = windowOf(query);
  if (window.after !== undefined && !(/^\d{1,16}$/.test(window.after) && Number(window.after) <= most))
    throw notACursor();
  return window;
}

/** `rows` as the store found them with `window.take`; `placeOf` gives what the order goes by. */
export function pageFrom<Row, Item>(
  rows: Row[],
  window: Window,
  placeOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, window.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    next: rows.length > window.limit && last !== undefined ? encode(placeOf(last)) : null,
  };
}

const encode = (place: string): string => Buffer.from(JSON.stringify([1, place])).toString('base64url');

function decode(cursor: string): string {
  try {
    const [version, place] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (version === 1 && typeof place === 'string') return place;
  } catch {
    // falls through to the refusal
  }
  throw notACursor();
}

const notACursor = () =>
  new Failure('platform.invalid-request', 'The cursor is not one of this list. Begin again without one.', {
    errors: [{ pointer: '/cursor', detail: 'not a cursor' }],
  });
