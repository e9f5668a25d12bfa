/** Places for every module; a flow that nobody has laid out yet is laid out in a worker first. */
import type { FlowDocument } from '@millrace/schemas';
import { useEffect, useMemo, useState } from 'react';
import { arrange } from './arrange.js';
import { isUnplaced, placesOf, type Places } from './places.js';

export function usePlaces(document: FlowDocument, tall: number): { places: Places; arranging: boolean } {
  const [arranged, setArranged] = useState<Places>();
  const { modules, layout } = document;
  const due = arranged === undefined && Object.keys(modules).length > 1 && isUnplaced(document);
  useEffect(() => {
    if (!due) return undefined;
    let wanted = true;
    arrange({ modules }, tall)
      .catch(() => placesOf({ modules }, tall))
      .then((places) => wanted && setArranged(places));
    return () => {
      wanted = false;
    };
  }, [due, modules, tall]);
  const places = useMemo(
    () => placesOf({ modules, layout: { ...Object.fromEntries(arranged ?? []), ...layout } }, tall),
    [modules, layout, arranged, tall],
  );
  return { places, arranging: due };
}
