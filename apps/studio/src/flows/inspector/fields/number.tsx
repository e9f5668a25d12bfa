/** A number with its unit; what is typed and is none stays, and is told. A duration may be typed as `2.5 s`. */
import { TextInput } from '@mantine/core';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { defaultOf } from '../settings.js';
import { reading, typedNumber, wrongNumber, type NumberField } from '../typed.js';

const UNIT = { ms: 'ms', bytes: 'bytes' } as const;

export function NumberControl({ field, path, value, id, label, entry }: ControlProps<NumberField>) {
  const { disabled, set, module, problems } = usePlace();
  // As it was typed, while one types: `1.` and `2 s` are on their way.
  const [typed, setTyped] = useState<string>();
  const told = problemsAt(problems, settingPointer(module, path)).length > 0;
  const wrong = wrongNumber(field, value);
  const unit = 'unit' in field && field.unit !== undefined ? UNIT[field.unit] : undefined;
  const said = reading(field, value);
  const write = (to: unknown) => set(path, to === undefined && entry ? '' : to, true);
  return (
    <>
      <div className={classes.numberLine}>
        <TextInput
          id={id}
          aria-label={label}
          inputMode="decimal"
          autoComplete="off"
          className={classes.number}
          disabled={disabled}
          placeholder={defaultOf(field)}
          error={told || wrong !== undefined}
          value={typed ?? (value === undefined ? '' : String(value))}
          rightSection={unit && <span className={classes.meta}>{unit}</span>}
          rightSectionWidth={unit === 'bytes' ? 44 : 32}
          rightSectionPointerEvents="none"
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            write(typedNumber(field, event.currentTarget.value));
          }}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
            if (by === 0 || typeof value !== 'number') return;
            event.preventDefault();
            setTyped(undefined);
            write(Math.round((value + by) * 1e9) / 1e9);
          }}
          onBlur={() => setTyped(undefined)}
        />
        {said && <span className={classes.reading}>{said}</span>}
      </div>
      {wrong !== undefined && !told && <p className={classes.wrong}>{wrong}</p>}
    </>
  );
}
