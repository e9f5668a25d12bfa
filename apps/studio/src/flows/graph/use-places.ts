/** Places for every module; a flow that nobody has laid out yet is folded into the room of a laptop at once. */
import type { FlowDocument } from '@millrace/schemas';
import { useMemo, useState } from 'react';
import { folded } from './folding.js';
import { isUnplaced, placesOf, type Places } from './places.js';

/** Of the canvas between palette and inspector. */
const ROOM = { width: 900, height: 560 };

export function usePlaces(document: FlowDocument, tall: number): Places {
  const { modules, layout } = document;
  // As it was opened: what is placed later moves nothing else.
  const [first] = useState(() => (isUnplaced(document) ? folded(document, ROOM) : {}));
  return useMemo(
    () => placesOf({ modules, layout: { ...first, ...layout } }, tall),
    [modules, layout, first, tall],
  );
}
