/** The name of a field of what arrives; another may be written, for what is not known before the flow runs. */
import type { FieldOf } from '@millrace/flow';
import { fieldHints } from '../hints.js';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { defaultOf } from '../settings.js';
import { Hinted } from './hinted.js';

export function FieldNameControl({ field, path, value, id, label, entry }: ControlProps<FieldOf<'field'>>) {
  const { arriving, disabled, set, module, problems } = usePlace();
  const { types } = field;
  const fitting = fieldHints({
    ...arriving,
    fields: new Map(
      [...arriving.fields].filter(
        ([, { type }]) => types === undefined || type === 'unknown' || types.includes(type),
      ),
    ),
  });
  return (
    <Hinted
      id={id}
      aria-label={label}
      hints={fitting}
      disabled={disabled}
      placeholder={defaultOf(field) ?? (types?.length === 1 ? `a field of type ${types[0]}` : 'a field')}
      error={problemsAt(problems, settingPointer(module, path)).length > 0}
      value={value === undefined ? '' : String(value)}
      onChange={(to) => set(path, to === '' && !entry ? undefined : to, true)}
    />
  );
}
