import * as fc from 'fast-check';
import { readFlow, readFlowValue } from './index.js';

const flow = `apiVersion: millrace/v1
kind: Flow
metadata: { name: pump }
parameters:
  broker: { type: string, default: "mqtt://127.0.0.1:1883" }
modules:
  in: { type: source.list }
  out:
    type: sink.file
    from: [in]
    settings: { path: a.csv }
layout: { in: { x: 1, y: 2 } }
`;

describe('reading', () => {
  test('YAML and JSON are the same document', () => {
    const { document, problems, lineOf } = readFlow(flow);
    expect(problems).toEqual([]);
    expect(document?.modules.out?.settings).toEqual({ path: 'a.csv' });
    expect(readFlow(JSON.stringify(document, null, '\t')).document).toEqual(document);
    expect(lineOf('/modules/out/settings/path')).toBe(11);
    expect(lineOf('/modules/out/from/0')).toBe(10);
    expect(lineOf('/modules/out/settings/missing')).toBe(11);
    expect(readFlow(flow.replaceAll('\n', '\r\n')).document).toEqual(document);
  });

  test.each<[string, string, string]>([
    ['nothing', '', 'flows.shape - The flow must be a set of names and values, and null is not.'],
    ['no flow', 'hello', 'flows.shape 1 The flow must be a set of names and values, and "hello" is not.'],
    ['broken YAML', flow.replace('[in]', '[in'), 'flows.unreadable 11 The text cannot be read here'],
    ['broken JSON', '{"apiVersion": "millrace/v1",', 'flows.unreadable 1'],
    ['a name twice', flow.replace('  out:', '  in:'), 'flows.unreadable 8 The name "in" stands twice'],
    [
      'a name twice in JSON',
      '{"kind": "Flow",\n"kind": "Flow"}',
      'flows.unreadable 2 The name "kind" stands twice',
    ],
    [
      'an unknown word',
      flow.replace('layout', 'layuot'),
      'flows.shape 12 A flow knows no "layuot". Did you mean "layout"?',
    ],
    [
      'an unknown word in a module',
      flow.replace('from:', 'form:'),
      'flows.shape 10 "modules.out" knows no "form". Did you mean "from"?',
    ],
    ['a missing word', flow.replace('kind: Flow\n', ''), 'flows.shape 1 "kind" is missing; it must be Flow.'],
    [
      'another version',
      flow.replace('/v1', '/v2'),
      'flows.shape 1 "apiVersion" must be millrace/v1, and "millrace/v2" is not.',
    ],
    [
      'a wrong type',
      flow.replace('[in]', 'in'),
      'flows.shape 10 "modules.out.from" must be a list, and "in" is not.',
    ],
    [
      'a wrong parameter',
      flow.replace('type: string', 'type: text'),
      'flows.shape 5 "parameters.broker.type" must be one of',
    ],
    ['a bad name', flow.replace('pump', '"a b"'), 'flows.shape 3 "metadata.name": A name has'],
    ['infinity', flow.replace('a.csv', '.inf'), 'flows.shape 11 A number in a flow is finite'],
    ['bytes', flow.replace('a.csv', '!!binary aGVsbG8='), 'flows.'],
    [
      '__proto__',
      flow.replace('path: a.csv', '__proto__: 1'),
      'flows.shape 11 The name "__proto__" is not allowed',
    ],
    ['too much', `# ${'x'.repeat(4 * 1024 * 1024)}`, 'flows.too-large - A flow has at most 4 MiB'],
    [
      'too deep',
      flow.replace('a.csv', '['.repeat(100) + ']'.repeat(100)),
      'flows.too-large - A flow nests at most 64',
    ],
    ['a wall of brackets', '['.repeat(1_000_000), 'flows.too-large - A flow nests at most 64'],
    [
      'too deep by indentation',
      Array.from({ length: 80 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'flows.too-large',
    ],
    ['an alias of itself', flow.replace('a.csv', '&a [*a]'), 'flows.too-large'],
    [
      'an alias bomb',
      `a: &a [1,1,1,1,1,1,1,1,1,1]\n${'bcdefghi'.replace(/./g, (name) => {
        const before = String.fromCharCode(name.charCodeAt(0) - 1);
        return `${name}: &${name} [${Array(10).fill(`*${before}`).join()}]\n`;
      })}`,
      'flows.too-large - The aliases',
    ],
  ])('%s', (_, text, problem) => {
    const { document, problems } = readFlow(text);
    expect(document).toBeUndefined();
    expect(problems.map(({ code, line, detail }) => `${code} ${line ?? '-'} ${detail}`).join('\n')).toContain(
      problem,
    );
  });

  test('a plain alias is what it stands for', () => {
    const text = flow.replace('{ type: source.list }', '{ type: source.list, settings: &s { path: a } }');
    const { document } = readFlow(text.replace('{ path: a.csv }', '*s'));
    expect(document?.modules.out?.settings).toEqual({ path: 'a' });
  });

  test('any text is read or refused, and never thrown at', () => {
    const parts = fc.constantFrom(
      ...'{}[]:,-&*!|>%@`"\'#?\n\t a1',
      '  ',
      '\n  ',
      '&a',
      '*a',
      '<<: ',
      '---\n',
      'modules:\n',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (list) => {
        const { document, problems } = readFlow(list.join(''));
        expect(document === undefined).toBe(problems.length > 0);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const { document, problems } = readFlowValue(value);
        expect(document === undefined).toBe(problems.length > 0);
      }),
    );
  });
});
