/** How safe the draft is, in words: at the director since when, or in this browser and why. */
import { Button, Group } from '@mantine/core';
import { State, type Standing } from '../../ui/state.js';
import { relative, useNow } from '../../ui/when.js';
import type { Draft, DraftState } from './draft.js';

export function SavedState({ draft, state }: { draft: Draft; state: DraftState }) {
  const now = useNow();
  const [is, said] = saidOf(state, now);
  const stuck = state.saving === 'away' || state.saving === 'refused';
  return (
    <Group gap="xs" wrap="nowrap" role="status" aria-live="polite">
      <span title={state.why?.message}>
        <State is={is}>{said}</State>
      </span>
      {stuck && (
        <Button variant="default" size="compact-xs" onClick={() => draft.tryNow()}>
          Try now
        </Button>
      )}
    </Group>
  );
}

function saidOf({ saving, savedAt, why, notKept }: DraftState, now: number): [Standing, string] {
  const kept = notKept === undefined ? 'kept in this browser' : 'and this browser cannot keep it';
  switch (saving) {
    case 'saved':
      return ['good', savedAt === undefined ? 'nothing to save yet' : `saved ${relative(savedAt, now)}`];
    case 'away':
      return ['look', `not saved yet: director does not answer, ${kept}`];
    case 'refused':
      return ['broken', `not saved: ${why?.message ?? 'the director refused it'} (${kept})`];
    case 'conflict':
      return ['look', `not saved yet: somebody else changed the same, ${kept}`];
    default:
      return ['busy', 'saving'];
  }
}
