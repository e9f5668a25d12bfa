/**
 * What one can do with the canvas, as edits of the draft. Without React.
 *
 * Guarantee: each deed is one step back, and one that cannot be says why and changes nothing.
 */
import {
  addModule,
  connect,
  copyModules,
  disconnect,
  mayConnect,
  pasteModules,
  portsOf,
  removeModules,
  setPositions,
  targetsFrom,
} from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import { many } from '../../ui/units.js';
import type { WireEnds } from '../graph/elements.js';
import { CARD } from '../graph/look.js';
import { freeNear, type Place, type Places } from '../graph/places.js';
import type { Draft } from './draft.js';

/** What the canvas shows now. */
export interface Sight {
  places(): Places;
  /** The middle of what is in sight. */
  middle(): Place;
}

const BESIDE = CARD.width + 56;

export function deedsOf(draft: Draft, sight: Sight) {
  const document = () => draft.get().document;
  /** New things keep apart from all that is shown, so what is shown is written down with them. */
  const placed = () => setPositions(document(), Object.fromEntries(sight.places()));

  return {
    /** Behind the module that is selected, when there is one that it fits to. */
    add(type: string, behind: string | undefined, at?: Place): string {
      const before = placed();
      const beside = behind === undefined ? undefined : before.layout?.[behind];
      const wanted = at ?? (beside && { x: beside.x + BESIDE, y: beside.y }) ?? sight.middle();
      const place = freeNear(new Map(Object.entries(before.layout ?? {})), wanted);
      const added = addModule(before, type, place, kinds);
      const [port] = behind === undefined ? [] : portsOf(before, kinds, behind);
      const from = behind === undefined || port === undefined ? undefined : { module: behind, port };
      const fits = from && mayConnect(added.document, kinds, from, { module: added.id }).ok;
      draft.edit(
        `Add ${added.id}`,
        fits ? connect(added.document, from, { module: added.id }) : added.document,
      );
      return added.id;
    },
    remove(modules: ReadonlySet<string>, wires: readonly WireEnds[]): void {
      let next: FlowDocument = document();
      for (const { from, port, to } of wires) next = disconnect(next, { module: from, port }, { module: to });
      next = removeModules(next, modules);
      const [only] = modules;
      const what =
        modules.size === 0
          ? many(wires.length, 'wire')
          : modules.size === 1
            ? only!
            : many(modules.size, 'module');
      draft.edit(`Delete ${what}`, next);
    },
    /** Why not, or nothing when it is done. */
    connect({ from, port, to }: WireEnds): string | undefined {
      const fit = mayConnect(document(), kinds, { module: from, port }, { module: to });
      if (!fit.ok) return fit.why;
      draft.edit(`Connect ${from} to ${to}`, connect(document(), { module: from, port }, { module: to }));
      return undefined;
    },
    whyNot(from: string, port: string): ReadonlyMap<string, string> {
      const fits = targetsFrom(document(), kinds, { module: from, port });
      return new Map([...fits].flatMap(([id, fit]) => (fit.ok ? [] : [[id, fit.why] as const])));
    },
    move(places: Places): void {
      draft.edit('Move', setPositions(document(), Object.fromEntries(places)), 'move');
    },
    arrange(places: Places): void {
      draft.edit('Lay out', setPositions(document(), Object.fromEntries(places)));
    },
    copy: (modules: ReadonlySet<string>): string =>
      copyModules({ ...document(), layout: Object.fromEntries(sight.places()) }, modules),
    /** The new modules, below what they would lie on. Throws flows.fragment for what is no part of a flow. */
    paste(text: string): string[] {
      const before = placed();
      const there = Object.values(before.layout ?? {});
      let offset = { x: 40, y: 40 };
      let pasted = pasteModules(before, text, offset);
      for (let tries = 0; tries < TRIES && overlap(pasted, there); tries++) {
        offset = { ...offset, y: offset.y + CARD.height };
        pasted = pasteModules(before, text, offset);
      }
      draft.edit(`Paste ${many(pasted.ids.length, 'module')}`, pasted.document);
      return pasted.ids;
    },
  };
}

export type Deeds = ReturnType<typeof deedsOf>;

const TRIES = 60;

function overlap(
  { document, ids }: { document: FlowDocument; ids: readonly string[] },
  there: readonly Place[],
): boolean {
  return ids.some((id) => {
    const place = document.layout?.[id];
    return (
      place !== undefined &&
      there.some(({ x, y }) => Math.abs(x - place.x) < CARD.width && Math.abs(y - place.y) < CARD.height + 16)
    );
  });
}
