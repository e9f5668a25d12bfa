/** Names, each with a value. A name is changed when the field is left, and never to one that is there. */
import { ActionIcon } from '@mantine/core';
import type { FieldOf, FormField } from '@millrace/flow';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { fieldHints, hintsFor, type Hint } from '../hints.js';
import classes from '../inspector.module.css';
import { inEntry, PlaceContext, usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { beginningOf, isRecord, renamedKey } from '../settings.js';
import { Wrong } from './wrong.js';
import { Hinted } from './hinted.js';
import { Nested } from './nested.js';

/** Their values take the whole width, below the name. */
const WIDE: readonly FormField['kind'][] = ['object', 'record', 'list', 'expression', 'union'];

export function RecordControl({ field, path, value, label }: ControlProps<FieldOf<'record'>>) {
  const place = usePlace();
  const { disabled, set, module, problems, known, arriving } = place;
  const record = isRecord(value) ? value : {};
  const names = Object.keys(record);
  const all =
    field.name.kind === 'field'
      ? fieldHints(arriving)
      : known === undefined
        ? []
        : hintsFor(`${field.pointer}/*`, known);
  const hints = all.filter((hint) => !names.includes(hint.value));
  const wide = WIDE.includes(field.value.kind);
  return (
    <div className={classes.entries}>
      {names.map((name, index) => {
        const at = [...path, name];
        const pointer = settingPointer(module, at);
        return (
          <div key={index} className={classes.pair} data-wide={wide || undefined}>
            <div className={classes.pairName}>
              <NameInput
                name={name}
                taken={names}
                hints={hints}
                label={`${label}: name ${index + 1}`}
                disabled={disabled}
                onRename={(to) => set(path, renamedKey(record, name, to))}
              />
            </div>
            <PlaceContext value={inEntry(place, at.length)}>
              <div className={classes.pairValue} data-pointer={pointer}>
                <Nested
                  field={field.value}
                  path={at}
                  value={record[name]}
                  label={`${label}: ${name}`}
                  entry
                />
                <Wrong sentences={problemsAt(problems, pointer)} />
              </div>
            </PlaceContext>
            {!disabled && (
              <ActionIcon
                size={22}
                aria-label={`Remove ${name}`}
                className={classes.pairRemove}
                onClick={() => set(at, undefined)}
              >
                <X size={12} />
              </ActionIcon>
            )}
          </div>
        );
      })}
      {!disabled && (
        <AddName
          label={label}
          taken={names}
          hints={hints}
          onAdd={(name) => set([...path, name], beginningOf(field.value))}
        />
      )}
    </div>
  );
}

interface NameInputProps {
  name: string;
  taken: readonly string[];
  hints: readonly Hint[];
  label: string;
  disabled: boolean;
  onRename(to: string): void;
}

function NameInput({ name, taken, hints, label, disabled, onRename }: NameInputProps) {
  const [typed, setTyped] = useState<string>();
  const wrong = typed === undefined ? undefined : whyNot(typed, taken, name);
  const settle = (to = typed) => {
    if (to === undefined || whyNot(to, taken, name) !== undefined) return;
    setTyped(undefined);
    if (to !== name) onRename(to);
  };
  return (
    <Hinted
      aria-label={label}
      hints={hints}
      value={typed ?? name}
      error={wrong}
      disabled={disabled}
      onChange={setTyped}
      onOptionSubmit={(to) => settle(to)}
      onBlur={() => settle()}
      onKeyDown={(event) => event.key === 'Enter' && settle()}
    />
  );
}

function AddName({
  label,
  taken,
  hints,
  onAdd,
}: {
  label: string;
  taken: readonly string[];
  hints: readonly Hint[];
  onAdd(name: string): void;
}) {
  const [typed, setTyped] = useState('');
  const wrong = typed === '' ? undefined : whyNot(typed, taken);
  const add = (name = typed) => {
    if (name === '' || whyNot(name, taken) !== undefined) return;
    onAdd(name);
    setTyped('');
  };
  return (
    <div className={classes.addLine}>
      <Hinted
        aria-label={`${label}: a new name`}
        placeholder="a new name"
        hints={hints}
        value={typed}
        error={wrong}
        onChange={setTyped}
        onOptionSubmit={(name) => {
          add(name);
          // Behind what the field itself does with what was chosen.
          setTimeout(() => setTyped(''));
        }}
        onKeyDown={(event) => event.key === 'Enter' && !event.defaultPrevented && add()}
        style={{ flex: 1 }}
      />
      <ActionIcon
        variant="default"
        size={30}
        aria-label={`Add to ${label}`}
        disabled={typed === '' || wrong !== undefined}
        onClick={() => add()}
      >
        <Plus size={14} />
      </ActionIcon>
    </div>
  );
}

function whyNot(to: string, taken: readonly string[], now?: string): string | undefined {
  if (to === '') return 'It needs a name.';
  return to !== now && taken.includes(to) ? `There is ${to} already.` : undefined;
}
