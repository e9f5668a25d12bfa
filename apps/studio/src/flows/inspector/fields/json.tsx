/** Any value as JSON: for what has no control of its own, or is not of its kind. */
import { Textarea } from '@mantine/core';
import type { FormField } from '@millrace/flow';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';

export function JsonControl({ path, value, id, label }: ControlProps<FormField>) {
  const { disabled, set } = usePlace();
  const [typed, setTyped] = useState<string>();
  const text = typed ?? (value === undefined ? '' : JSON.stringify(value, null, 2));
  const read = readJson(text);
  return (
    <Textarea
      id={id}
      aria-label={label}
      autosize
      maxRows={12}
      disabled={disabled}
      value={text}
      classNames={{ input: classes.mono }}
      error={read === undefined ? 'This is no JSON yet, and is not kept until it is.' : undefined}
      onChange={(event) => {
        const to = event.currentTarget.value;
        setTyped(to);
        const now = readJson(to);
        if (now !== undefined) set(path, now.value, true);
      }}
      onBlur={() => read !== undefined && setTyped(undefined)}
    />
  );
}

function readJson(text: string): { value: unknown } | undefined {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
