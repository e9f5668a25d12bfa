/**
 * What an expression gives, and what in it can never mean anything.
 *
 * Guarantee: refuses only what is wrong for every record; a field of unknown type may be anything. What it
 * lets through still cannot throw when it runs (compiler.ts says what it gives then).
 */
import type { ColumnType } from '../columns.js';
import { ExpressionFailure, type Expression } from './expression.js';
import { functions } from './functions.js';

/** What an expression gives, as far as it is known; `null` for the literal and nothing else. */
export type ResultType = ColumnType | 'null';

const ORDERED = new Set(['<', '<=', '>', '>=']);

/**
 * The type of what the expression gives. `typeOf` says what a field is; without it all are unknown. Throws
 * an ExpressionFailure at the first part that makes no sense.
 */
export function checkExpression(
  expression: Expression,
  typeOf: (field: string) => ColumnType = () => 'unknown',
): ResultType {
  const check = (part: Expression): ResultType => {
    switch (part.kind) {
      case 'literal':
        return part.value === null ? 'null' : (typeof part.value as 'number' | 'string' | 'boolean');
      case 'field':
        return typeOf(part.name);
      case 'unary':
        return wants(part.operand, part.operator === '!' ? 'boolean' : 'number', `"${part.operator}"`);
      case 'conditional': {
        wants(part.test, 'boolean', '"?"');
        const [yes, no] = [check(part.yes), check(part.no)];
        if (yes === no) return yes;
        if (yes === 'null') return no;
        return no === 'null' ? yes : 'unknown';
      }
      case 'in': {
        const type = noVector(part.value, check(part.value), '"in"');
        for (const item of part.list) alike(type, check(item), item.at, 'in');
        return 'boolean';
      }
      case 'call':
        return call(part);
      case 'binary':
        return binary(part);
    }
  };

  // What a part is found to be is handed on, never asked again: asking twice a level would double each level.
  const wants = (
    part: Expression,
    type: 'number' | 'string' | 'boolean',
    whom: string,
    found = check(part),
  ): ResultType => {
    if (found !== type && found !== 'unknown' && found !== 'null')
      throw new ExpressionFailure(
        part.at,
        `${whom} takes a ${type}, and this is a ${found}${hint(found, type)}`,
      );
    return type;
  };

  const noVector = (part: Expression, type: ResultType, whom: string): ResultType => {
    if (type === 'vector')
      throw new ExpressionFailure(
        part.at,
        `${whom} takes single values, and this is a vector; use feature.stats`,
      );
    return type;
  };

  const binary = (part: Expression & { kind: 'binary' }): ResultType => {
    const { operator } = part;
    if (operator === '&&' || operator === '||') {
      wants(part.left, 'boolean', `"${operator}"`);
      return wants(part.right, 'boolean', `"${operator}"`);
    }
    const left = noVector(part.left, check(part.left), `"${operator}"`);
    const right = noVector(part.right, check(part.right), `"${operator}"`);
    if (operator === '==' || operator === '!=' || ORDERED.has(operator)) {
      alike(left, right, part.at, operator);
      return 'boolean';
    }
    if (operator === '+' && (left === 'string' || right === 'string')) {
      wants(part.left, 'string', '"+" beside a text', left);
      return wants(part.right, 'string', '"+" beside a text', right);
    }
    wants(part.left, 'number', `"${operator}"`, left);
    wants(part.right, 'number', `"${operator}"`, right);
    // Two fields of unknown type may be two texts.
    return operator === '+' && left === 'unknown' && right === 'unknown' ? 'unknown' : 'number';
  };

  /** Values of two types are never equal and never in an order; null is neither with anything. */
  const alike = (left: ResultType, right: ResultType, at: number, operator: string): void => {
    if (left === 'null' || right === 'null')
      throw new ExpressionFailure(
        at,
        'a comparison with null is always false; use has(field) or !has(field)',
      );
    if (left !== 'unknown' && right !== 'unknown' && left !== right)
      throw new ExpressionFailure(at, `"${operator}" compares a ${left} with a ${right}, which never holds`);
  };

  const call = (part: Expression & { kind: 'call' }): ResultType => {
    const known = functions.get(part.name);
    if (known === undefined) return 'boolean'; // has
    part.args.forEach((arg, index) => {
      const type = known.takes[Math.min(index, known.takes.length - 1)];
      if (type === undefined || type === 'any') noVector(arg, check(arg), part.name);
      else wants(arg, type, part.name);
    });
    return known.gives === 'any' ? 'unknown' : known.gives;
  };

  return check(expression);
}

function hint(found: ResultType, wanted: string): string {
  if (wanted === 'boolean' && found === 'number') return '; compare it, as in x == 1';
  if (wanted === 'number' && found === 'string') return '; convert it with double(x)';
  if (wanted === 'string') return '; convert it with string(x)';
  return '';
}
