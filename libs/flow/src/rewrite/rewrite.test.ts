import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { FlowDocument } from '@millrace/schemas';
import { readFlow, rewriteFlow } from '../index.js';
import { edit, flowDocument } from '../../../../test/kit/documents.js';

const text = `# The cooling pump.
apiVersion: millrace/v1
kind: Flow
metadata: { name: pump,   description: 'What it does' }

modules:
  # Where it begins.
  in:   { type: source.csv, settings: { file: "a.csv" } } # one line
  clean:
    type: clean.range
    from: [in]
    settings:
      field: pressure # bar
      min: 0
      # The pump never gives more.
      max: 16
      limits:
        - 1 # first
        - 2
        - 3
  # Two outputs.
  out:
    type: sink.file
    from:   [ clean ]
    settings: {path: 'b.csv'}

layout:
  in: { x: 0, y: 0 }
  clean: { x: 10, y: 0 }
`;

function read(of: string): FlowDocument {
  const { document, problems } = readFlow(of);
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return document;
}

/** The lines that an edit took away and put in. */
function lines(change: (document: FlowDocument) => void, of = text): string {
  const document = structuredClone(read(of));
  change(document);
  const after = rewriteFlow(of, document);
  expect(read(after)).toEqual(document);
  const [a, b] = [of.split('\n'), after.split('\n')];
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `-${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+${line}`),
  ].join('\n');
}

describe('the text after an edit', () => {
  test('is the same when nothing changed', () => {
    for (const same of [text, text.replaceAll('\n', '\r\n'), JSON.stringify(read(text), null, 3)])
      expect(rewriteFlow(same, read(same))).toBe(same);
  });

  test.each<[string, (document: FlowDocument) => void, string]>([
    [
      'a setting with its comment',
      ({ modules }) => (modules['clean']!.settings!['field'] = 'flow'),
      '-      field: pressure # bar\n+      field: flow # bar',
    ],
    [
      'a setting in quotes',
      ({ modules }) => (modules['in']!.settings!['file'] = 'it is "b".csv'),
      '-  in:   { type: source.csv, settings: { file: "a.csv" } } # one line\n' +
        '+  in:   { type: source.csv, settings: { file: "it is \\"b\\".csv" } } # one line',
    ],
    [
      'a setting gone, with the comment above it',
      ({ modules }) => delete modules['clean']!.settings!['max'],
      '-      # The pump never gives more.\n-      max: 16',
    ],
    [
      'a new setting in brackets',
      ({ modules }) => (modules['out']!.settings!['format'] = 'csv'),
      "-    settings: {path: 'b.csv'}\n+    settings: {path: 'b.csv', format: csv}",
    ],
    [
      'a new setting in a block',
      ({ modules }) => (modules['clean']!.settings!['action'] = 'null'),
      "+      action: 'null'",
    ],
    [
      'an entry of a list gone',
      ({ modules }) => (modules['clean']!.settings!['limits'] as number[]).splice(1, 1),
      '-        - 2',
    ],
    [
      'a new entry of a list',
      ({ modules }) => (modules['clean']!.settings!['limits'] as unknown[]).splice(1, 0, { a: 1 }),
      '+        - { a: 1 }',
    ],
    [
      'a wire',
      ({ modules }) => modules['out']!.from!.push('in'),
      '-    from:   [ clean ]\n+    from:   [ clean, in ]',
    ],
    [
      'another module',
      ({ modules }) => (modules['tap'] = { type: 'debug.tap', from: ['clean'], settings: { keep: 5 } }),
      '+  tap:\n+    type: debug.tap\n+    from: [clean]\n+    settings: { keep: 5 }',
    ],
    [
      'a module gone',
      ({ modules }) => delete modules['out'],
      "-  # Two outputs.\n-  out:\n-    type: sink.file\n-    from:   [ clean ]\n-    settings: {path: 'b.csv'}",
    ],
    [
      'a position',
      ({ layout }) => (layout!['clean']!.x = 20),
      '-  clean: { x: 10, y: 0 }\n+  clean: { x: 20, y: 0 }',
    ],
    [
      'a first section',
      (document) => (document.parameters = { live: { type: 'boolean' } }),
      '+parameters:\n+  live:\n+    type: boolean',
    ],
  ])('%s', (_, change, expected) => expect(lines(change)).toBe(expected));

  test('a renamed module keeps its place and its comments', () => {
    const change = (document: FlowDocument): void => {
      document.modules = Object.fromEntries(
        Object.entries(document.modules).map(([id, module]) => [id === 'clean' ? 'valid' : id, module]),
      );
      document.modules['out']!.from = ['valid'];
      document.layout = { in: { x: 0, y: 0 }, valid: { x: 10, y: 0 } };
    };
    expect(lines(change)).toBe(
      '-  clean:\n-    from:   [ clean ]\n-  clean: { x: 10, y: 0 }\n+  valid:\n+    from:   [ valid ]\n+  valid: { x: 10, y: 0 }',
    );
  });

  test('JSON stays JSON, with its layout', () => {
    const json = JSON.stringify(read(text), null, 2).replace(/\[\s+"in"\s+\]/, '["in"]');
    const change = ({ modules }: FlowDocument): void => {
      modules['clean']!.from!.push('x');
      modules['clean']!.settings!['action'] = { a: 1 };
    };
    expect(lines(change, json)).toBe(
      '-      "from": ["in"],\n-        ]\n+      "from": ["in", "x"],\n+        ],\n' +
        '+        "action": {\n+          "a": 1\n+        }',
    );
    const compact = JSON.stringify(read(text));
    const document = read(compact);
    document.metadata.name = 'b';
    document.modules['x'] = { type: 'debug.tap' };
    expect(rewriteFlow(compact, document)).toBe(JSON.stringify(document));
  });

  test('aliases are written out when their place changes alone', () => {
    const shared = text.replace('settings:\n', 'settings: &s\n').replace("{path: 'b.csv'}", '*s');
    expect(read(shared).modules['out']?.settings?.['max']).toBe(16);
    expect(lines(({ modules }) => (modules['in']!.settings!['file'] = 'c.csv'), shared)).toContain('c.csv');
    const document = read(shared);
    document.modules['out']!.settings = { ...document.modules['out']!.settings, max: 3 };
    const after = rewriteFlow(shared, document);
    expect(read(after)).toEqual(document);
    expect(after).toContain('# The pump never gives more.');
  });

  test('from nothing it is clean', () => {
    const document = read(text);
    document.modules = Object.fromEntries(Object.entries(document.modules).toReversed());
    const expected = `apiVersion: millrace/v1
kind: Flow
metadata:
  name: pump
  description: What it does

modules:
  in:
    type: source.csv
    settings: { file: a.csv }
  clean:
    type: clean.range
    from: [in]
    settings: { field: pressure, min: 0, max: 16, limits: [1, 2, 3] }
  out:
    type: sink.file
    from: [clean]
    settings: { path: b.csv }

layout:
  in: { x: 0, y: 0 }
  clean: { x: 10, y: 0 }
`;
    for (const unreadable of [null, '', '[', 'a: 1\na: 2', 'hello', '{'.repeat(100)])
      expect(rewriteFlow(unreadable, document)).toBe(expected);
  });
});

const styles: ((document: FlowDocument) => string)[] = [
  (document) => rewriteFlow(null, document),
  (document) => stringify(document),
  (document) => stringify(document, { indent: 4, defaultStringType: 'QUOTE_DOUBLE', lineWidth: 40 }),
  (document) => stringify(document, { collectionStyle: 'flow', indentSeq: false }),
  (document) => stringify(document, { indentSeq: false, defaultStringType: 'BLOCK_LITERAL' }),
  (document) => JSON.stringify(document, null, '\t'),
  (document) => JSON.stringify(document),
  (document) => stringify(document).replaceAll('\n', '\r\n'),
];

describe('any text and any document', () => {
  const runs = Number(process.env['RUNS'] ?? 150);

  test('give a text that reads back as the document', () => {
    fc.assert(
      fc.property(
        flowDocument,
        fc.nat(styles.length - 1),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (start, style, edits) => {
          let document = start;
          let now = (styles[style] as (typeof styles)[number])(document);
          for (const change of edits) {
            document = change(document);
            now = rewriteFlow(now, document);
            expect(read(now)).toEqual(document);
          }
          expect(rewriteFlow(now, document)).toBe(now);
        },
      ),
      { numRuns: runs },
    );
  });

  test('keep the comments of modules that did not change', () => {
    fc.assert(
      fc.property(flowDocument, edit, (document, change) => {
        const plain = rewriteFlow(null, { ...document, layout: undefined });
        const [head, modules = ''] = plain.split('\nmodules:\n');
        const commented = `${head}\nmodules:\n${modules
          .split('\n')
          .flatMap((line) => {
            const id = /^ {2}(\w+|'null'):$/.exec(line)?.[1];
            return id === undefined ? [line] : [`  # about ${id}`, line, `    # in ${id}`];
          })
          .join('\n')}`;
        if (modules === '') return;
        const { layout: _layout, ...start } = document;
        document = start;
        expect(read(commented)).toEqual(document);
        const after = change(document);
        const now = rewriteFlow(commented, after);
        expect(read(now)).toEqual(after);
        for (const [id, module] of Object.entries(document.modules))
          if (after.modules[id] === module) {
            expect(now).toContain(`# about ${id === 'null' ? "'null'" : id}\n`);
            expect(now).toContain(`# in ${id === 'null' ? "'null'" : id}\n`);
          }
      }),
      { numRuns: runs },
    );
  });
});
