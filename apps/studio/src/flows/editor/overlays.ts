/** What is shown on the canvas beside the document: problems, what a test run shows, what others changed. */
import { flowColumns } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { useMemo, useRef } from 'react';
import type { ModuleOverlay } from '../graph/elements.js';
import { extrasOf, type Extras } from '../watch/extras.js';
import type { Frames } from '../watch/frames.js';
import { countByModule } from './checking.js';

export function useOverlays(
  problems: readonly ProblemPlace[],
  flash: ReadonlySet<string>,
  frames: Frames | undefined,
): { modules: ReadonlyMap<string, ModuleOverlay>; wires: Extras['wires'] | undefined } {
  const before = useRef<Extras>(undefined);
  const shown = useRef<ReadonlyMap<string, ModuleOverlay>>(new Map());
  return useMemo(() => {
    before.current = frames === undefined ? undefined : extrasOf(frames, before.current);
    shown.current = together(countByModule(problems), flash, before.current, shown.current);
    return { modules: shown.current, wires: before.current?.wires };
  }, [problems, flash, frames]);
}

/** What says the same as before stays the same object: its card is not drawn again. */
function together(
  counts: ReadonlyMap<string, number>,
  flash: ReadonlySet<string>,
  extras: Extras | undefined,
  before: ReadonlyMap<string, ModuleOverlay>,
): ReadonlyMap<string, ModuleOverlay> {
  const overlays = new Map<string, ModuleOverlay>(extras?.modules);
  for (const [id, problems] of counts) overlays.set(id, { ...overlays.get(id), problems });
  for (const id of flash) overlays.set(id, { ...overlays.get(id), flash: true });
  for (const [id, overlay] of overlays) {
    const old = before.get(id);
    if (old !== undefined && JSON.stringify(old) === JSON.stringify(overlay)) overlays.set(id, old);
  }
  return overlays;
}

/** What leaves a port: `out: TS1 number °C, TS2 number`. */
export function sayColumns(document: FlowDocument, module: string, port: string): string {
  const columns = flowColumns(document, kinds).leaving.get(module)?.get(port);
  if (columns === undefined || (columns.fields.size === 0 && columns.open)) return `${port}: any fields`;
  const fields = [...columns.fields].map(([name, { type, unit }]) =>
    [name, type === 'unknown' ? '' : type, unit].filter(Boolean).join(' '),
  );
  return `${port}: ${fields.join(', ')}${columns.open ? ', and maybe more' : ''}`;
}
