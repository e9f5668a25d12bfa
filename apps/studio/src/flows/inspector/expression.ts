/** An expression while it is typed: what it gives, where it is wrong, and what could be meant. Pure. */
import {
  checkExpression,
  columnNamed,
  didYouMean,
  expressionFunctions,
  ExpressionFailure,
  fieldsOf,
  parseExpression,
  type Columns,
  type ColumnType,
} from '@millrace/flow';

export type Finding = { gives: string } | { wrong: string };

/** Undefined for a text that is empty or waits for a parameter. */
export function findingOf(source: string, columns: Columns, gives?: ColumnType): Finding | undefined {
  if (source.trim() === '' || source.includes('${')) return undefined;
  try {
    const expression = parseExpression(source);
    const missing = fieldsOf(expression).find(
      (field) => field !== 't' && columnNamed(columns, field) === undefined,
    );
    if (missing !== undefined)
      return { wrong: `No record has the field "${missing}".${didYouMean(missing, columns.fields.keys())}` };
    const type = checkExpression(expression, (field) =>
      field === 't' ? 'number' : (columnNamed(columns, field)?.type ?? 'unknown'),
    );
    if (gives !== undefined && type !== gives && type !== 'unknown' && type !== 'null')
      return { wrong: `This gives a ${type}, and a ${gives} is needed.` };
    return { gives: type };
  } catch (error) {
    if (error instanceof ExpressionFailure) return { wrong: error.message };
    throw error;
  }
}

export interface Suggestion {
  /** What is put in place of the word. */
  text: string;
  /** Beside it: a type, or what a function does. */
  note: string;
}

const SHOWN = 8;

/** The word before the caret, and what begins like it: fields first, then functions. */
export function suggestionsAt(
  source: string,
  caret: number,
  columns: Columns,
): { from: number; found: Suggestion[] } {
  const word = /[A-Za-z_][\w.]*$/.exec(source.slice(0, caret))?.[0] ?? '';
  const from = caret - word.length;
  const quoted = (source.slice(0, from).match(/["']/g) ?? []).length % 2 === 1;
  if (quoted || (word === '' && source.trim() !== '')) return { from, found: [] };
  const begins = (name: string) => name.toLowerCase().startsWith(word.toLowerCase()) && name !== word;
  const fields = [...columns.fields]
    .filter(([name]) => begins(name))
    .map(([name, { type, unit }]) => ({
      text: name,
      note: [type === 'unknown' ? '' : type, unit].filter(Boolean).join(' '),
    }));
  const functions = [...expressionFunctions]
    .filter(([name]) => word !== '' && begins(name))
    .map(([name, { summary }]) => ({ text: `${name}(`, note: summary }));
  return { from, found: [...fields, ...functions].slice(0, SHOWN) };
}
