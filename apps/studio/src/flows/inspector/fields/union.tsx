/** One of several ways to say a thing: the way, and what it takes. */
import { Select } from '@mantine/core';
import { optionFor, type FieldOf, type FormField } from '@millrace/flow';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { carried, usesParameter, wayOf } from '../settings.js';
import { ParameterControl } from './text.js';
import { Nested } from './nested.js';

const WIDE: readonly FormField['kind'][] = ['object', 'record', 'list', 'tuple', 'resource', 'expression'];

export function UnionControl(props: ControlProps<FieldOf<'union'>>) {
  const { field, path, value, label, entry } = props;
  const { disabled, set } = usePlace();
  // What is being entered may be of no way yet.
  const [chosen, setChosen] = useState<number>();
  const words = wordsOf(field.options);
  if (usesParameter(value) && !field.options.some(({ kind }) => kind === 'text'))
    return <ParameterControl {...props} />;
  const exact = value === undefined ? -1 : optionFor(field, value);
  const way =
    exact >= 0 ? exact : value === undefined ? wayOf(field, value) : (chosen ?? wayOf(field, value));
  const option = value === undefined ? undefined : field.options[way];
  const single = option?.kind === 'choice' && option.choices.length === 1;
  return (
    <div
      className={classes.union}
      data-wide={(option ? [option] : field.options).some(({ kind }) => WIDE.includes(kind)) || undefined}
    >
      <Select
        aria-label={`${label}: which way`}
        data={words}
        value={way < 0 || value === undefined ? null : words[way]!}
        placeholder={field.default === undefined ? 'not set' : String(words[wayOf(field, undefined)] ?? '')}
        disabled={disabled}
        allowDeselect={false}
        comboboxProps={{ withinPortal: true, width: 'max-content', position: 'bottom-start' }}
        onChange={(word) => {
          const to = words.indexOf(word ?? '');
          if (to < 0) return;
          setChosen(to);
          set(path, carried(field.options[to]!, value));
        }}
      />
      {option !== undefined && !single && (
        <div className={classes.way}>
          <Nested
            // Another way has other fields.
            key={way}
            field={{ ...option, required: true }}
            path={path}
            value={value}
            label={label}
            entry={entry}
          />
        </div>
      )}
    </div>
  );
}

/** Each once, since a select needs names of its own. */
function wordsOf(options: readonly FormField[]): string[] {
  const words: string[] = [];
  for (const { label, kind } of options) {
    const word = label === '' ? kind : label;
    words.push(words.includes(word) ? `${word} (${kind})` : word);
  }
  return words;
}
