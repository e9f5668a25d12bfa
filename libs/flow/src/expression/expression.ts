/**
 * What an expression is: its syntax tree, its values, and the error that names where a text is wrong.
 *
 * The syntax is CEL's (comparison, arithmetic, boolean, `?:`, `in`, functions), the values are a record's:
 * every number is a double, integer literals too, and an absent field is null.
 */
import { Failure } from '@millrace/schemas';

export type Value = number | string | boolean | null;

export type UnaryOperator = '!' | '-';
export type BinaryOperator =
  '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||';

/** `at` is the offset of the part's first character, or of its operator. */
export type Expression =
  | { kind: 'literal'; value: Value; at: number }
  | { kind: 'field'; name: string; at: number }
  | { kind: 'unary'; operator: UnaryOperator; operand: Expression; at: number }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression; at: number }
  | { kind: 'conditional'; test: Expression; yes: Expression; no: Expression; at: number }
  | { kind: 'in'; value: Expression; list: Expression[]; at: number }
  | { kind: 'call'; name: string; args: Expression[]; at: number };

/** Bounds of one expression: enough for any rule a person writes, small enough to check on every keystroke. */
export const EXPRESSION_LIMITS = { length: 4_096, depth: 64, nodes: 1_000 } as const;

/** Says where an expression is wrong; `at` is an offset, told to people as a character counted from 1. */
export class ExpressionFailure extends Failure {
  constructor(
    readonly at: number,
    readonly reason: string,
  ) {
    super('flows.expression', `at character ${at + 1}: ${reason}`);
  }
}

/** The names of all fields in the order in which they first appear. */
export function fieldsOf(expression: Expression): string[] {
  const names = new Set<string>();
  const visit = (part: Expression): void => {
    if (part.kind === 'field') names.add(part.name);
    for (const child of childrenOf(part)) visit(child);
  };
  visit(expression);
  return [...names];
}

export function childrenOf(part: Expression): Expression[] {
  switch (part.kind) {
    case 'unary':
      return [part.operand];
    case 'binary':
      return [part.left, part.right];
    case 'conditional':
      return [part.test, part.yes, part.no];
    case 'in':
      return [part.value, ...part.list];
    case 'call':
      return part.args;
    default:
      return [];
  }
}
