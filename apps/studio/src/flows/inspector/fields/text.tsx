/** A text on a line; suggestions where the rest of the flow has some. */
import { Autocomplete, PasswordInput, TextInput } from '@mantine/core';
import type { FieldOf, FormField } from '@millrace/flow';
import { Braces } from 'lucide-react';
import { hintsFor } from '../hints.js';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { defaultOf, usesParameter } from '../settings.js';
import { Hinted } from './hinted.js';

export function TextControl(props: ControlProps<FieldOf<'text'>>) {
  const { field, path, value, id, label, entry } = props;
  const { disabled, set, known, module, problems } = usePlace();
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const write = (to: string) => set(path, to === '' && !entry ? undefined : to, true);
  const same = {
    id,
    'aria-label': label,
    value: text,
    disabled,
    placeholder: defaultOf(field),
    error: problemsAt(problems, settingPointer(module, path)).length > 0,
    maxLength: field.maxLength === undefined ? undefined : field.maxLength + 1,
  };
  if (field.secret) {
    return (
      <>
        <PasswordInput
          {...same}
          autoComplete="off"
          visible={usesParameter(value) ? true : undefined}
          onChange={(event) => write(event.currentTarget.value)}
        />
        {text !== '' && !usesParameter(value) && (
          <p className={classes.warn}>
            Every reader of the flow sees what is written here. Add a parameter of type secret to the flow,
            and use that.
          </p>
        )}
      </>
    );
  }
  const hints = known === undefined ? [] : hintsFor(field.pointer, known);
  if (hints.length > 0) return <Hinted {...same} hints={hints} onChange={write} />;
  return <TextInput {...same} spellCheck={false} onChange={(event) => write(event.currentTarget.value)} />;
}

/** A parameter stands where a number, a choice or a list would. */
export function ParameterControl({ path, value, id, label }: ControlProps<FormField>) {
  const { disabled, set, parameters } = usePlace();
  return (
    <Autocomplete
      id={id}
      aria-label={label}
      disabled={disabled}
      value={String(value)}
      leftSection={<Braces size={12} aria-label="Parameter" />}
      data={Object.keys(parameters).map((name) => `\${${name}}`)}
      filter={({ options }) => options}
      onChange={(to) => set(path, to === '' ? undefined : to, true)}
    />
  );
}
