/** What happens to a record that fails, and the queue before the module. Folded while both are as usual. */
import { Select, TextInput } from '@mantine/core';
import type { FlowModule, ProblemPlace } from '@millrace/schemas';
import { pointerOf } from '@millrace/flow';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Wrong } from './fields/wrong.js';
import classes from './inspector.module.css';
import { countBelow, problemsAt } from './places.js';

/** Undefined takes a setting away. */
export type ModuleChange = { [K in keyof Omit<FlowModule, 'from'>]?: FlowModule[K] | undefined };

interface BehaviourProps {
  id: string;
  module: FlowModule;
  source: boolean;
  problems: readonly ProblemPlace[];
  editable: boolean;
  onModule(change: ModuleChange): void;
}

const ERRORS = [
  { value: 'stop', label: 'Stop the flow' },
  { value: 'skip', label: 'Drop it and count it' },
  { value: 'port', label: 'Send it out of the port error' },
];

const FULL = [
  { value: 'block', label: 'Hold back what comes before' },
  { value: 'dropOldest', label: 'Drop the oldest' },
  { value: 'dropNewest', label: 'Drop the newest' },
];

export function Behaviour({ id, module, source, problems, editable, onModule }: BehaviourProps) {
  const { onError, queue } = module;
  const at = (...path: string[]) => pointerOf(['modules', id, ...path]);
  const setQueue = (change: NonNullable<FlowModule['queue']>) => {
    const next = Object.fromEntries(
      Object.entries({ ...queue, ...change }).filter(([, value]) => value !== undefined),
    );
    onModule({ queue: Object.keys(next).length === 0 ? undefined : next });
  };
  return (
    <>
      <Section
        title="When a record fails"
        note={ERRORS.find(({ value }) => value === onError)?.label ?? 'default: stop the flow'}
        wrong={countBelow(problems, at('onError')) > 0}
        begin={onError !== undefined}
      >
        <div data-pointer={at('onError')}>
          <Select
            aria-label="When a record fails"
            data={ERRORS}
            value={onError ?? null}
            placeholder="default: stop the flow"
            clearable
            clearButtonProps={{ 'aria-label': 'Back to the default', tabIndex: 0, 'aria-hidden': false }}
            disabled={!editable}
            onChange={(to) => onModule({ onError: (to ?? undefined) as FlowModule['onError'] })}
          />
          <Wrong sentences={problemsAt(problems, at('onError'))} />
        </div>
      </Section>
      {!source && (
        <Section
          title="Queue"
          note={
            queue === undefined
              ? 'default'
              : [queue.size && `${queue.size} records`, queue.full].filter(Boolean).join(', ')
          }
          wrong={countBelow(problems, at('queue')) > 0}
          begin={queue !== undefined}
        >
          <QueueSize
            pointer={at('queue', 'size')}
            size={queue?.size}
            editable={editable}
            sentences={problemsAt(problems, at('queue', 'size'))}
            onSize={(size) => setQueue({ size })}
          />
          <div className={classes.field} data-pointer={at('queue', 'full')}>
            <Select
              label="When it is full"
              data={FULL}
              value={queue?.full ?? null}
              placeholder="default: hold back what comes before"
              clearable
              clearButtonProps={{ 'aria-label': 'Back to the default', tabIndex: 0, 'aria-hidden': false }}
              disabled={!editable}
              onChange={(to) =>
                setQueue({ full: (to ?? undefined) as NonNullable<FlowModule['queue']>['full'] })
              }
            />
            <Wrong sentences={problemsAt(problems, at('queue', 'full'))} />
          </div>
        </Section>
      )}
    </>
  );
}

interface QueueSizeProps {
  pointer: string;
  size: number | undefined;
  editable: boolean;
  sentences: readonly string[];
  onSize(size: number | undefined): void;
}

/** Only a size that a queue can have is kept: the document itself holds no other. */
function QueueSize({ pointer, size, editable, sentences, onSize }: QueueSizeProps) {
  const [typed, setTyped] = useState<string>();
  const text = typed ?? (size === undefined ? '' : String(size));
  const wrong = sizeIn(text) === null;
  return (
    <div className={classes.field} data-pointer={pointer}>
      <TextInput
        label="Records that may wait"
        inputMode="numeric"
        placeholder="default"
        disabled={!editable}
        value={text}
        error={wrong ? 'A whole number from 1 to 10,000,000. It is kept when it is one.' : undefined}
        onChange={(event) => {
          const to = event.currentTarget.value;
          setTyped(to);
          const read = sizeIn(to);
          if (read !== null) onSize(read);
        }}
        onBlur={() => !wrong && setTyped(undefined)}
      />
      <Wrong sentences={sentences} />
    </div>
  );
}

function sizeIn(text: string): number | undefined | null {
  if (text.trim() === '') return undefined;
  const size = Number(text);
  return Number.isInteger(size) && size >= 1 && size <= 10_000_000 ? size : null;
}

interface SectionProps {
  title: string;
  note: string;
  wrong: boolean;
  begin: boolean;
  children: ReactNode;
}

function Section({ title, note, wrong, begin, children }: SectionProps) {
  const [opened, setOpened] = useState(begin);
  const open = opened || wrong;
  return (
    <section className={classes.section} aria-label={title}>
      <button type="button" className={classes.fold} aria-expanded={open} onClick={() => setOpened(!opened)}>
        {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        {title}
        {!open && <span className={classes.meta}>{note}</span>}
      </button>
      {open && children}
    </section>
  );
}
