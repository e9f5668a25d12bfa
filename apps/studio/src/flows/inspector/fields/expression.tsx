/** An expression over the fields that arrive: checked as one types, with fields and functions to choose. */
import { Combobox, Textarea, useCombobox } from '@mantine/core';
import type { FieldOf } from '@millrace/flow';
import { useLayoutEffect, useRef, useState } from 'react';
import { findingOf, suggestionsAt, type Suggestion } from '../expression.js';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { HintOption } from './hinted.js';

export function ExpressionControl({
  field,
  path,
  value,
  id,
  label,
  entry,
}: ControlProps<FieldOf<'expression'>>) {
  const { arriving, disabled, set, module, problems } = usePlace();
  const input = useRef<HTMLTextAreaElement>(null);
  // Where the caret goes once what was chosen is drawn.
  const behind = useRef<number>(undefined);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const [offer, setOffer] = useState<{ from: number; found: readonly Suggestion[] }>({ from: 0, found: [] });
  const source = value === undefined ? '' : String(value);
  const finding = findingOf(source, arriving, field.gives);
  const told = problemsAt(problems, settingPointer(module, path)).length > 0;
  const wrong = finding !== undefined && 'wrong' in finding ? finding.wrong : undefined;

  const write = (to: string) => set(path, to === '' && !entry ? undefined : to, true);
  const look = (to: string, caret: number) => {
    const next = suggestionsAt(to, caret, arriving);
    setOffer(next);
    if (next.found.length > 0) combobox.openDropdown();
    else combobox.closeDropdown();
    combobox.resetSelectedOption();
  };
  const take = (text: string) => {
    const caret = input.current?.selectionEnd ?? source.length;
    write(source.slice(0, offer.from) + text + source.slice(caret));
    combobox.closeDropdown();
    behind.current = offer.from + text.length;
  };
  useLayoutEffect(() => {
    if (behind.current === undefined) return;
    input.current?.setSelectionRange(behind.current, behind.current);
    behind.current = undefined;
  });
  return (
    <>
      <Combobox store={combobox} onOptionSubmit={take} withinPortal>
        <Combobox.Target>
          <Textarea
            ref={input}
            id={id}
            aria-label={label}
            autosize
            minRows={1}
            maxRows={8}
            spellCheck={false}
            disabled={disabled}
            placeholder={arriving.fields.size > 0 ? `${[...arriving.fields.keys()][0]} > 0.8` : 'score > 0.8'}
            error={told || wrong !== undefined}
            classNames={{ input: classes.mono }}
            value={source}
            onChange={(event) => {
              const { value: to, selectionEnd } = event.currentTarget;
              // An expression is one line; breaks are only how it is shown.
              write(to);
              look(to, selectionEnd);
            }}
            onFocus={() => source === '' && look('', 0)}
            onBlur={() => combobox.closeDropdown()}
          />
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Options mah={220} style={{ overflowY: 'auto' }}>
            {offer.found.map(({ text, note }) => (
              <Combobox.Option key={text} value={text}>
                <HintOption name={text} note={note} />
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {wrong !== undefined && !told && <p className={classes.wrong}>{wrong}</p>}
      {finding !== undefined && 'gives' in finding && !told && (
        <p className={classes.gives}>gives {sayType(finding.gives)}</p>
      )}
    </>
  );
}

const sayType = (type: string): string =>
  type === 'boolean' ? 'true or false' : type === 'unknown' ? 'what is known only when it runs' : `a ${type}`;
