/** The check of an expression that must be true or false. Browser-safe. */
import { compile, ExpressionFailure } from '@millrace/flow';

/** The problem of an expression that gives a number or a text, and so would never be true; none else. */
export function neverTrue(pointer: string, source: string): { pointer: string; detail: string }[] {
  let type: string;
  try {
    ({ type } = compile(source));
  } catch (error) {
    if (error instanceof ExpressionFailure) return []; // It has a problem of its own.
    throw error;
  }
  if (type !== 'number' && type !== 'string') return [];
  return [
    {
      pointer,
      detail: `this gives a ${type} and would never be true: compare it with something, as in score > 0.8.`,
    },
  ];
}
