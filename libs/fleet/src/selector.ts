/**
 * Selectors: `line==3;site=in=(a,b)`, the terms of FIQL/RSQL, for groups, waves and the filters of lists.
 *
 *   or    = and *("," and)            and = term *(";" term)
 *   term  = "(" or ")" | name op value
 *   op    = == != =in= =out= =lt= < =le= <= =gt= > =ge= >=
 *   value = word | 'text' | "text" | "(" value *("," value) ")"      after =in= and =out=
 *
 * `*` at == and != stands for any text. A bare name is a label. A name that a subject lacks equals nothing, so
 * `!=` and `=out=` hold for it. Guarantee: matching takes time linear in text and values; no regular expression
 * is ever made of what a user wrote. A mistake is a SelectorError with its position, from 1.
 */
export type Selector =
  { all: Selector[] } | { any: Selector[] } | { name: string; operator: Operator; values: string[] };

export type Operator = '==' | '!=' | '=in=' | '=out=' | '<' | '<=' | '>' | '>=';

/** What a selector looks at: what a name stands for, undefined where there is nothing. */
export interface Subject {
  valueOf(name: string): string | number | boolean | readonly string[] | null | undefined;
}

export class SelectorError extends Error {
  override readonly name = 'SelectorError';
  constructor(
    readonly position: number,
    readonly detail: string,
  ) {
    super(`${detail} (at character ${position})`);
  }
}

const AT_MOST = 2_000; // characters
const DEEP_AT_MOST = 20; // parentheses

const operators: [string, Operator][] = [
  ['=in=', '=in='],
  ['=out=', '=out='],
  ['=lt=', '<'],
  ['=le=', '<='],
  ['=gt=', '>'],
  ['=ge=', '>='],
  ['==', '=='],
  ['!=', '!='],
  ['<=', '<='],
  ['>=', '>='],
  ['<', '<'],
  ['>', '>'],
];

/** Throws a SelectorError. With `names`, only these and what begins with one that ends in a dot are known. */
export function parseSelector(text: string, names?: readonly string[]): Selector {
  if (text.length > AT_MOST) throw new SelectorError(AT_MOST, `a selector has at most ${AT_MOST} characters`);
  let at = 0;
  const blank = (): void => {
    while (text[at] === ' ') at += 1;
  };
  const fail = (detail: string, where = at): never => {
    throw new SelectorError(where + 1, detail);
  };
  const eat = (character: string): boolean => {
    blank();
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  function or(depth: number): Selector {
    const any = [and(depth)];
    while (eat(',')) any.push(and(depth));
    return any.length === 1 && any[0] ? any[0] : { any };
  }

  function and(depth: number): Selector {
    const all = [term(depth)];
    while (eat(';')) all.push(term(depth));
    return all.length === 1 && all[0] ? all[0] : { all };
  }

  function term(depth: number): Selector {
    if (eat('(')) {
      if (depth >= DEEP_AT_MOST) fail(`parentheses go at most ${DEEP_AT_MOST} deep`, at - 1);
      const inner = or(depth + 1);
      if (!eat(')')) fail('")" is missing');
      return inner;
    }
    blank();
    const start = at;
    while (at < text.length && /[a-zA-Z0-9_./-]/.test(text.charAt(at))) at += 1;
    const name = text.slice(start, at);
    if (name === '') fail('a name is expected here');
    if (names && !isKnown(name, names)) fail(`"${name}" is unknown; known are ${names.join(', ')}`, start);
    blank();
    const found = operators.find(([written]) => text.startsWith(written, at));
    if (!found) return fail('an operator is expected here: == != =in= =out= < <= > >=');
    at += found[0].length;
    const operator = found[1];
    const several = operator === '=in=' || operator === '=out=';
    return { name, operator, values: several ? list() : [value()] };
  }

  function list(): string[] {
    if (!eat('(')) fail('=in= and =out= need a list: (a,b)');
    const values = [value()];
    while (eat(',')) values.push(value());
    if (!eat(')')) fail('")" is missing after the list');
    return values;
  }

  function value(): string {
    blank();
    const quote = text[at];
    if (quote === "'" || quote === '"') return quoted(quote);
    const start = at;
    while (at < text.length && !' ;,()\'"=!<>'.includes(text.charAt(at))) at += 1;
    if (at === start) fail('a value is expected here');
    return text.slice(start, at);
  }

  function quoted(quote: string): string {
    const start = at;
    let result = '';
    for (at += 1; at < text.length && text[at] !== quote; at += 1) {
      if (text[at] === '\\') at += 1;
      result += text[at] ?? '';
    }
    if (text[at] !== quote) fail(`the text that begins here has no closing ${quote}`, start);
    at += 1;
    return result;
  }

  const selector = or(0);
  blank();
  if (at < text.length) fail(`";", "," or the end is expected before "${text.slice(at, at + 10)}"`);
  return selector;
}

const isKnown = (name: string, names: readonly string[]): boolean =>
  names.some((known) => (known.endsWith('.') ? name.startsWith(known) : name === known));

export function matches(selector: Selector, subject: Subject): boolean {
  if ('all' in selector) return selector.all.every((inner) => matches(inner, subject));
  if ('any' in selector) return selector.any.some((inner) => matches(inner, subject));
  const { operator, values } = selector;
  const value = subject.valueOf(selector.name);
  if (operator === '!=' || operator === '=out=') return !values.some((wanted) => equals(value, wanted));
  if (operator === '==' || operator === '=in=') return values.some((wanted) => equals(value, wanted));
  const wanted = values[0] ?? '';
  if (value === undefined || value === null || typeof value === 'object') return false;
  const order = compare(String(value), wanted);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  if (operator === '>') return order > 0;
  return order >= 0;
}

function equals(value: ReturnType<Subject['valueOf']>, wanted: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'object') return value.some((one) => equals(one, wanted));
  if (typeof value === 'number' && isNumber(wanted)) return value === Number(wanted);
  return wanted.includes('*') ? wildcard(String(value), wanted) : String(value) === wanted;
}

/** Each piece between stars is looked for once, from the left: no going back. */
function wildcard(text: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces.shift() ?? '';
  const last = pieces.pop() ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** As numbers where both are numbers, else as text, code unit by code unit. */
function compare(a: string, b: string): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return a < b ? -1 : Number(a > b);
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A node as selectors see it: bare names are labels, `labels.x` too, `facts.x` facts. */
export function nodeSubject(
  node: { labels: Record<string, string>; facts: Record<string, unknown> | null },
  more: Record<string, string | number | boolean | readonly string[] | null> = {},
): Subject {
  return {
    valueOf(name) {
      if (Object.hasOwn(more, name)) return more[name];
      if (name.startsWith('facts.')) return fact(node.facts, name.slice('facts.'.length));
      const label = name.startsWith('labels.') ? name.slice('labels.'.length) : name;
      return Object.hasOwn(node.labels, label) ? node.labels[label] : undefined;
    },
  };
}

/** `runtimes.python` reads a fact inside a fact. */
function fact(facts: Record<string, unknown> | null, path: string): string | number | boolean | undefined {
  let value: unknown = facts;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}
