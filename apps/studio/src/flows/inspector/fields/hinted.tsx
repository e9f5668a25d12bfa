/** A text with suggestions that say what they are; what is not among them may be written too. */
import { Autocomplete, type AutocompleteProps, type ComboboxItem } from '@mantine/core';
import type { Hint } from '../hints.js';
import classes from '../inspector.module.css';

export interface HintedProps extends Omit<AutocompleteProps, 'data'> {
  hints: readonly Hint[];
}

const SHOWN = 100;

export function Hinted({ hints, ...props }: HintedProps) {
  const notes = notesOf(hints);
  return (
    <Autocomplete
      {...props}
      spellCheck={false}
      autoComplete="off"
      data={[...notes.keys()]}
      limit={SHOWN}
      maxDropdownHeight={240}
      // What is there already is no search: all others are shown beside it.
      filter={({ options, search }) =>
        notes.has(search)
          ? options
          : (options as ComboboxItem[]).filter(({ value }) =>
              value.toLowerCase().includes(search.trim().toLowerCase()),
            )
      }
      renderOption={({ option }) => <HintOption name={option.value} note={notes.get(option.value) ?? ''} />}
    />
  );
}

export function HintOption({ name, note }: { name: string; note: string }) {
  return (
    <span className={classes.option}>
      <span className={classes.optionName}>{name}</span>
      <span className={classes.meta}>{note}</span>
    </span>
  );
}

export const notesOf = (hints: readonly Hint[]): ReadonlyMap<string, string> =>
  new Map(hints.map(({ value, note }) => [value, note]));
