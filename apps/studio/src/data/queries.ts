/**
 * What was read from the director and may be shown again. Keys begin with the room: `['fleet', 'node', id]`;
 * live.ts calls a room stale when something happened there.
 */
import { QueryClient } from '@tanstack/react-query';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The client tries again by itself and knows what is worth it.
      retry: false,
      staleTime: 5_000,
      gcTime: 5 * 60_000,
    },
    mutations: { retry: false },
  },
});
