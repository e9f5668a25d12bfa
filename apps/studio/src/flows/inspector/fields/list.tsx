/** A list: words as tags, or in lines where their order matters; objects as cards that fold. */
import { Button, MultiSelect, TagsInput } from '@mantine/core';
import type { FieldOf, FormField } from '@millrace/flow';
import { ListOrdered, Plus, Tags } from 'lucide-react';
import { useState } from 'react';
import { entriesFromFields, fieldHints, hintsFor } from '../hints.js';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, problemsInside, settingPointer } from '../places.js';
import { beginningOf, choiceWord, defaultOf } from '../settings.js';
import { typedNumber } from '../typed.js';
import { Wrong } from './wrong.js';
import { HintOption, notesOf } from './hinted.js';
import { Lines } from './lines.js';

const TAKES_ALL = ['columns', 'fields'];
const WORDS: readonly FormField['kind'][] = ['text', 'field', 'number', 'integer', 'duration'];

export function ListControl(props: ControlProps<FieldOf<'list'>>) {
  const { field, path, value } = props;
  const { disabled, set, known } = usePlace();
  const [inLines, setInLines] = useState(false);
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const { item } = field;
  if (item.kind === 'choice') return <Choices {...props} />;
  const words = WORDS.includes(item.kind);
  const offered = list.length === 0 || !words ? undefined : list;
  const arriving = (known && offersFields(item, field, known, list)) ?? [];
  const addAll = arriving.length > 0 && !disabled && (
    <Button
      variant="subtle"
      size="compact-xs"
      leftSection={<Plus size={12} />}
      onClick={() => set(path, [...list, ...arriving])}
    >
      {arriving.length === 1 ? `Add ${nameOf(arriving[0])}` : `Add all ${arriving.length} that arrive`}
    </Button>
  );
  if (words && !inLines) {
    return (
      <>
        <Words {...props} />
        <div className={classes.listTools}>
          {addAll}
          {offered !== undefined && offered.length > 1 && !disabled && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<ListOrdered size={12} />}
              onClick={() => setInLines(true)}
            >
              Put in order
            </Button>
          )}
        </div>
      </>
    );
  }
  return (
    <>
      <Lines {...props} />
      <div className={classes.listTools}>
        {!disabled && (
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<Plus size={12} />}
            onClick={() => set([...path, list.length], beginningOf(item))}
          >
            Add {field.label === '' ? 'one' : `to ${field.label.toLowerCase()}`}
          </Button>
        )}
        {addAll}
        {words && (
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<Tags size={12} />}
            onClick={() => setInLines(false)}
          >
            As words
          </Button>
        )}
      </div>
    </>
  );
}

function offersFields(
  item: FormField,
  field: FormField,
  known: NonNullable<ReturnType<typeof usePlace>['known']>,
  list: readonly unknown[],
): unknown[] | undefined {
  // To drop or to keep all that arrives is nothing that one wants at once.
  if (item.kind === 'field' && !TAKES_ALL.includes(field.key)) return undefined;
  if (item.kind !== 'field') return entriesFromFields(field.pointer, known, list);
  const { types } = item;
  return [...known.arriving.fields]
    .filter(([, { type }]) => types === undefined || type === 'unknown' || types.includes(type))
    .map(([name]) => name)
    .filter((name) => !list.includes(name));
}

const nameOf = (entry: unknown): string =>
  typeof entry === 'string' ? entry : String((entry as { name?: unknown }).name);

function Words({ field, path, value, id, label }: ControlProps<FieldOf<'list'>>) {
  const { arriving, disabled, set, known, module, problems } = usePlace();
  const pointer = settingPointer(module, path);
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const { item } = field;
  const hints =
    item.kind === 'field' ? fieldHints(arriving) : known === undefined ? [] : hintsFor(item.pointer, known);
  const notes = notesOf(hints);
  const inside = problemsInside(problems, pointer);
  const read = (word: string) =>
    item.kind === 'number' || item.kind === 'integer' || item.kind === 'duration'
      ? (typedNumber(item, word) ?? word)
      : word;
  return (
    <>
      <TagsInput
        id={id}
        aria-label={label}
        disabled={disabled}
        data={[...notes.keys()]}
        value={list.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))}
        placeholder={list.length === 0 ? (defaultOf(field) ?? 'type and press Enter') : undefined}
        splitChars={[',', ';', '\n', '\t']}
        acceptValueOnBlur
        allowDuplicates={item.kind !== 'field' && item.kind !== 'text'}
        limit={100}
        maxDropdownHeight={220}
        error={inside.length > 0 || problemsAt(problems, pointer).length > 0}
        classNames={{ pill: classes.pill, pillsList: classes.pills }}
        renderOption={({ option }) => <HintOption name={option.value} note={notes.get(option.value) ?? ''} />}
        onChange={(to) => set(path, to.length === 0 ? undefined : to.map(read))}
      />
      <Wrong sentences={inside} />
    </>
  );
}

function Choices({ field, path, value, id, label }: ControlProps<FieldOf<'list'>>) {
  const { disabled, set, module, problems } = usePlace();
  const pointer = settingPointer(module, path);
  const choices = field.item.kind === 'choice' ? field.item.choices : [];
  const words = choices.map(choiceWord);
  const list = Array.isArray(value) ? value.map(choiceWord) : [];
  const inside = problemsInside(problems, pointer);
  return (
    <>
      <MultiSelect
        id={id}
        aria-label={label}
        disabled={disabled}
        data={[...new Set([...words, ...list])]}
        value={list}
        searchable
        placeholder={list.length === 0 ? (defaultOf(field) ?? 'choose') : undefined}
        maxDropdownHeight={220}
        error={inside.length > 0 || problemsAt(problems, pointer).length > 0}
        classNames={{ pill: classes.pill, pillsList: classes.pills }}
        onChange={(to) =>
          set(
            path,
            to.length === 0
              ? undefined
              : to.map((word) => (words.includes(word) ? choices[words.indexOf(word)] : word)),
          )
        }
      />
      <Wrong sentences={inside} />
    </>
  );
}
