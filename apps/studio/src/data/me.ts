/** The person who is signed in, and what they may do. */
import { useQuery } from '@tanstack/react-query';
import type { Permission } from '@millrace/schemas';
import { api } from './api.js';

export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: () => api().access.me(), staleTime: 60_000 }).data;
}

/** False until it is known; buttons of what one may not do are left out or say why. */
export function useMay(permission: Permission): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
