/** Lists that are longer than a page, read as one scrolls. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from '@millrace/schemas';

export interface Pages<Item> {
  items: Item[];
  /** Null while there is no answer. */
  error: Error | null;
  loading: boolean;
  /** There is more, and it is not under way. */
  more: boolean;
  readMore(): void;
  retry(): void;
}

/** `read` gets the cursor of a page, and undefined for the first. Live events read all shown pages again. */
export function usePages<Item>(
  key: readonly unknown[],
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): Pages<Item> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  return {
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    error: query.error,
    loading: query.isPending,
    more: query.hasNextPage && !query.isFetchingNextPage,
    readMore: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  };
}
