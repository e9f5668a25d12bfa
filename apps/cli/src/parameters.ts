/** What was typed with --set, as the types that a flow declares. */
import type { FlowDocument, FlowParameter } from '@millrace/schemas';

export type Value = string | number | boolean;

/** What does not fit its type stays text, for the check to name. */
export function valuesOf(document: FlowDocument, sets: ReadonlyMap<string, string>): Record<string, Value> {
  const declared = document.parameters ?? {};
  return Object.fromEntries(
    [...sets].map(([name, text]) => [
      name,
      typed(text, Object.hasOwn(declared, name) ? declared[name] : undefined),
    ]),
  );
}

function typed(text: string, parameter: FlowParameter | undefined): Value {
  if (parameter?.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (parameter?.type === 'number' || parameter?.type === 'integer') {
    const value = Number(text);
    return text.trim() === '' || !Number.isFinite(value) ? text : value;
  }
  return text;
}

/** Where no flow says what is meant, as for a group: `true`, `false` and numbers are what they look like. */
export function guessed(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
