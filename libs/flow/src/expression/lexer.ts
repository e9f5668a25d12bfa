/**
 * Cuts the text of an expression into tokens.
 *
 * Guarantee: every character belongs to a token, to white space or to a comment, or the text is refused at
 * that character. Reads CEL's literals without bytes and triple quotes.
 */
import { EXPRESSION_LIMITS, ExpressionFailure } from './expression.js';

export type Token =
  | { kind: 'number'; value: number; at: number; text: string }
  | { kind: 'string'; value: string; at: number; text: string }
  | { kind: 'name' | 'mark' | 'end'; at: number; text: string };

const SPACE = /(?:\s|\/\/[^\n]*)+/y;
const NUMBER = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?[uU]?/y;
const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const MARK = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]]/y;
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '`': '`',
  '?': '?',
};
const CODED = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y;
/** What people try, and what it is called here. */
const HINTS: Record<string, string> = {
  '=': 'compare with "=="',
  '&': 'use "&&"',
  '|': 'use "||"',
  '^': 'use pow(x, y)',
  '{': 'there are no maps; write a list in [ ]',
  '`': 'write record["odd name"]',
};

export function tokensOf(source: string): Token[] {
  if (source.length > EXPRESSION_LIMITS.length)
    throw new ExpressionFailure(
      EXPRESSION_LIMITS.length,
      `an expression has at most ${EXPRESSION_LIMITS.length} characters, and this one has ${source.length}; ` +
        'split it over several fields with map.set',
    );
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    const first = source[at];
    if (first === undefined) break;
    let text: string | undefined;
    if (first === '"' || first === "'" || /^[rR]["']/.test(source.slice(at, at + 2))) {
      const token = stringAt(source, at);
      tokens.push(token);
      at += token.text.length;
    } else if ((text = take(NUMBER)) !== undefined) {
      const value = Number(text.replace(/[uU]$/, ''));
      tokens.push({ kind: 'number', value, at, text });
      at += text.length;
      const stuck = take(NAME);
      if (stuck !== undefined)
        throw new ExpressionFailure(at, `"${text}${stuck}" is neither a number nor a name`);
    } else if ((text = take(NAME)) !== undefined) {
      tokens.push({ kind: 'name', at, text });
      at += text.length;
    } else if ((text = take(MARK)) !== undefined) {
      tokens.push({ kind: 'mark', at, text });
      at += text.length;
    } else {
      const hint = HINTS[first];
      throw new ExpressionFailure(
        at,
        `"${first}" means nothing here${hint === undefined ? '' : `; ${hint}`}`,
      );
    }
  }
  tokens.push({ kind: 'end', at: source.length, text: '' });
  return tokens;
}

function stringAt(source: string, start: number): Token {
  const raw = source[start] === 'r' || source[start] === 'R';
  let at = raw ? start + 1 : start;
  const quote = source[at++];
  let value = '';
  for (;;) {
    const character = source[at];
    if (character === undefined || character === '\n' || character === '\r')
      throw new ExpressionFailure(start, 'the string that begins here has no end; close it with its quote');
    at++;
    if (character === quote) return { kind: 'string', value, at: start, text: source.slice(start, at) };
    if (character !== '\\' || raw) {
      value += character;
      continue;
    }
    const escaped = ESCAPES[source[at] ?? ''];
    if (escaped !== undefined) {
      value += escaped;
      at++;
      continue;
    }
    CODED.lastIndex = at;
    const coded = CODED.exec(source);
    const hex = coded?.[1] ?? coded?.[2] ?? coded?.[3];
    const point = hex !== undefined ? parseInt(hex, 16) : coded?.[4] ? parseInt(coded[4], 8) : Infinity;
    if (coded === null || point > 0x10ffff)
      throw new ExpressionFailure(
        at - 1,
        'a backslash is written as "\\\\", or in a raw string as in r"a\\b"',
      );
    value += String.fromCodePoint(point);
    at += coded[0].length;
  }
}
