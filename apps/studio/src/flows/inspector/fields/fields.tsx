/** The fields of an object: what is required or set at once, the rest behind "More settings". */
import type { FormField } from '@millrace/flow';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { usePlace } from '../place.js';
import { countBelow, settingPointer } from '../places.js';
import { mainAndMore, type Path, type Settings } from '../settings.js';
import { Field } from './field.js';

interface FieldsProps {
  fields: readonly FormField[];
  path: Path;
  value: Settings;
}

const FEW = 8;
const FEW_INSIDE = 3;

export function Fields({ fields, path, value }: FieldsProps) {
  const { module, problems } = usePlace();
  // Once: a field that is set does not jump to another place.
  const [keys] = useState(
    () =>
      new Set(mainAndMore(fields, value, path.length === 0 ? FEW : FEW_INSIDE).main.map(({ key }) => key)),
  );
  const [opened, setOpened] = useState(false);
  const main = fields.filter(({ key }) => keys.has(key));
  const more = fields.filter(({ key }) => !keys.has(key));
  const wrong = more.some(({ key }) => countBelow(problems, settingPointer(module, [...path, key])) > 0);
  const open = opened || wrong;
  const draw = (field: FormField) => <Field key={field.key} field={field} path={[...path, field.key]} />;
  return (
    <>
      {main.map(draw)}
      {more.length > 0 && (
        <button
          type="button"
          className={classes.fold}
          aria-expanded={open}
          onClick={() => setOpened(!opened)}
        >
          {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          More settings
          <span className={classes.meta}>{saySet(more, value)}</span>
        </button>
      )}
      {open && more.map(draw)}
    </>
  );
}

function saySet(more: readonly FormField[], value: Settings): string {
  const set = more.filter(({ key }) => value[key] !== undefined).length;
  return set === 0 ? String(more.length) : `${more.length}, ${set} set`;
}
