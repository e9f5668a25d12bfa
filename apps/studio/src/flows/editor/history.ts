/**
 * Undo and redo, each step with a name. Pure.
 *
 * Guarantee: a step never takes back what somebody else did: after a merge, `rebased` brings their change into
 * every step.
 */
import type { FlowDocument } from '@millrace/schemas';

export interface Step {
  /** What was done: `Delete 3 modules`. */
  label: string;
  document: FlowDocument;
  /** The text as it was, unless a merge made it old. */
  text?: string;
}

export interface History {
  /** What was before, the newest last; the label says what was done then. */
  past: readonly Step[];
  future: readonly Step[];
  /** Edits of one thing soon after each other are one step. */
  last?: { key: string; at: number };
}

export const noHistory: History = { past: [], future: [] };

const STEPS = 100;
const TOGETHER_MS = 1_500;

/** `before`: the state that the edit began with. `key`: what is edited, such as one setting's field. */
export function stepped(history: History, before: Step, at: number, key?: string): History {
  const goesOn =
    key !== undefined &&
    history.last?.key === key &&
    at - history.last.at < TOGETHER_MS &&
    history.past.length > 0;
  return {
    past: goesOn ? history.past : [...history.past, before].slice(-STEPS),
    future: [],
    ...(key === undefined ? {} : { last: { key, at } }),
  };
}

/** The step to go back to, and the history there; `now` is where one stands. */
export function undone(
  history: History,
  now: Omit<Step, 'label'>,
): { step: Step; history: History } | undefined {
  const step = history.past.at(-1);
  if (step === undefined) return undefined;
  return {
    step,
    history: {
      past: history.past.slice(0, -1),
      future: [...history.future, { ...now, label: step.label }],
    },
  };
}

export function redone(
  history: History,
  now: Omit<Step, 'label'>,
): { step: Step; history: History } | undefined {
  const step = history.future.at(-1);
  if (step === undefined) return undefined;
  return {
    step,
    history: { past: [...history.past, { ...now, label: step.label }], future: history.future.slice(0, -1) },
  };
}

export function rebased(history: History, change: (document: FlowDocument) => FlowDocument): History {
  const step = ({ label, document }: Step): Step => ({ label, document: change(document) });
  return { past: history.past.map(step), future: history.future.map(step) };
}
