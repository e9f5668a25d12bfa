/** Contracts of the resources that a flow names, as they are read from the catalogue. */
import { resourceReferences, type Contracts } from '@millrace/flow';
import type { Contract, FlowDocument } from '@millrace/schemas';
import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../data/api.js';

const STALE_MS = 60_000;

export function useContracts(document: FlowDocument): Contracts {
  const texts = useMemo(() => {
    const wanted = resourceReferences(document).map(({ text, name, selector }) => ({ text, name, selector }));
    return [...new Map(wanted.map((one) => [one.text, one])).values()];
  }, [document]);
  const found = useQueries({
    queries: texts.map(({ name, selector }) => ({
      queryKey: ['catalogue', 'contract', name, selector],
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
