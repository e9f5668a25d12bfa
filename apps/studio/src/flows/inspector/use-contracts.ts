/** Contracts of the resources that a flow names, as they are read from the catalogue. */
import { resourceReferences, type Contracts } from '@millrace/flow';
import type { Contract, FlowDocument } from '@millrace/schemas';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../data/api.js';

const STALE_MS = 60_000;
const READ = 200;

export function useContracts(document: FlowDocument): Contracts {
  const texts = useMemo(() => {
    const wanted = resourceReferences(document).map(({ text, name, selector }) => ({ text, name, selector }));
    return [...new Map(wanted.map((one) => [one.text, one])).values()];
  }, [document]);
  const list = useQuery({
    queryKey: ['catalogue', 'first'],
    enabled: texts.length > 0,
    queryFn: () => api().catalogue.list({ limit: READ }),
  }).data;
  // What is not there yet is told by the check; it is not asked for again and again.
  const there = (name: string) =>
    list !== undefined && (list.next !== null || list.items.some((one) => one.name === name));
  const found = useQueries({
    queries: texts.map(({ name, selector }) => ({
      queryKey: ['catalogue', 'contract', name, selector],
      enabled: there(name),
      staleTime: STALE_MS,
      queryFn: async (): Promise<Contract | null> => {
        const version =
          typeof selector === 'number'
            ? selector
            : (await api().catalogue.alias(name, selector)).value.version;
        return (await api().catalogue.version(name, version)).contract;
      },
    })),
    combine: (answers) => answers.map(({ data }) => data ?? undefined),
  });
  return useMemo(() => {
    const known = new Map(texts.map(({ text }, index) => [text, found[index]]));
    return (reference: string) => known.get(reference);
  }, [texts, found]);
}
