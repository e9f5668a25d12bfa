/**
 * A long list that follows what happens without reading all of itself again: an event makes its item's part stale,
 * and stale parts are read one at a time, those in sight first.
 *
 * Guarantee: at most one request each SETTLE_MS, however much happens; what is shown keeps its place. The list is
 * sorted by id, the greatest first.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { LiveEvent, Page } from '@millrace/schemas';
import { useLive } from './live.js';
import { firstRead, merge, PAGE, startOf, type Read, type Start } from './merge.js';
import type { Pages } from './pages.js';

const SETTLE_MS = 1_500;

export interface Followed<Item> extends Pages<Item> {
  /** Of the row that is at the top of what is in sight: its part is read first. */
  looking(index: number): void;
  /** New ones that wait until they are asked for; only with `hold`. */
  waiting: number;
  takeIn(): void;
  /** Reads the parts of these again, such as after a change of one's own. */
  again(ids: Iterable<string>): void;
}

interface FollowOptions<Item> {
  /** Not a room's word first: a room's list would be read whole. */
  key: readonly unknown[];
  read(query: { cursor?: string; limit: number }): Promise<Page<Item>>;
  idOf(item: Item): string;
  /** Begin of the types of events, such as `node.`; their subject is the id of an item. */
  events: string;
  /** Which of them tell of a new item. */
  isNew(event: LiveEvent): boolean;
  /** New ones wait, so that what one reads does not move. */
  hold?: boolean;
}

export function useFollowed<Item>(options: FollowOptions<Item>): Followed<Item> {
  const { key, read, idOf, events, isNew, hold = false } = options;
  const cache = useQueryClient();
  const [more, setMore] = useState<{ busy: boolean; error: Error | null }>({ busy: false, error: null });
  const [held, setHeld] = useState<readonly string[]>([]);
  const stale = useRef(new Set<string>());
  const sight = useRef(0);
  const holding = useRef(hold);
  useEffect(() => {
    holding.current = hold;
  }, [hold]);
  const query = useQuery({
    queryKey: key,
    // What is there stays below; it is read again part by part.
    queryFn: async () => {
      const page = await read({ limit: PAGE });
      const before = cache.getQueryData<Read<Item>>(key);
      if (before === undefined) return firstRead(page, idOf);
      for (const { after } of before.starts) if (after !== undefined) stale.current.add(after.slice(0, -1));
      const known = withoutNew(before, page);
      return known === undefined ? before : merge(before, {}, known, idOf);
    },
  });
  /** While new ones wait, what is read again at the top is only what was there. */
  const withoutNew = (now: Read<Item>, page: Page<Item>): Page<Item> | undefined => {
    const first = now.items[0];
    if (!holding.current || first === undefined) return page;
    const items = page.items.filter((item) => idOf(item) <= idOf(first));
    return items.length === 0 && page.next !== null ? undefined : { ...page, items };
  };

  const put = (start: Start, page: Page<Item>) =>
    cache.setQueryData<Read<Item>>(key, (now) =>
      now ? merge(now, start, page, idOf) : firstRead(page, idOf),
    );

  const tick = useRef<() => Promise<void>>(undefined);
  useEffect(() => {
    tick.current = async () => {
      const now = cache.getQueryData<Read<Item>>(key);
      if (now === undefined || stale.current.size === 0 || document.hidden) return;
      const inSight = now.items[sight.current];
      const starts = new Map([...stale.current].map((id) => [startOf(now.starts, id), id]));
      const near = inSight === undefined ? undefined : startOf(now.starts, idOf(inSight));
      const start = near !== undefined && starts.has(near) ? near : [...starts.keys()][0]!;
      const asked = [...stale.current].filter((id) => startOf(now.starts, id) === start);
      for (const id of asked) stale.current.delete(id);
      try {
        const page = await read({ cursor: start.cursor, limit: PAGE });
        const known = start.after === undefined ? withoutNew(now, page) : page;
        if (known !== undefined) put(start, known);
      } catch {
        for (const id of asked) stale.current.add(id);
      }
    };
  });
  useEffect(() => {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void tick.current?.().finally(() => (busy = false));
    }, SETTLE_MS);
    return () => clearInterval(timer);
  }, []);
  const name = JSON.stringify(key);
  useEffect(() => {
    stale.current.clear();
    setHeld([]);
  }, [name]);

  useLive(events, (event) => {
    if (event.type === 'gap') {
      void query.refetch();
      return;
    }
    if (hold && isNew(event)) setHeld((ids) => (ids.includes(event.subject) ? ids : [...ids, event.subject]));
    else stale.current.add(event.subject);
  });

  const takeIn = () => {
    holding.current = false;
    for (const id of held) stale.current.add(id);
    setHeld([]);
    void tick.current?.();
  };
  const letIn = useRef(takeIn);
  useEffect(() => {
    letIn.current = takeIn;
  });
  useEffect(() => {
    if (!hold) letIn.current();
  }, [hold]);

  const { data } = query;
  const readMore = async () => {
    const end = data?.items.at(-1);
    if (!data?.next || end === undefined || more.busy) return;
    setMore({ busy: true, error: null });
    try {
      const page = await read({ cursor: data.next, limit: PAGE });
      put({ after: idOf(end), cursor: data.next }, page);
      setMore({ busy: false, error: null });
    } catch (error) {
      setMore({ busy: false, error: error as Error });
    }
  };
  return {
    items: data?.items ?? [],
    error: query.error ?? more.error,
    loading: query.isPending,
    more: data !== undefined && data.next !== null && !more.busy && more.error === null,
    readMore: () => void readMore(),
    retry: () => void query.refetch(),
    looking: (index) => (sight.current = index),
    waiting: held.length,
    takeIn,
    again: (ids) => {
      for (const id of ids) stale.current.add(id);
      void tick.current?.();
    },
  };
}
