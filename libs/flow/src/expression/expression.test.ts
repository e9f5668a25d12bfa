import * as fc from 'fast-check';
import type { ColumnType } from '../columns.js';
import { checkExpression, compile, expressionFunctions, parseExpression, type Value } from './index.js';

type Fields = Record<string, Value | number[]>;

function evaluate(source: string, fields: Fields = {}): Value {
  const compiled = compile(source);
  return compiled.evaluate(compiled.fields.map((name) => fields[name]));
}

function refusal(source: string, types?: Record<string, ColumnType>): string {
  try {
    checkExpression(parseExpression(source), (field) => types?.[field] ?? 'unknown');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('what an expression gives', () => {
  test.each<[string, Fields, Value]>([
    // Arithmetic and precedence.
    ['1 + 2 * 3', {}, 7],
    ['(1 + 2) * 3', {}, 9],
    ['10 - 4 - 3', {}, 3],
    ['1 / 2', {}, 0.5],
    ['7 % 4 * 2', {}, 6],
    ['-7 % 4', {}, -3],
    ['-x', { x: 2 }, -2],
    ['--x', { x: 2 }, 2],
    ['-2.5e-1', {}, -0.25],
    ['0x1F + 2u', {}, 33],
    ['.5 + 1.', {}, 'refused'],
    ['1 / 0', {}, Infinity],
    ['0 / 0 == 0 / 0', {}, false],
    ['x + 1', { x: null }, null],
    ['x + 1', {}, null],
    ['x + 1', { x: 'text' }, null],
    ['x * 2', { x: true }, null],
    ['"a" + \'b\'', {}, 'ab'],
    ['a + b', { a: 'x', b: 1 }, null],
    // Comparison.
    ['score > 0.8', { score: 0.81 }, true],
    ['score > 0.8', { score: 0.8 }, false],
    ['score >= 0.8', { score: 0.8 }, true],
    ['score > -1', { score: 0 }, true],
    ['score > 0.8', { score: null }, false],
    ['score <= 0.8', {}, false],
    ['score == other', {}, false],
    ['score != other', {}, false],
    ['score != other', { score: 1, other: '1' }, true],
    ['score != other', { score: 1 }, false],
    ['score < other', { score: 1, other: '2' }, false],
    ['a < b', { a: 'a', b: 'b' }, true],
    ['a < b', { a: false, b: true }, true],
    ['score < 1', { score: NaN }, false],
    ['score != score', { score: NaN }, true],
    ['score < 1', { score: [1, 2] }, false],
    // Boolean: null counts as false.
    ['a && b', { a: true, b: true }, true],
    ['a && b', { a: true }, false],
    ['a || b', { b: true }, true],
    ['a || b', {}, false],
    ['!a', {}, true],
    ['!!a', { a: true }, true],
    ['!(a > 1)', {}, true],
    ['a || b && c', { a: true, b: true, c: false }, true],
    ['a == 1 || a == 2', { a: 2 }, true],
    // Conditional, in, has.
    ['a > 1 ? "high" : a > 0 ? "mid" : "low"', { a: 0.5 }, 'mid'],
    ['a ? 1 : 2', {}, 2],
    ['state in ["on", "starting"]', { state: 'on' }, true],
    ['state in ["on", "starting",]', { state: 'off' }, false],
    ['state in []', { state: 'off' }, false],
    ['state in [other, 3]', { state: 2, other: 2 }, true],
    ['state in [other]', {}, false],
    ['has(a) && !has(b)', { a: 0 }, true],
    ['has(a)', { a: [1] }, true],
    ['has(a)', { a: null }, false],
    // Names.
    ['record.a + record["odd name"] + motor.temp', { a: 1, 'odd name': 2, 'motor.temp': 3 }, 6],
    ['record["loop"]', { loop: 4 }, 4],
    ['a // the first\n + 1', { a: 1 }, 2],
    // Functions.
    ['abs(-3) + min(4, 2, 3) + max(1, 2)', {}, 7],
    ['min(x)', { x: 2 }, 2],
    ['max(x, 1)', {}, null],
    ['sqrt(9) + pow(2, 3) + exp(0) + log(1)', {}, 12],
    ['floor(-1.5)', {}, -2],
    ['ceil(-1.5)', {}, -1],
    ['round(-2.5)', {}, -3],
    ['round(2.5)', {}, 3],
    ['sign(-4)', {}, -1],
    ['sqrt(x)', { x: -1 }, NaN],
    ['isNaN(x)', { x: NaN }, true],
    ['isNaN(x)', {}, null],
    ['size("äb😀") + name.size()', { name: 'abc' }, 6],
    ['name.startsWith("pu") && endsWith(name, "mp") && name.contains("um")', { name: 'pump' }, true],
    ['name.contains("x")', { name: 3 }, null],
    ['double("4.5") + double(true)', {}, 5.5],
    ['double(" ")', {}, null],
    ['double("4,5")', {}, null],
    ['int(-4.7) + int("12.9")', {}, 8],
    ['int(1 / 0)', {}, null],
    ['string(1.5) + string(true)', {}, '1.5true'],
    ['string(x)', {}, null],
    // Texts.
    [String.raw`"\n\t\\\"\x41é\U0001F600\101"`, {}, '\n\t\\"Aé😀A'],
    [String.raw`r"a\d"`, {}, String.raw`a\d`],
  ])('%s with %j', (source, fields, expected) => {
    if (expected === 'refused') expect(refusal(source)).toMatch('at character');
    else expect(evaluate(source, fields)).toEqual(expected);
  });

  test('fields are named once, in order', () => {
    expect(compile('b + a * b > record["t"] && has(a)').fields).toEqual(['b', 'a', 't']);
  });

  test('a result is read as a number or as a test', () => {
    const compiled = compile('x + 1');
    expect(compiled.number([1])).toBe(2);
    expect(compiled.number([null])).toBeNaN();
    expect(compiled.test([1])).toBe(false);
    expect(compile('x > 0').test([1])).toBe(true);
  });
});

describe('what is refused, and where', () => {
  test.each<[string, string]>([
    ['', 'at character 1: the expression is empty'],
    ['score >', 'at character 8: the expression ends, and a value is needed'],
    ['score > 0.8)', 'at character 12: ")" stands here, and an operator or the end is needed'],
    ['(score', 'at character 7: the expression ends, and ")" is needed'],
    ['score = 1', 'at character 7: "=" means nothing here; compare with "=="'],
    ['a & b', 'use "&&"'],
    ['a b', 'at character 3: "b" stands here'],
    ['12ab', 'at character 3: "12ab" is neither a number nor a name'],
    ['"open', 'at character 1: the string that begins here has no end'],
    [String.raw`"\d"`, 'at character 2: a backslash'],
    [String.raw`"\UFFFFFFFF"`, 'at character 2: a backslash'],
    ['sqr(2)', 'there is no function "sqr"; did you mean sqrt?'],
    ['constructor(2)', 'there is no function "constructor"'],
    ['name.matches("a.*")', 'there is no method "matches"'],
    ['sqrt(1, 2)', 'sqrt takes 1 value, and 2 are given'],
    ['min()', 'min takes at least 1 value, and 0 are given'],
    ['has(1)', 'has takes one field'],
    ['a ? b', 'and ":" is needed'],
    ['a in b', 'a list such as [1, 2] is needed'],
    ['loop > 1', 'write record["loop"]'],
    ['(a + b).c', 'only a field has parts'],
    ['a[1]', 'at character 3: only a name in quotes'],
    ['x != null', 'a comparison with null is always false; use has(field)'],
    ['1 && true', '"&&" takes a boolean, and this is a number; compare it'],
    ['!3', '"!" takes a boolean'],
    ['"a" < 3', '"<" compares a string with a number, which never holds'],
    ['"a" + 1', 'convert it with string(x)'],
    ['"a" * 2', 'convert it with double(x)'],
    ['sqrt(true)', 'sqrt takes a number, and this is a boolean'],
    ['1 < 2 < 3', '"<" compares a boolean with a number'],
    ['x in ["a", 1]', 'accepted'],
    ['1 in ["a"]', 'which never holds'],
    ['a'.repeat(5_000), 'at most 4096 characters'],
    ['('.repeat(65) + '1' + ')'.repeat(65), 'nests at most 64 deep'],
    ['!'.repeat(70) + 'a', 'nests at most 64 deep'],
    [Array(600).fill('a').join('+'), 'at most 1000 parts'],
    [Array(400).fill('a').join('+'), 'accepted'],
  ])('%#: %.40s', (source, message) => {
    expect(refusal(source)).toContain(message);
  });

  test('known columns make the check sharper', () => {
    expect(refusal('score > 0.8', { score: 'string' })).toContain('compares a string with a number');
    expect(refusal('score && true', { score: 'number' })).toContain('takes a boolean');
    expect(refusal('score > 0.8', { score: 'vector' })).toContain('this is a vector');
    expect(refusal('has(score)', { score: 'vector' })).toBe('accepted');
  });
});

describe('properties', () => {
  const field = fc.constantFrom('a', 'b', 'record["odd name"]', 'motor.temp');
  const literal = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }).map(String),
    fc.string({ maxLength: 5 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'false', 'null'),
  );
  const { source } = fc.letrec<{ source: string }>((tie) => {
    const inner = tie('source');
    return {
      source: fc.oneof(
        { maxDepth: 3 },
        field,
        literal,
        fc
          .tuple(
            inner,
            fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||'),
            inner,
          )
          .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
        fc.tuple(fc.constantFrom('!', '-'), inner).map(([operator, operand]) => `${operator}(${operand})`),
        fc.tuple(inner, inner, inner).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
        fc
          .tuple(inner, fc.array(inner, { maxLength: 3 }))
          .map(([value, list]) => `(${value} in [${list.join()}])`),
        fc
          .tuple(
            fc.constantFrom(...expressionFunctions.keys()),
            fc.array(inner, { minLength: 1, maxLength: 3 }),
          )
          .map(([name, args]) => `${name}(${args.join()})`),
      ),
    };
  });
  const value = fc.oneof(
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(fc.double()),
  );

  test('what compiles never throws, and gives a value of a record', () => {
    let compiledCount = 0;
    fc.assert(
      fc.property(
        source,
        fc.array(fc.array(value, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        (text, rows) => {
          if (refusal(text) !== 'accepted') return;
          compiledCount++;
          const compiled = compile(text);
          for (const slots of rows) {
            const result = compiled.evaluate(slots);
            expect(result === null || ['number', 'string', 'boolean'].includes(typeof result)).toBe(true);
            if (['number', 'string', 'boolean'].includes(compiled.type) && result !== null)
              expect(typeof result).toBe(compiled.type);
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(compiledCount).toBeGreaterThan(100);
  });

  test('any text either compiles or is refused at a character of it', () => {
    const marks = fc.constantFrom(...'()[].,?:!<>=&|+-*/% "\'rxa1', 'in ', 'has(', 'min(', '\\', '\n');
    fc.assert(
      fc.property(fc.array(marks, { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        const answer = refusal(text);
        const at = Number(/^at character (\d+): /.exec(answer)?.[1] ?? NaN);
        expect(answer === 'accepted' || (at >= 1 && at <= text.length + 1)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
