import * as fc from 'fast-check';
import { matches, nodeSubject, parseSelector, SelectorError } from './selector.js';

const node = nodeSubject(
  {
    labels: { line: '3', site: 'a', 'iso/zone': 'x y', big: '10' },
    facts: { arch: 'x64', cpus: 4, runtimes: { python: '3.12' } },
  },
  { status: 'online', groups: ['g1', 'g2'] },
);

describe('a selector', () => {
  it.each([
    ['line==3', true],
    ['line==4', false],
    ['line!=4', true],
    ['labels.line==3;site=in=(a,b)', true],
    ['line==4,site==a', true],
    ['line==4,site==b', false],
    ['line==3;site==b,line==3', true],
    ['line==3;(site==b,site==c)', false],
    ['site=out=(b,c)', true],
    ['missing==x', false],
    ['missing!=x', true],
    ['missing=out=(x)', true],
    ['missing<5', false],
    ['facts.arch==x64', true],
    ['facts.cpus>=4;facts.cpus<5', true],
    ['facts.cpus=gt=4', false],
    ['facts.cpus==4.0', true],
    ['facts.runtimes.python==3.*', true],
    ['facts.constructor==x', false],
    ['big>9', true],
    ['iso/zone=="x y"', true],
    ["iso/zone=='x\\ y'", true],
    ['site==*', true],
    ['missing==*', false],
    ['iso/zone==x*y', true],
    ['iso/zone==*z*', false],
    ['status==online;groups==g2', true],
    [' line == 3 ; site == a ', true],
  ])('%s is %s', (text, expected) => {
    expect(matches(parseSelector(text), node)).toBe(expected);
  });

  it.each([
    ['', 1],
    ['line', 5],
    ['line==', 7],
    ['line==3;', 9],
    ['line==3)', 8],
    ['(line==3', 9],
    ['line=in=a', 9],
    ['line=in=(a', 11],
    ['line~3', 5],
    ['line=="3', 7],
    ['==3', 1],
    ['a==1 b==2', 6],
  ])('%j is refused at character %i', (text, position) => {
    let error: unknown;
    try {
      parseSelector(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SelectorError);
    expect((error as SelectorError).position).toBe(position);
  });

  it('knows only the names it is told', () => {
    expect(() => parseSelector('labels.x==1;status==2', ['status', 'labels.'])).not.toThrow();
    expect(() => parseSelector('state==1', ['status', 'labels.'])).toThrow(
      /"state" is unknown; known are status/,
    );
  });

  it('cannot be made to work long, whatever is written', () => {
    const nasty = `line==${'*a'.repeat(900)}*b`;
    const long = nodeSubject({ labels: { line: 'a'.repeat(200) }, facts: null });
    const started = process.cpuUsage();
    for (let i = 0; i < 100; i++) matches(parseSelector(nasty), long);
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
    expect(() => parseSelector('('.repeat(1_900))).toThrow(/at most 20 deep/);
    expect(() => parseSelector('a'.repeat(2_001))).toThrow(/at most 2000/);
  });

  it('either reads any text or says where it is wrong', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1=!<>();,\'"* in.'), maxLength: 30 }), (text) => {
        try {
          expect(typeof matches(parseSelector(text), node)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(SelectorError);
          expect((error as SelectorError).position).toBeLessThanOrEqual(text.length + 1);
        }
      }),
    );
  });

  it('agrees with a plain reading of and, or and not', () => {
    const bit = fc.record({ name: fc.constantFrom('p', 'q', 'r'), wanted: fc.constantFrom('0', '1') });
    fc.assert(
      fc.property(
        fc.array(fc.array(bit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.constantFrom('0', '1')),
        (any, labels) => {
          const text = any.map((all) => all.map((one) => `${one.name}==${one.wanted}`).join(';')).join(',');
          const expected = any.some((all) => all.every((one) => labels[one.name] === one.wanted));
          expect(matches(parseSelector(text), nodeSubject({ labels, facts: null }))).toBe(expected);
        },
      ),
    );
  });
});
