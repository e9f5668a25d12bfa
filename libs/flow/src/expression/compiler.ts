/**
 * Turns an expression into closures that run once a record, with no eval and no object made.
 *
 * Guarantee: evaluation never throws, never waits and keeps nothing. Rules where a value is not what an
 * operator takes:
 * - null (an absent field) in a comparison or `in` gives false, in arithmetic null, in `&&`, `||`, `!` and
 *   `?:` it counts as false; so does every value that is no boolean.
 * - values of two types are not equal (`!=` is true) and in no order (false); in arithmetic they give null.
 * - numbers are IEEE doubles: x / 0 is Infinity or NaN, which are written out as null; NaN compares as
 *   IEEE says. `%` keeps the sign of its left side. Texts compare by UTF-16 unit.
 */
import { checkExpression, type ResultType } from './checker.js';
import { fieldsOf, type Expression, type Value } from './expression.js';
import { functions } from './functions.js';
import { parseExpression } from './parser.js';

/**
 * The fields of one record, in the order of `Compiled.fields`. A vector is there for `has` and null to all
 * else.
 */
export type Slots = ArrayLike<Value | ArrayLike<number> | undefined>;

export interface Compiled {
  readonly source: string;
  /** The fields that it reads, each once. The caller fills slots in this order; `t` is the timestamp. */
  readonly fields: readonly string[];
  /** What it gives, as far as it is known without the fields' types. */
  readonly type: ResultType;
  readonly evaluate: (slots: Slots) => Value;
  /** The result as a number; NaN for null and all that is no number. */
  readonly number: (slots: Slots) => number;
  /** Whether the result is true; null and all that is no boolean is false. */
  readonly test: (slots: Slots) => boolean;
}

type Run = (slots: Slots) => Value;

/** Parses, checks and compiles. Throws an ExpressionFailure that names the character. */
export function compile(source: string): Compiled {
  const expression = parseExpression(source);
  const type = checkExpression(expression);
  const fields = fieldsOf(expression);
  const slotOf = new Map(fields.map((name, slot) => [name, slot]));
  const evaluate = build(expression, slotOf);
  return {
    source,
    fields,
    type,
    evaluate,
    number: (slots) => {
      const value = evaluate(slots);
      return typeof value === 'number' ? value : NaN;
    },
    test: (slots) => evaluate(slots) === true,
  };
}

function build(part: Expression, slotOf: ReadonlyMap<string, number>): Run {
  const child = (of: Expression): Run => build(of, slotOf);
  switch (part.kind) {
    case 'literal': {
      const { value } = part;
      return () => value;
    }
    case 'field': {
      const slot = slotOf.get(part.name) as number;
      return (slots) => {
        const value = slots[slot];
        return value === undefined || typeof value === 'object' ? null : value;
      };
    }
    case 'unary': {
      const run = child(part.operand);
      if (part.operator === '!') return (slots) => run(slots) !== true;
      return (slots) => {
        const value = run(slots);
        return typeof value === 'number' ? -value : null;
      };
    }
    case 'conditional': {
      const [test, yes, no] = [child(part.test), child(part.yes), child(part.no)];
      return (slots) => (test(slots) === true ? yes(slots) : no(slots));
    }
    case 'in':
      return buildIn(child(part.value), part.list, child);
    case 'call': {
      const [asked] = part.args;
      if (part.name === 'has' && asked?.kind === 'field') {
        const slot = slotOf.get(asked.name) as number;
        return (slots) => (slots[slot] ?? null) !== null;
      }
      return buildCall(part.name, part.args.map(child));
    }
    case 'binary':
      return buildBinary(part, child(part.left), child(part.right));
  }
}

function buildBinary(part: Expression & { kind: 'binary' }, left: Run, right: Run): Run {
  const { operator } = part;
  if (operator === '&&') return (slots) => left(slots) === true && right(slots) === true;
  if (operator === '||') return (slots) => left(slots) === true || right(slots) === true;
  // `score > 0.8` is what most rules are: its limit is taken out of the loop.
  const limit = part.right.kind === 'literal' ? part.right.value : null;
  if (typeof limit === 'number') {
    const against = againstLimit[operator];
    if (against !== undefined) return against(left, limit);
  }
  const compare = comparisons[operator];
  if (compare !== undefined) return compare(left, right);
  return (arithmetic[operator] as (left: Run, right: Run) => Run)(left, right);
}

type Joined = Readonly<Record<string, ((left: Run, right: Run) => Run) | undefined>>;

/** Each operator has closures of its own, so that the engine sees one shape of call at each of them. */
const arithmetic: Joined = {
  '+': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    return typeof a === 'string' && typeof b === 'string' ? a + b : null;
  },
  '-': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return typeof a === 'number' && typeof b === 'number' ? a - b : null;
  },
  '*': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return typeof a === 'number' && typeof b === 'number' ? a * b : null;
  },
  '/': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return typeof a === 'number' && typeof b === 'number' ? a / b : null;
  },
  '%': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return typeof a === 'number' && typeof b === 'number' ? a % b : null;
  },
};

const comparisons: Joined = {
  '==': (left, right) => (slots) => {
    const a = left(slots);
    return a !== null && a === right(slots);
  },
  '!=': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return a !== null && b !== null && a !== b;
  },
  '<': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return a !== null && b !== null && typeof a === typeof b && a < b;
  },
  '<=': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return a !== null && b !== null && typeof a === typeof b && a <= b;
  },
  '>': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return a !== null && b !== null && typeof a === typeof b && a > b;
  },
  '>=': (left, right) => (slots) => {
    const a = left(slots);
    const b = right(slots);
    return a !== null && b !== null && typeof a === typeof b && a >= b;
  },
};

const againstLimit: Readonly<Record<string, ((left: Run, limit: number) => Run) | undefined>> = {
  '<': (left, limit) => (slots) => {
    const a = left(slots);
    return typeof a === 'number' && a < limit;
  },
  '<=': (left, limit) => (slots) => {
    const a = left(slots);
    return typeof a === 'number' && a <= limit;
  },
  '>': (left, limit) => (slots) => {
    const a = left(slots);
    return typeof a === 'number' && a > limit;
  },
  '>=': (left, limit) => (slots) => {
    const a = left(slots);
    return typeof a === 'number' && a >= limit;
  },
  '==': (left, limit) => (slots) => left(slots) === limit,
};

function buildIn(value: Run, list: Expression[], child: (of: Expression) => Run): Run {
  const constants = list.flatMap((item) => (item.kind === 'literal' ? [item.value] : []));
  if (constants.length === list.length) {
    // A Set finds NaN, and `==` does not; a list of literals has none.
    const members = new Set(constants);
    return (slots) => {
      const found = value(slots);
      return found !== null && members.has(found);
    };
  }
  const items = list.map(child);
  return (slots) => {
    const found = value(slots);
    return found !== null && items.some((item) => item(slots) === found);
  };
}

function buildCall(name: string, args: Run[]): Run {
  const [first, second] = args as [Run, Run];
  const known = functions.get(name);
  if (known === undefined) throw new Error(`no function ${name}`); // the parser lets none through
  const apply = known.apply as (...args: unknown[]) => Value;
  const type = known.takes[0];
  if (type === 'any')
    return (slots) => {
      const a = first(slots);
      return a === null ? null : apply(a);
    };
  if (args.length === 1)
    return (slots) => {
      const a = first(slots);
      return typeof a === type ? apply(a) : null;
    };
  if (args.length === 2)
    return (slots) => {
      const a = first(slots);
      const b = second(slots);
      return typeof a === type && typeof b === type ? apply(a, b) : null;
    };
  return (slots) => {
    const values: Value[] = [];
    for (const arg of args) {
      const value = arg(slots);
      if (typeof value !== type) return null;
      values.push(value);
    }
    return apply(...values);
  };
}
