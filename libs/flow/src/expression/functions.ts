/**
 * The functions of expressions, in one table: what they take, what they give, and what they do.
 *
 * Guarantee: none throws and none keeps anything; what has a null or a value of another type among its
 * arguments gives null. `has` is not here, since it asks for a field and not for its value.
 */
import type { Value } from './expression.js';

export type ExpressionType = 'number' | 'string' | 'boolean' | 'any';

export interface ExpressionFunction {
  takes: readonly ExpressionType[];
  /** True when the last argument may be given again and again. */
  more?: boolean;
  gives: ExpressionType;
  /** True when it may be written after its first argument, as in `name.startsWith("pump")`. */
  method?: boolean;
  /** One line for the docs. */
  summary: string;
  /** Called with arguments of the types in `takes` only, and never with null. */
  apply(...args: never[]): Value;
}

function ofNumber(summary: string, apply: (x: number) => number): ExpressionFunction {
  return { takes: ['number'], gives: 'number', summary, apply };
}

function ofStrings(summary: string, apply: (text: string, part: string) => boolean): ExpressionFunction {
  return { takes: ['string', 'string'], gives: 'boolean', method: true, summary, apply };
}

/** Ties go away from zero, as CEL's math.round does; Math.round alone sends -2.5 to -2. */
function round(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

/** A text that is a number and nothing else; null otherwise. */
function numberIn(text: string): number | null {
  const trimmed = text.trim();
  const value = trimmed === '' ? NaN : Number(trimmed);
  return Number.isNaN(value) && trimmed !== 'NaN' ? null : value;
}

function double(x: Exclude<Value, null>): number | null {
  if (typeof x === 'number') return x;
  return typeof x === 'boolean' ? Number(x) : numberIn(x);
}

function int(x: Exclude<Value, null>): number | null {
  const value = double(x);
  return value === null || !Number.isFinite(value) ? null : Math.trunc(value);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export const functions: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ['abs', ofNumber('the number without its sign', Math.abs)],
  ['sqrt', ofNumber('square root; NaN below zero', Math.sqrt)],
  ['exp', ofNumber('e to the power of x', Math.exp)],
  ['log', ofNumber('natural logarithm; NaN below zero, -Infinity at zero', Math.log)],
  ['floor', ofNumber('the next integer below', Math.floor)],
  ['ceil', ofNumber('the next integer above', Math.ceil)],
  ['round', ofNumber('the nearest integer, ties away from zero', round)],
  ['sign', ofNumber('-1, 0 or 1', Math.sign)],
  [
    'pow',
    {
      takes: ['number', 'number'],
      gives: 'number',
      summary: 'x to the power of y',
      apply: (x: number, y: number) => x ** y,
    },
  ],
  [
    'min',
    {
      takes: ['number'],
      more: true,
      gives: 'number',
      summary: 'the least of all; null if one is null',
      apply: Math.min,
    },
  ],
  [
    'max',
    {
      takes: ['number'],
      more: true,
      gives: 'number',
      summary: 'the greatest of all; null if one is null',
      apply: Math.max,
    },
  ],
  [
    'isNaN',
    {
      takes: ['number'],
      gives: 'boolean',
      summary: 'true for a number that is not one; null is null',
      apply: (x: number) => x !== x,
    },
  ],
  [
    'size',
    {
      takes: ['string'],
      gives: 'number',
      method: true,
      summary: 'characters (code points) of a text',
      apply: codePoints,
    },
  ],
  ['startsWith', ofStrings('whether the text begins with the other', (a, b) => a.startsWith(b))],
  ['endsWith', ofStrings('whether the text ends with the other', (a, b) => a.endsWith(b))],
  ['contains', ofStrings('whether the other is in the text', (a, b) => a.includes(b))],
  [
    'double',
    { takes: ['any'], gives: 'number', summary: 'as a number; null if a text is none', apply: double },
  ],
  [
    'int',
    {
      takes: ['any'],
      gives: 'number',
      summary: 'as a number without its fraction; null if it is none',
      apply: int,
    },
  ],
  ['string', { takes: ['any'], gives: 'string', summary: 'as a text', apply: String }],
]);
