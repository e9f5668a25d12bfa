/** A setting with its label, key, docs and problems around its control. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { valueAt, type FormField } from '@millrace/flow';
import { Braces, RotateCcw } from 'lucide-react';
import { useId } from 'react';
import classes from '../inspector.module.css';
import { usePlace } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { defaultOf, showsKey, type Path } from '../settings.js';
import { LineDocs } from './line-docs.js';
import { Nested } from './nested.js';
import { Wrong } from './wrong.js';

/** Where no placeholder says the default. */
const SAID: readonly FormField['kind'][] = ['boolean', 'object', 'tuple'];
/** Their parts have labels of their own. */
const GROUPS: readonly FormField['kind'][] = ['object', 'record', 'tuple', 'union', 'resource'];

export function Field({ field, path }: { field: FormField; path: Path }) {
  const { settings, module, problems, disabled, set } = usePlace();
  const id = useId();
  const value = valueAt(settings, path);
  const pointer = settingPointer(module, path);
  const wrong = problemsAt(problems, pointer);
  const group = GROUPS.includes(field.kind);
  const label = (
    <>
      {field.label}
      {field.required && (
        <span className={classes.required} aria-hidden title="Required">
          *
        </span>
      )}
    </>
  );
  const control = (
    <Nested
      field={field}
      path={path}
      value={value}
      id={id}
      label={field.required && !group && field.kind !== 'list' ? `${field.label}, required` : field.label}
    />
  );
  return (
    <div
      className={classes.field}
      role={group ? 'group' : undefined}
      aria-label={group ? field.label : undefined}
      data-wrong={wrong.length > 0 || undefined}
    >
      <div className={classes.labelLine}>
        {group ? (
          <span className={classes.label}>{label}</span>
        ) : (
          <label className={classes.label} htmlFor={id}>
            {label}
          </label>
        )}
        {showsKey(field) && <code className={classes.key}>{field.key}</code>}
        <span className={classes.spring} />
        {value === undefined && SAID.includes(field.kind) && (
          <span className={classes.meta}>{defaultOf(field)}</span>
        )}
        <ParameterMenu label={field.label} onUse={(text) => set(path, text)} disabled={disabled} />
        {value !== undefined && !field.required && !disabled && (
          <Tooltip label={defaultOf(field) === undefined ? 'Clear' : `Back to ${defaultOf(field)}`}>
            <ActionIcon
              size={20}
              aria-label={`Clear ${field.label}`}
              className={classes.quiet}
              onClick={() => set(path, undefined)}
            >
              <RotateCcw size={12} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <div data-pointer={pointer}>{control}</div>
      <Wrong sentences={wrong} />
      <LineDocs docs={field.docs} label={field.label} />
    </div>
  );
}

interface ParameterMenuProps {
  label: string;
  disabled: boolean;
  onUse(text: string): void;
}

/** Any value may be a parameter of the flow instead. */
function ParameterMenu({ label, disabled, onUse }: ParameterMenuProps) {
  const { parameters } = usePlace();
  const names = Object.entries(parameters);
  if (names.length === 0 || disabled) return null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Tooltip label="Use a parameter">
          <ActionIcon size={20} aria-label={`Use a parameter for ${label}`} className={classes.quiet}>
            <Braces size={12} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Parameters of the flow</Menu.Label>
        {names.map(([name, { type }]) => (
          <Menu.Item
            key={name}
            rightSection={<span className={classes.meta}>{type}</span>}
            onClick={() => onUse(`\${${name}}`)}
          >
            <code>{name}</code>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
