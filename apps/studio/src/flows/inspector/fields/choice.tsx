/** One of a few, and yes or no. */
import { Select, Switch } from '@mantine/core';
import type { FieldOf } from '@millrace/flow';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { choiceWord, defaultOf } from '../settings.js';

const MANY = 12;

export function ChoiceControl({ field, path, value, id, label }: ControlProps<FieldOf<'choice'>>) {
  const { disabled, set, module, problems } = usePlace();
  const words = field.choices.map(choiceWord);
  const word = value === undefined ? null : choiceWord(value as string);
  // What is none of them is shown as well, so that one sees what is wrong.
  const data = word === null || words.includes(word) ? words : [...words, word];
  return (
    <Select
      id={id}
      aria-label={label}
      data={data}
      value={word}
      disabled={disabled}
      searchable={words.length > MANY}
      allowDeselect={false}
      placeholder={defaultOf(field) ?? 'choose'}
      error={problemsAt(problems, settingPointer(module, path)).length > 0}
      comboboxProps={{ withinPortal: true }}
      onChange={(to) => to !== null && words.includes(to) && set(path, field.choices[words.indexOf(to)])}
    />
  );
}

const WORDS = ['true', 'false'];

export function BooleanControl({ field, path, value, id, label, entry }: ControlProps<FieldOf<'boolean'>>) {
  const { disabled, set } = usePlace();
  if (field.default === undefined && !entry) {
    // Neither is a third state here.
    return (
      <Select
        id={id}
        aria-label={label}
        data={WORDS}
        value={value === undefined ? null : String(value)}
        placeholder="not set"
        disabled={disabled}
        allowDeselect={false}
        onChange={(to) => to !== null && set(path, to === 'true')}
      />
    );
  }
  const on = value === undefined ? field.default === true : value === true;
  return (
    <Switch
      id={id}
      aria-label={label}
      checked={on}
      label={on ? 'on' : 'off'}
      disabled={disabled}
      onChange={(event) => set(path, event.currentTarget.checked)}
    />
  );
}
