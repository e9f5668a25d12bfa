/** Lists come in pages; this walks them to the end, or until the caller has enough. */
import type { Page, PageQuery } from '@millrace/schemas';

/** A name or id as part of a path. */
export const segment = (text: string): string => encodeURIComponent(text);

export async function* each<Item, Query extends PageQuery>(
  list: (query?: Query) => Promise<Page<Item>>,
  query: Query,
): AsyncGenerator<Item> {
  let cursor = query.cursor;
  do {
    const page: Page<Item> = await list({ ...query, cursor });
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

/** At most `most` items; the default is far above what a person reads. */
export async function take<Item>(items: AsyncIterable<Item>, most = 10_000): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= most) break;
  }
  return taken;
}
