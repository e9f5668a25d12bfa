/** The kinds of modules, by category, to drag onto the canvas or to add with Enter. */
import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import type { ModuleCategory, ModuleKind } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react';
import { useRef, useState, type KeyboardEvent } from 'react';
import { DRAGGED_TYPE } from '../graph/dragged.js';
import { ModuleIcon } from '../graph/icon.js';
import { hueOf } from '../graph/look.js';
import classes from './editor.module.css';

const GROUPS: readonly [title: string, categories: readonly ModuleCategory[]][] = [
  ['Sources', ['source']],
  ['Clean and map', ['clean', 'map', 'scale']],
  ['Align and features', ['align', 'feature']],
  ['Models', ['model']],
  ['Route and act', ['route', 'act']],
  ['Sinks', ['sink']],
  ['Debug', ['debug']],
];

interface PaletteProps {
  disabled: boolean;
  opened: boolean;
  onOpened(opened: boolean): void;
  onAdd(type: string): void;
}

export function Palette(props: PaletteProps) {
  if (props.opened) return <Opened {...props} />;
  return (
    <div className={classes.paletteClosed}>
      <Tooltip label="Show the palette" position="right">
        <ActionIcon aria-label="Show the palette" onClick={() => props.onOpened(true)}>
          <PanelLeftOpen size={16} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

function Opened({ disabled, onAdd, onOpened }: PaletteProps) {
  const [text, setText] = useState('');
  const list = useRef<HTMLDivElement>(null);
  const wanted = text.trim().toLowerCase();
  const found = [...kinds.values()].filter((kind) => matches(kind, wanted));
  const step = (event: KeyboardEvent) => {
    const way = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (way === 0) return;
    event.preventDefault();
    const items = [...(list.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const here = items.indexOf(document.activeElement as HTMLElement);
    items[Math.max(0, Math.min(items.length - 1, here + way))]?.focus();
  };
  return (
    <aside className={classes.palette} aria-label="Palette of modules" onKeyDown={step}>
      <div className={classes.paletteHead}>
        <TextInput
          aria-label="Search modules"
          placeholder="Search modules"
          leftSection={<Search size={14} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            const [first] = found;
            if (event.key === 'Enter' && wanted !== '' && first && !disabled) onAdd(first.type);
          }}
          style={{ flex: 1 }}
        />
        <ActionIcon aria-label="Hide the palette" onClick={() => onOpened(false)}>
          <PanelLeftClose size={16} />
        </ActionIcon>
      </div>
      <div ref={list} className={classes.paletteList}>
        {GROUPS.map(([title, categories]) => {
          const group = found.filter(({ category }) => categories.includes(category));
          if (group.length === 0) return null;
          return (
            <section key={title} aria-label={title}>
              <h2 className={classes.groupTitle}>{title}</h2>
              {group.map((kind) => (
                <Entry key={kind.type} kind={kind} disabled={disabled} onAdd={onAdd} />
              ))}
            </section>
          );
        })}
        {found.length === 0 && <p className={classes.nothing}>No module is called so.</p>}
      </div>
    </aside>
  );
}

function Entry({
  kind,
  disabled,
  onAdd,
}: {
  kind: ModuleKind;
  disabled: boolean;
  onAdd(type: string): void;
}) {
  return (
    <button
      type="button"
      className={classes.entry}
      style={{ '--hue': `var(${hueOf(kind.category)})` } as React.CSSProperties}
      draggable={!disabled}
      disabled={disabled}
      title={`${kind.summary} (${kind.type})`}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED_TYPE, kind.type);
        event.dataTransfer.effectAllowed = 'copy';
      }}
      // A click with the mouse adds as Enter does.
      onClick={() => onAdd(kind.type)}
    >
      <ModuleIcon type={kind.type} />
      <span className={classes.entryTitle}>{kind.title}</span>
      <code className={classes.entryType}>{kind.type.split('.')[1]}</code>
    </button>
  );
}

const matches = ({ type, title, summary, category }: ModuleKind, wanted: string): boolean =>
  [type, title, summary, category].some((word) => word.toLowerCase().includes(wanted));
