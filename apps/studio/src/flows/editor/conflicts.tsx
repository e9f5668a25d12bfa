/** Two people changed the same thing: both values, and a choice for each. Nothing is saved before. */
import { Button, Group, SegmentedControl } from '@mantine/core';
import type { Conflict } from '@millrace/flow';
import { AlertTriangle } from 'lucide-react';
import { useState } from 'react';
import { useActors } from '../../data/actors.js';
import { many } from '../../ui/units.js';
import type { Draft, DraftState } from './draft.js';
import classes from './editor.module.css';

type Side = 'mine' | 'theirs';

export function Conflicts({
  draft,
  state,
  onShow,
}: {
  draft: Draft;
  state: DraftState;
  onShow(module: string): void;
}) {
  const actor = useActors();
  const [choices, setChoices] = useState<ReadonlyMap<string, Side>>(new Map());
  const { conflicts, theirs } = state;
  if (conflicts.length === 0) return null;
  const who = actor(theirs?.by ?? '');
  const all = (side: Side) => setChoices(new Map(conflicts.map(({ pointer }) => [pointer, side])));
  const open = conflicts.filter(({ pointer }) => !choices.has(pointer)).length;
  return (
    <section className={classes.conflicts} role="alert" aria-label="Changes that clash">
      <Group gap="xs">
        <AlertTriangle size={16} aria-hidden />
        <strong>
          {who} changed the same as you in {many(conflicts.length, 'place')}.
        </strong>
        <span>Yours is kept in this browser; nothing is saved until you choose.</span>
      </Group>
      <ul className={classes.clashes}>
        {conflicts.map((conflict) => (
          <li key={conflict.pointer}>
            <div className={classes.clashPlace}>
              {conflict.module === undefined ? (
                <span>{placeOf(conflict)}</span>
              ) : (
                <button type="button" className={classes.link} onClick={() => onShow(conflict.module!)}>
                  {placeOf(conflict)}
                </button>
              )}
            </div>
            <SegmentedControl
              aria-label={`What becomes of ${placeOf(conflict)}`}
              value={choices.get(conflict.pointer) ?? ''}
              onChange={(side) => setChoices(new Map(choices).set(conflict.pointer, side as Side))}
              data={[
                { value: 'mine', label: `Mine: ${inShort(conflict.mine)}` },
                { value: 'theirs', label: `Theirs: ${inShort(conflict.theirs)}` },
              ]}
            />
          </li>
        ))}
      </ul>
      <Group gap="xs">
        <Button
          disabled={open > 0}
          onClick={() => {
            draft.choose(choices);
            setChoices(new Map());
          }}
        >
          {open > 0 ? `Choose ${open} more` : 'Save what is chosen'}
        </Button>
        <Button variant="default" onClick={() => all('mine')}>
          Mine everywhere
        </Button>
        <Button variant="default" onClick={() => all('theirs')}>
          Theirs everywhere
        </Button>
      </Group>
    </section>
  );
}

function placeOf({ pointer, module }: Conflict): string {
  if (pointer === '') return 'the whole text';
  const parts = pointer.split('/').slice(1);
  return module === undefined
    ? parts.join(' ')
    : parts
        .slice(1)
        .filter((part) => part !== 'settings')
        .join(' ');
}

const LONGEST = 48;

function inShort(value: unknown): string {
  if (value === undefined) return 'deleted';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
