/** The entries of a list below each other, to move and remove; objects as cards, one open at a time. */
import { ActionIcon } from '@mantine/core';
import type { FieldOf, FormField } from '@millrace/flow';
import { ArrowDown, ArrowUp, ChevronDown, ChevronRight, X } from 'lucide-react';
import { useState } from 'react';
import classes from '../inspector.module.css';
import { inEntry, PlaceContext, usePlace, type ControlProps } from '../place.js';
import { countBelow, problemsAt, settingPointer } from '../places.js';
import { isRecord, moved, summaryOf } from '../settings.js';
import { Wrong } from './wrong.js';
import { Fields } from './fields.js';
import { Nested } from './nested.js';

const CARDS: readonly FormField['kind'][] = ['object', 'record'];

export function Lines({ field, path, value, label }: ControlProps<FieldOf<'list'>>) {
  const place = usePlace();
  const { disabled, set, module, problems } = place;
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const [open, setOpen] = useState<number | undefined>(list.length === 1 ? 0 : undefined);
  const [known, setKnown] = useState(list.length);
  if (known !== list.length) {
    setKnown(list.length);
    // What was just added alone is what one wants to fill in.
    if (list.length === known + 1) setOpen(list.length - 1);
  }
  const { item } = field;
  const card = CARDS.includes(item.kind);
  const move = (index: number, by: -1 | 1) => {
    set(path, moved(list, index, by));
    if (open === index) setOpen(index + by);
  };
  const remove = (index: number) => {
    set(path, list.length === 1 ? undefined : list.filter((_, other) => other !== index));
    setOpen(undefined);
  };
  return (
    <ol className={classes.entries}>
      {list.map((entry, index) => {
        const at = [...path, index];
        const pointer = settingPointer(module, at);
        const name = `${label} ${index + 1}`;
        const wrong = countBelow(problems, pointer);
        const shown = open === index || wrong > 0;
        const buttons = !disabled && (
          <EntryButtons
            name={name}
            first={index === 0}
            last={index === list.length - 1}
            onMove={(by) => move(index, by)}
            onRemove={() => remove(index)}
          />
        );
        return (
          <li
            key={index}
            className={card ? classes.card : classes.line}
            data-wrong={wrong > 0 || undefined}
            aria-label={name}
            onFocus={() => card && open !== index && shown && setOpen(index)}
          >
            <PlaceContext value={inEntry(place, at.length)}>
              {card ? (
                <>
                  <div className={classes.cardHead}>
                    <button
                      type="button"
                      className={classes.cardTitle}
                      aria-expanded={shown}
                      onClick={() => setOpen(open === index ? undefined : index)}
                    >
                      {shown ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
                      <span className={classes.summary} title={summaryOf(item, entry)}>
                        {summaryOf(item, entry) || 'new'}
                      </span>
                    </button>
                    {buttons}
                  </div>
                  {shown && (
                    <div className={classes.cardBody}>
                      <div data-pointer={pointer}>
                        <Wrong sentences={problemsAt(problems, pointer)} />
                      </div>
                      {item.kind === 'object' && isRecord(entry) ? (
                        <Fields fields={item.fields} path={at} value={entry} />
                      ) : (
                        <Nested field={item} path={at} value={entry} label={name} entry />
                      )}
                    </div>
                  )}
                </>
              ) : (
                <>
                  <div className={classes.lineControl} data-pointer={pointer}>
                    <Nested field={item} path={at} value={entry} label={name} entry />
                    <Wrong sentences={problemsAt(problems, pointer)} />
                  </div>
                  {buttons}
                </>
              )}
            </PlaceContext>
          </li>
        );
      })}
    </ol>
  );
}

interface EntryButtonsProps {
  name: string;
  first: boolean;
  last: boolean;
  onMove(by: -1 | 1): void;
  onRemove(): void;
}

function EntryButtons({ name, first, last, onMove, onRemove }: EntryButtonsProps) {
  return (
    <div className={classes.entryButtons}>
      {!(first && last) && (
        <>
          <ActionIcon size={22} aria-label={`Move ${name} up`} disabled={first} onClick={() => onMove(-1)}>
            <ArrowUp size={12} />
          </ActionIcon>
          <ActionIcon size={22} aria-label={`Move ${name} down`} disabled={last} onClick={() => onMove(1)}>
            <ArrowDown size={12} />
          </ActionIcon>
        </>
      )}
      <ActionIcon size={22} aria-label={`Remove ${name}`} onClick={onRemove}>
        <X size={12} />
      </ActionIcon>
    </div>
  );
}
