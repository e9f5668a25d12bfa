/**
 * Reads the text of an expression into its tree.
 *
 * Guarantee: a tree within the limits, or an ExpressionFailure that says at which character the text is
 * wrong and what would be right. It knows how many arguments a function takes; types are the checker's.
 */
import { EXPRESSION_LIMITS, ExpressionFailure, type BinaryOperator, type Expression } from './expression.js';
import { functions } from './functions.js';
import { tokensOf, type Token } from './lexer.js';
import { nearest } from '../nearest.js';

/** Words that CEL keeps for itself: a field of such a name is written `record["loop"]`. */
const RESERVED = new Set(
  (
    'as break const continue else for function if import let loop package namespace return var void ' +
    'while'
  ).split(' '),
);

/** Binary operators from the loosest to the tightest; `?:` is looser, unary and access are tighter. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

export function parseExpression(source: string): Expression {
  const tokens = tokensOf(source);
  let next = 0;
  let nodes = 0;
  let depth = 0;

  const peek = (): Token => tokens[next] as Token;
  const is = (text: string): boolean => {
    const token = peek();
    return token.text === text && (token.kind === 'mark' || token.kind === 'name');
  };
  const accept = (text: string): boolean => {
    if (!is(text)) return false;
    next++;
    return true;
  };
  const fail = (wanted: string): never => {
    const token = peek();
    const found = token.kind === 'end' ? 'the expression ends' : `"${token.text}" stands here`;
    throw new ExpressionFailure(token.at, `${found}, and ${wanted} is needed`);
  };
  const expect = (text: string, wanted = `"${text}"`): void => {
    if (!accept(text)) fail(wanted);
  };
  const node = (made: Expression): Expression => {
    if (++nodes > EXPRESSION_LIMITS.nodes)
      throw new ExpressionFailure(
        made.at,
        `an expression has at most ${EXPRESSION_LIMITS.nodes} parts; split it over several fields with map.set`,
      );
    return made;
  };
  const deeper = <T>(read: () => T): T => {
    if (++depth > EXPRESSION_LIMITS.depth)
      throw new ExpressionFailure(
        peek().at,
        `an expression nests at most ${EXPRESSION_LIMITS.depth} deep; split it over several fields with map.set`,
      );
    const result = read();
    depth--;
    return result;
  };

  const expression = (): Expression =>
    deeper(() => {
      const test = level(0);
      const { at } = peek();
      if (!accept('?')) return test;
      const yes = level(0);
      expect(':');
      return node({ kind: 'conditional', test, yes, no: expression(), at });
    });

  const level = (index: number): Expression => {
    const operators = LEVELS[index];
    if (operators === undefined) return unary();
    let left = level(index + 1);
    for (;;) {
      const operator = operators.find(is);
      if (operator === undefined) return left;
      const { at } = peek();
      next++;
      if (operator === 'in') {
        expect('[', 'a list such as [1, 2]');
        left = node({ kind: 'in', value: left, list: items(']'), at });
      } else {
        const right = level(index + 1);
        left = node({ kind: 'binary', operator: operator as BinaryOperator, left, right, at });
      }
    }
  };

  const unary = (): Expression => {
    const { at } = peek();
    if (accept('!')) return deeper(() => node({ kind: 'unary', operator: '!', operand: unary(), at }));
    if (accept('-'))
      return deeper(() => {
        const operand = unary();
        return operand.kind === 'literal' && typeof operand.value === 'number'
          ? { ...operand, value: -operand.value, at }
          : node({ kind: 'unary', operator: '-', operand, at });
      });
    return member();
  };

  /** A value and what follows it: `.name`, `.method(...)`, `["odd name"]`. */
  const member = (): Expression => {
    let value = primary();
    for (;;) {
      const { at } = peek();
      if (accept('.')) {
        const name = peek();
        if (name.kind !== 'name') fail('a name after the dot');
        next++;
        if (accept('(')) value = call(name.text, at + 1, [value, ...items(')')], true);
        else value = access(value, name.text, at);
      } else if (accept('[')) {
        const name = peek();
        if (name.kind !== 'string')
          throw new ExpressionFailure(
            name.at,
            'only a name in quotes may stand here, as in record["odd name"]',
          );
        next++;
        expect(']');
        value = access(value, name.value, at);
      } else return value;
    }
  };

  /** `record.x` and `record["x"]` are the field `x`; `a.b` is the field of that name, since records are flat. */
  const access = (value: Expression, name: string, at: number): Expression => {
    if (value.kind !== 'field') throw new ExpressionFailure(at, 'only a field has parts');
    const whole = value.name === 'record' ? name : `${value.name}.${name}`;
    return { kind: 'field', name: whole, at: value.at };
  };

  const primary = (): Expression => {
    const token = peek();
    const { at } = token;
    if (token.kind === 'number' || token.kind === 'string') {
      next++;
      return node({ kind: 'literal', value: token.value, at });
    }
    if (accept('(')) {
      const inner = expression();
      expect(')');
      return inner;
    }
    if (token.kind !== 'name' || token.text === 'in') return fail('a value');
    next++;
    if (token.text === 'true' || token.text === 'false')
      return node({ kind: 'literal', value: token.text === 'true', at });
    if (token.text === 'null') return node({ kind: 'literal', value: null, at });
    if (accept('(')) return call(token.text, at, items(')'), false);
    if (RESERVED.has(token.text))
      throw new ExpressionFailure(
        at,
        `"${token.text}" is a word of the language; write record["${token.text}"]`,
      );
    return node({ kind: 'field', name: token.text, at });
  };

  const items = (close: string): Expression[] => {
    const list: Expression[] = [];
    while (!accept(close)) {
      if (list.length > 0) expect(',', `"," or "${close}"`);
      if (list.length > 0 && accept(close)) break; // CEL allows a comma after the last one
      list.push(expression());
    }
    return list;
  };

  const call = (name: string, at: number, args: Expression[], method: boolean): Expression => {
    if (name === 'has') {
      if (method || args.length !== 1 || args[0]?.kind !== 'field')
        throw new ExpressionFailure(at, 'has takes one field, as in has(pressure)');
      return node({ kind: 'call', name, args, at });
    }
    const known = functions.get(name);
    if (known === undefined || (method && known.method !== true)) {
      const guess = known !== undefined ? `${name}(...)` : nearest(name, functions.keys());
      throw new ExpressionFailure(
        at,
        `there is no ${method ? 'method' : 'function'} "${name}"` +
          (guess === undefined
            ? `; there are ${[...functions.keys(), 'has'].join(', ')}`
            : `; did you mean ${guess}?`),
      );
    }
    const least = known.takes.length;
    if (args.length < least || (known.more !== true && args.length > least))
      throw new ExpressionFailure(
        at,
        `${name} takes ${known.more ? 'at least ' : ''}${least} ${least === 1 ? 'value' : 'values'}, ` +
          `and ${args.length} ${args.length === 1 ? 'is' : 'are'} given`,
      );
    return node({ kind: 'call', name, args, at });
  };

  if (peek().kind === 'end')
    throw new ExpressionFailure(0, 'the expression is empty; write one such as score > 0.8');
  const whole = expression();
  if (peek().kind !== 'end') fail('an operator or the end');
  return whole;
}
