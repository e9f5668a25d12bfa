/** The fleet's lists as the pages ask for them. */
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Group, Node } from '@millrace/schemas';
import { useEffect, useRef } from 'react';
import { api } from '../data/api.js';
import { useFollowed } from '../data/followed.js';
import { useLive } from '../data/live.js';

/** Thousands of nodes report every half minute; how many there are is not asked more often than this. */
const COUNTED_MS = 3_000;

export const filterOf = (filter: string): string | undefined => (filter === '' ? undefined : filter);

export const useNodes = (filter: string) =>
  useFollowed<Node>({
    key: ['nodes', filter],
    read: (query) => api().fleet.nodes({ ...query, filter: filterOf(filter) }),
    idOf: ({ id }) => id,
    events: 'node.',
    isNew: ({ type }) => type === 'node.joined',
  });

/** How many the filter chooses, and how they stand. */
export function useNodeCount(filter: string) {
  const cache = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useLive('node.', () => {
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      void cache.invalidateQueries({ queryKey: ['nodes-count'] });
    }, COUNTED_MS);
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
  return useQuery({
    queryKey: ['nodes-count', filter],
    queryFn: () => api().fleet.nodeCount({ filter: filterOf(filter) }),
    placeholderData: keepPreviousData,
  });
}

const GROUPS = 200;

/** The first groups; enough to give names to the ids of a node. */
export const useGroups = () =>
  useQuery({ queryKey: ['fleet', 'groups', 'first'], queryFn: () => api().fleet.groups({ limit: GROUPS }) });

export function nameOfGroup(groups: readonly Group[] | undefined, id: string): string {
  return groups?.find((group) => group.id === id)?.name ?? id.slice(-6);
}
