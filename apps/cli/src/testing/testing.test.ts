import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Expectation, Failure, FlowTest, FlowTestCase, FlowTestStep } from '@millrace/schemas';
import { loadTests, runTests, type CaseResult } from './test.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tests-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(folder, name), text);

async function results(file: string): Promise<CaseResult[]> {
  const all: CaseResult[] = [];
  for await (const one of runTests(await loadTests([file]), undefined)) all.push(one);
  return all;
}

/** What a case finds otherwise, `LINE where: expected ..., got ...`; the case's `feed` is line 6 of its file. */
async function found(modules: string, feed: string, expectation: string): Promise<string[]> {
  await put(
    'flow.yaml',
    `apiVersion: millrace/v1\nkind: Flow\nmetadata: { name: test }\nmodules:\n${modules}`,
  );
  await put(
    'flow.test.yaml',
    `apiVersion: millrace/v1\nkind: FlowTest\nflow: flow.yaml\ncases:\n  - name: one\n    feed: ${feed}\n    expect: ${expectation}\n`,
  );
  const [one] = await results(join(folder, 'flow.test.yaml'));
  const { problems } = one!;
  return problems.map(
    ({ line, module = '', index, field, expected, got }) =>
      `${line} ${module}${index === undefined ? '' : `[${index}]`}${field === undefined ? '' : `.${field}`}: expected ${expected}, got ${got}`,
  );
}

const mqtt = `  in: { type: source.mqtt, settings: { broker: 'mqtt://127.0.0.1:1', topics: [a] } }\n`;
const plain = `${mqtt}  out: { type: sink.file, from: [in], settings: { path: out.jsonl } }\n`;

describe('what a case expects', () => {
  it('is met by records of which it names some fields, in order', async () => {
    const feed = '[{ in: [{ t: 1, a: 0.1, b: x, c: null, v: [1, 2] }, { t: 2, b: true }] }]';
    const expectation =
      '{ out: [{ t: 1, a: 0.10000000001, c: null, v: [1, 2], absent: [d] }, { b: true }], in: { count: 2 } }';
    expect(await found(plain, feed, expectation)).toEqual([]);
  });

  it.each([
    ['[{ a: 3 }]', 'out[0].a: expected 3, got 2'],
    ['[{ a: 2.00001 }]', 'out[0].a: expected 2.00001, got 2'],
    ['[{ a: "2" }]', 'out[0].a: expected "2", got 2'],
    ['[{ c: 1 }]', 'out[0].c: expected 1, got nothing'],
    ['[{ c: null }]', 'out[0].c: expected null, got nothing'],
    ['[{ b: 1 }]', 'out[0].b: expected 1, got null'],
    ['[{ absent: [a] }]', 'out[0].a: expected absent, got 2'],
    ['[{ v: [1] }]', 'out[0].v: expected [1], got [1,2]'],
    ['[]', 'out[0]: expected no further record, got {"t":1,"a":2,"b":null,"v":[1,2]}'],
    ['[{}, { t: 5 }]', 'out[1]: expected {"t":5}, got no further record'],
    ['{ records: [{ t: 1, a: 2 }], exactly: true }', 'out[0].b: expected no such field, got null'],
    ['{ count: 2 }', 'out: expected 2, got 1 record, the first {"t":1,"a":2,"b":null,"v":[1,2]}'],
    ['{ none: true }', 'out: expected none, got 1 record, the first {"t":1,"a":2,"b":null,"v":[1,2]}'],
    ['{ counted: { x: 1 } }', 'out.counted.x: expected 1, got 0'],
  ])('%s is told when it is otherwise', async (expectation, difference) => {
    const differences = await found(
      plain,
      '[{ in: { t: 1, a: 2, b: null, v: [1, 2] } }]',
      `{ out: ${expectation} }`,
    );
    expect(differences[0]).toBe(`7 ${difference}`);
  });

  it('names the line of the field', async () => {
    const differences = await found(
      plain,
      '[{ in: { t: 1, a: 2 } }]',
      '\n      out:\n        - t: 1\n          a: 9',
    );
    expect(differences).toEqual(['10 out[0].a: expected 9, got 2']);
  });

  it('may be about ports, holes, counters and fields of fields', async () => {
    const rows = `  rows:
    type: align.rows
    from: [in]
    settings: { grid: { periodMs: 1000 }, maxFillRows: 2, latenessMs: 0, idleMs: 0, columns: [{ name: a, maxAgeMs: 1500 }] }
`;
    const feed = '[{ in: [{ t: 0, a: 1 }, { t: 10000, a: 2 }, { t: 500, a: 3 }] }, end]';
    const expectation = `
      rows:
        records:
          - { t: 0, age: { a: 0 }, flag: { a: fresh } }
          - { t: 1000, a: 1 }
          - { t: 2000, a: null, flag: { a: stale } }
          - { gap: { from: 3000, to: 9000, rows: 7 } }
          - { t: 10000, a: 2 }
        counted: { late: 1 }
      rows.late: [{ t: 500, a: 3 }]`;
    expect(await found(mqtt + rows, feed, expectation)).toEqual([]);
  });
});

describe('virtual time', () => {
  const idle = `${mqtt}  rows:
    type: align.rows
    from: [in]
    settings: { grid: { periodMs: 1000 }, latenessMs: 0, idleMs: 2000, columns: [{ name: a, maxAgeMs: 10000 }] }
`;
  it('goes by only as the case says: silence is told to the millisecond', async () => {
    const rows = (wait: number) =>
      found(idle, `[{ in: { t: 0, a: 1 } }, { wait: ${wait} }]`, '{ rows: [{ t: 0 }, { t: 1000 }] }');
    expect(await rows(1980)).toEqual([
      expect.stringContaining('rows[0]: expected {"t":0}, got no further record'),
    ]);
    expect(await rows(2000)).toEqual([expect.stringContaining('rows[2]: expected no further record')]);
    const both = '{ rows: [{ t: 0 }, { t: 1000 }, { t: 2000 }] }';
    expect(await found(idle, '[{ in: { t: 0, a: 1 } }, { wait: 2s }]', both)).toEqual([]);
    expect(await found(idle, '[{ in: { t: 0, a: 1 } }, { at: 2000 }]', both)).toEqual([]);
  });

  it('has a late record arrive when the case says, and a record before the tick of its moment', async () => {
    const feed = '[{ in: { t: 0, a: 1 } }, { at: 2000, in: { t: 1000, a: 5 } }, { wait: 1ms }]';
    expect(await found(idle, feed, '{ rows: { records: [{ t: 0, a: 1 }], counted: { late: 0 } } }')).toEqual(
      [],
    );
  });

  it('is the same every time, with a model in between', async () => {
    const file = join(root, 'examples/hydraulic-cooler/flow.test.yaml');
    expect(await results(file)).toEqual(await results(file));
  });

  it('has a bound', async () => {
    const feed = '[{ in: { t: 0, a: 1 } }, { in: { t: 1700000000000, a: 1 } }]';
    const [problem] = await found(idle, feed, '{ rows: [] }');
    expect(problem).toMatch(
      /^6 : expected the flow to go on, got the case lets 472222 hours go by, and 111 are the most/,
    );
  });
});

describe('what a case is fed', () => {
  it('may be files: by t, by settings, merged by time, with broken lines counted', async () => {
    await put('a.csv', 't,a\n0,1\n2000,2\nx,3\n');
    await put('b.jsonl', '{"when":1,"b":7}\n{"when":3,"b":8}\n');
    const two = `${mqtt}  other: { type: source.http, settings: { path: /x } }
  rows: { type: route.merge, from: [in, other] }
`;
    const feed =
      '[{ in: { file: a.csv }, other: { file: b.jsonl, timestamp: { column: when, format: epochS } } }, { in: { a: 9 } }]';
    const expectation = `{ rows: [{ t: 0, a: 1 }, { t: 1000, b: 7 }, { t: 2000, a: 2 }, { t: 3000, b: 8 }, { t: 3000, a: 9 }], in: { dropped: { line: 1 } } }`;
    expect(await found(two, feed, expectation)).toEqual([]);
  });

  it('is read as the source.csv of the flow says, which itself is not opened', async () => {
    await put('part.csv', 'when;a\n1;5\n');
    const csv = `  in: { type: source.csv, settings: { file: nowhere.csv, delimiter: ';', timestamp: { column: when, format: epochS } } }
  out: { type: sink.file, from: [in], settings: { path: out.jsonl } }
`;
    expect(await found(csv, '[{ in: { file: part.csv } }]', '{ out: [{ t: 1000, a: 5 }] }')).toEqual([]);
    const [problem] = await found(csv, '[{ in: { file: gone.csv } }]', '{ out: [] }');
    expect(problem).toMatch(/^6 : expected the flow to go on, got engine.file-unreadable: .*gone\.csv/);
  });

  it('reaches a flow that may stop by itself, which is told at the step', async () => {
    await put('part.csv', 't,a\n0,1\nx,2\n');
    const stops = plain.replace('source.mqtt,', 'source.mqtt, onError: stop,');
    const [problem] = await found(
      stops,
      '[{ in: { t: 0, a: 1 } }, { in: { file: part.csv } }]',
      '{ out: [] }',
    );
    expect(problem).toMatch(
      /^6 : expected the flow to go on, got engine\.module-failed: in: part\.csv, line 3: .*no time/,
    );
  });

  it('touches nothing outside: no sink writes, no broker is asked, an act judges and stops there', async () => {
    const acts = `${plain}  stop: { type: act.mqtt, from: [in], settings: { broker: 'mqtt://127.0.0.1:1', topic: x, maxRowAgeMs: 100 } }\n`;
    const expectation =
      '{ out: { count: 2 }, stop: { count: 2, dropped: { stale: 1 }, counted: { dry-run: 1 } }, stop.refused: [{ refused: stale }] }';
    expect(
      await found(acts, '[{ at: 1000, in: [{ t: 1000, a: 1 }, { t: 800, a: 2 }] }]', expectation),
    ).toEqual([]);
    expect(existsSync(join(folder, 'out.jsonl'))).toBe(false);
  });
});

describe('a test file', () => {
  it('that cannot be run is told with line and place, before anything runs', async () => {
    const wrong = found(plain, '[{ inn: { t: 0 } }]', '{ out: [] }');
    await expect(wrong).rejects.toThrow(Failure);
    await expect(wrong).rejects.toMatchObject({
      code: 'flows.test-invalid',
      errors: [
        { line: 6, pointer: '/cases/0/feed/0/inn', detail: expect.stringContaining('no module of the flow') },
      ],
    });
    await expect(results(join(folder, 'gone.test.yaml'))).rejects.toMatchObject({ code: 'flows.unreadable' });
    await expect(found('  in: { type: source.mqt }\n', '[end]', '{ in: [] }')).rejects.toMatchObject({
      code: 'flows.invalid',
    });
  });

  const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((one) =>
    existsSync(join(root, 'examples', one.name, 'flow.yaml')),
  );
  it.each(examples.map(({ name }) => name))('of the example %s passes', async (name) => {
    const all = await results(join(root, 'examples', name, 'flow.test.yaml'));
    expect(all.filter(({ passed }) => !passed)).toEqual([]);
    expect(all.length).toBeGreaterThan(0);
  });

  it('of docs/testing-flows.md passes, and its page names every word of a test', async () => {
    const page = await readFile(join(root, 'docs/testing-flows.md'), 'utf8');
    const files = [...page.matchAll(/```yaml\n# (\S+)\n([^]*?)```/g)];
    for (const [, name, text] of files) await put(basename(name!), text!);
    const all = await results(join(folder, 'pump.test.yaml'));
    const words = [FlowTest, FlowTestCase, FlowTestStep.options[1], Expectation.options[1]].flatMap(
      ({ shape }) => Object.keys(shape),
    );
    expect(words.filter((word) => !page.includes(`${word}:`))).toEqual([]);
    expect(all).toMatchObject([{ passed: true }, { passed: true }]);
  });
});
