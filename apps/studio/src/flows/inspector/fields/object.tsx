/** Settings that belong together, and lists in which each place has its meaning. */
import { VisuallyHidden } from '@mantine/core';
import { withValueAt, type FieldOf } from '@millrace/flow';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { PlaceContext, usePlace, type ControlProps, type Place } from '../place.js';
import { countBelow, settingPointer } from '../places.js';
import { beginningOf, isRecord, summaryOf } from '../settings.js';
import { Fields } from './fields.js';
import { Nested } from './nested.js';

export function ObjectControl({ field, path, value }: ControlProps<FieldOf<'object'>>) {
  const { module, problems } = usePlace();
  const [opened, setOpened] = useState(field.required || value !== undefined);
  const open = opened || countBelow(problems, settingPointer(module, path)) > 0;
  const fields = (
    <div className={classes.inside}>
      <Fields fields={field.fields} path={path} value={isRecord(value) ? value : {}} />
    </div>
  );
  if (field.required) return fields;
  return (
    <>
      <button type="button" className={classes.fold} aria-expanded={open} onClick={() => setOpened(!opened)}>
        {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        <VisuallyHidden>{field.label}: </VisuallyHidden>
        <span className={classes.summary}>
          {value === undefined ? 'not set' : summaryOf(field, value) || 'nothing in it'}
        </span>
      </button>
      {open && fields}
    </>
  );
}

export function TupleControl({ field, path, value, label }: ControlProps<FieldOf<'tuple'>>) {
  const place = usePlace();
  const list = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  const begun = list ?? (field.default as readonly unknown[] | undefined) ?? field.items.map(beginningOf);
  const inside: Place = {
    ...place,
    // A place alone is no tuple: the others come with it.
    set: (at, to, typing, floor) =>
      list === undefined
        ? place.set(path, withValueAt(begun, at.slice(path.length), to), typing)
        : place.set(at, to, typing, floor),
  };
  return (
    <PlaceContext value={inside}>
      <div className={classes.tuple}>
        {field.items.map((item, index) => (
          <Nested
            key={index}
            field={item}
            path={[...path, index]}
            value={begun[index]}
            label={`${label} ${index + 1}`}
            entry
          />
        ))}
      </div>
    </PlaceContext>
  );
}
