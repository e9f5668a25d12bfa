import type { Catalogue } from '@millrace/flow';

export const page: string;
export function modulesPage(kinds: Catalogue): string;
