/** Places for every module; a flow that nobody has laid out yet is laid out in a worker first. */
import type { FlowDocument } from '@millrace/schemas';
import { useEffect, useEffectEvent, useMemo, useState } from 'react';
import { arrange } from './arrange.js';
import { isUnplaced, placesOf, type Places } from './places.js';

export function usePlaces(document: FlowDocument, tall: number): { places: Places; arranging: boolean } {
  const [arranged, setArranged] = useState<Places>();
  const { modules, layout } = document;
  const due = arranged === undefined && Object.keys(modules).length > 1 && isUnplaced(document);
  // Not begun again by a document that was merely read again.
  const begin = useEffectEvent(() =>
    arrange({ modules }, tall).catch(() => placesOf({ modules, layout: undefined }, tall)),
  );
  useEffect(() => {
    if (!due) return undefined;
    let wanted = true;
    void begin().then((places) => wanted && setArranged(places));
    return () => {
      wanted = false;
    };
  }, [due]);
  const places = useMemo(
    () => placesOf({ modules, layout: { ...Object.fromEntries(arranged ?? []), ...layout } }, tall),
    [modules, layout, arranged, tall],
  );
  return { places, arranging: due };
}
