/** `millrace run`, `check`, `test` and `prepare` as real processes on files: what they print, write and end with. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
/** Far above what a run of a small file takes on a busy machine. */
const ENDS_WITHIN_MS = 60_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

const millrace = (...args: string[]): Promise<Ran> => millraceWith({}, ...args);

function millraceWith(environment: Record<string, string>, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    const options = { cwd: folder, env, timeout: ENDS_WITHIN_MS, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

const put = (name: string, text: string) => writeFile(join(folder, name), text);
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const written = async (name: string) => lines(await readFile(join(folder, name), 'utf8'));

const flow = (modules: string, more = '') => `apiVersion: millrace/v1
kind: Flow
metadata: { name: test }
${more}modules:
${modules}`;
const stamp = 'timestamp: { column: t, format: epochMs }';

describe('millrace run', () => {
  it('runs on files beside the flow, from any folder, and prints what the director would get', async () => {
    await mkdir(join(folder, 'flows'));
    await put('flows/in.csv', 't,x\n1000,1\n2000,\n3000,5\n');
    await put(
      'flows/flow.yaml',
      flow(`  in: { type: source.csv, settings: { file: in.csv, ${stamp} } }
  file: { type: sink.file, from: [in], settings: { path: out.jsonl } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    const { code, stdout, stderr } = await millrace('run', 'flows/flow.yaml');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^module +in +out/m)]);
    expect(lines(stdout)).toEqual([
      { sink: 'up', t: 1000, x: 1 },
      { sink: 'up', t: 2000 },
      { sink: 'up', t: 3000, x: 5 },
    ]);
    expect(await written('flows/out.jsonl')).toEqual([{ t: 1000, x: 1 }, { t: 2000 }, { t: 3000, x: 5 }]);
  });

  it('with --out lets no sink act, and writes what would reach them in order of arrival', async () => {
    await put('in.csv', 't,x\n1000,1\n2000,2\n');
    await put(
      'flow.yaml',
      flow(`  in: { type: source.csv, settings: { file: in.csv, ${stamp} } }
  look: { type: debug.tap, from: [in] }
  file: { type: sink.file, from: [look], settings: { path: acted.jsonl } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    const { code, stdout } = await millrace('run', 'flow.yaml', '--out', 'out.jsonl');
    expect([code, stdout]).toEqual([0, '']);
    const out = await written('out.jsonl');
    expect(out).toHaveLength(4);
    for (const sink of ['file', 'up']) {
      expect(out.filter((line) => line.sink === sink)).toEqual([
        { sink, t: 1000, x: 1 },
        { sink, t: 2000, x: 2 },
      ]);
    }
    expect(existsSync(join(folder, 'acted.jsonl'))).toBe(false);
  });

  it('writes NaN as null and a hole as a gap', async () => {
    await put('in.jsonl', '{"t":0,"x":1}\n{"t":1000,"x":0}\n{"t":600000,"x":3}\n{"t":601000,"x":4}\n');
    await put(
      'flow.yaml',
      flow(`  in: { type: source.simulator, settings: { signals: [{ name: x, shape: sine, hz: 1 }] } }
  nan: { type: map.set, from: [in], settings: { set: { y: 'x / (x * 0.0)' } } }
  rows: { type: align.rows, from: [nan], settings: { grid: { periodMs: 1000 }, columns: [{ name: x, maxAgeMs: 1500 }] } }
  a: { type: sink.director, from: [nan], settings: { channel: result } }
  b: { type: sink.director, from: [rows], settings: { channel: result } }
`),
    );
    const { code, stderr } = await millrace(
      'run',
      'flow.yaml',
      '--input',
      'in=in.jsonl',
      '--out',
      'out.jsonl',
    );
    expect([code, stderr]).toEqual([0, expect.anything()]);
    const out = await written('out.jsonl');
    const nan = out.find(({ sink, t }) => sink === 'a' && t === 1000)!;
    expect(nan).toEqual({ sink: 'a', t: 1000, x: 0, y: null });
    const gap = out.find((line) => 'gap' in line)!;
    expect(gap).toEqual({
      sink: 'b',
      t: (gap.gap as { to: number }).to,
      gap: { from: expect.any(Number), to: expect.any(Number), rows: expect.any(Number) },
    });
  });

  it('replaces a source by a file, with the time that the source says', async () => {
    await put('other.csv', 'when;x\n1;10\n2;20\n');
    await put(
      'flow.yaml',
      flow(`  in:
    type: source.csv
    settings: { file: nowhere.csv, delimiter: ';', timestamp: { column: when, format: epochS } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    expect((await millrace('run', 'flow.yaml')).code).toBe(1);
    const { code, stdout } = await millrace('run', 'flow.yaml', '--input', 'in=other.csv');
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual([
      { sink: 'up', t: 1000, x: 10 },
      { sink: 'up', t: 2000, x: 20 },
    ]);
    const unknown = await millrace('run', 'flow.yaml', '--input', 'inn=other.csv');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Its sources are in')]);
  });

  it('reads packed files, CSV or JSON lines, in place of a source', async () => {
    await put(
      'flow.yaml',
      flow(`  in: { type: source.http, settings: { path: /x } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    await writeFile(join(folder, 'in.jsonl.gz'), gzipSync('{"t":1,"x":2}\n{"t":2,"x":3}\n'));
    await writeFile(join(folder, 'in.csv.gz'), gzipSync('t,x\n1,2\n2,3\n'));
    for (const file of ['in.jsonl.gz', 'in.csv.gz']) {
      const { code, stdout } = await millrace('run', 'flow.yaml', '--input', `in=${file}`);
      expect([code, lines(stdout)]).toEqual([
        0,
        [
          { sink: 'up', t: 1, x: 2 },
          { sink: 'up', t: 2, x: 3 },
        ],
      ]);
    }
  });

  it('fills parameters with their types, and refuses what does not fit before anything is opened', async () => {
    await put('in.csv', 't,x\n1000,1\n2000,9\n');
    await put(
      'flow.yaml',
      flow(
        `  in: { type: source.csv, settings: { file: in.csv, ${stamp} } }
  low: { type: clean.range, from: [in], settings: { field: x, max: '\${most}', action: drop } }
  up: { type: sink.director, from: [low], settings: { channel: result } }
`,
        'parameters: { most: { type: number } }\n',
      ),
    );
    const ran = await millrace('run', 'flow.yaml', '--set', 'most=5');
    expect(lines(ran.stdout)).toEqual([{ sink: 'up', t: 1000, x: 1 }]);
    expect(ran.stderr).toMatch(/low +2 +1 +range 1/);
    const missing = await millrace('run', 'flow.yaml', '--out', 'out.jsonl');
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/parameter most.*has no value/),
    ]);
    const wrong = await millrace('run', 'flow.yaml', '--set', 'most=lots', '--out', 'out.jsonl');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/most.*is a number/)]);
    const unknown = await millrace('run', 'flow.yaml', '--set', 'most=5', '--set', 'mots=5');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/no parameter "mots"/)]);
    expect(existsSync(join(folder, 'out.jsonl'))).toBe(false);
  });

  it('with --out destroys nothing: neither what it reads, nor an earlier result when it does not come up', async () => {
    const text = flow(
      `  in: { type: source.csv, settings: { file: '\${file}', ${stamp} } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`,
      'parameters: { file: { type: string, default: in.csv } }\n',
    );
    const data = 't,x\n1000,1\n';
    await put('flow.yaml', text);
    await put('in.csv', data);
    await put('other.csv', data);
    await put('out.jsonl', 'an earlier result\n');
    for (const [out, ...more] of [['flow.yaml'], ['in.csv'], ['other.csv', '--input', 'in=other.csv']]) {
      const ran = await millrace('run', 'flow.yaml', '--out', out!, ...more);
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(`--out ${out}: the run reads`)]);
    }
    for (const out of ['out.jsonl', 'new.jsonl']) {
      const ran = await millrace('run', 'flow.yaml', '--set', 'file=none.csv', '--out', out);
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/file-unreadable.*none\.csv/)]);
    }
    const now = await Promise.all(
      ['flow.yaml', 'in.csv', 'other.csv', 'out.jsonl'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    expect(now).toEqual([text, data, data, 'an earlier result\n']);
    expect(existsSync(join(folder, 'new.jsonl'))).toBe(false);

    await millrace('run', 'flow.yaml', '--out', 'out.jsonl');
    expect(await written('out.jsonl')).toEqual([{ sink: 'up', t: 1000, x: 1 }]);
  });

  it('takes resources from the folder that is named, and says what is missing', async () => {
    await mkdir(join(folder, 'models'));
    await put('models/speed@1.csv', 't,x\n1000,1\n');
    await put('models/speed@2.csv', 't,x\n1000,2\n');
    await put(
      'flow.yaml',
      flow(`  in: { type: source.csv, settings: { file: 'resource:speed@production', ${stamp} } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    const missing = await millrace('run', 'flow.yaml');
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/flows\.resource: in:.*--resources/),
    ]);
    const ran = await millrace('run', 'flow.yaml', '--resources', 'models');
    expect(lines(ran.stdout)).toEqual([{ sink: 'up', t: 1000, x: 2 }]);
    expect(ran.stderr).toContain('resource:speed@production is speed@2.csv');
  });

  it('stops cleanly at Ctrl-C: what was taken is written, counters are shown', async () => {
    await put(
      'flow.yaml',
      flow(`  in: { type: source.simulator, settings: { signals: [{ name: x, shape: sine, hz: 50 }] } }
  file: { type: sink.file, from: [in], settings: { path: out.jsonl } }
  up: { type: sink.director, from: [in], settings: { channel: result } }
`),
    );
    const child = spawn(process.execPath, [command, 'run', 'flow.yaml'], { cwd: folder });
    const ended = once(child, 'exit');
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
    // The first line shows that it runs.
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    const [, records] = /^in +\d+ +(\d+)/m.exec(stderr)!;
    expect(await written('out.jsonl')).toHaveLength(Number(records));
  });

  it('gives the verdicts of the demo that its reference says', async () => {
    const out = join(folder, 'out.jsonl');
    const { code } = await millrace('run', join(examples, 'hydraulic-cooler/flow.yaml'), '--out', out);
    expect(code).toBe(0);
    const [head = '', ...rows] = (
      await readFile(join(examples, 'hydraulic-cooler/data/reference.csv'), 'utf8')
    )
      .trim()
      .split('\n');
    expect(head).toMatch(/cycle/);
    const verdicts = (await written('out.jsonl')).filter(({ sink }) => sink === 'verdicts');
    expect(verdicts).toHaveLength(rows.length);
    const at = head.split(',').indexOf('cycle');
    expect(verdicts.map(({ cycle }) => String(cycle))).toEqual(rows.map((row) => row.split(',')[at]));
    expect(readdirSync(join(examples, 'hydraulic-cooler'))).not.toContain('out.jsonl');
  });
});

describe('millrace test', () => {
  const limited = flow(`  in: { type: source.mqtt, settings: { broker: 'mqtt://127.0.0.1:1', topics: [a] } }
  clean: { type: clean.range, from: [in], settings: { field: x, max: 5, action: drop } }
  out: { type: sink.file, from: [clean], settings: { path: out.jsonl } }
`);
  const test = (cases: string) =>
    `apiVersion: millrace/v1\nkind: FlowTest\nflow: flow.yaml\ncases:\n${cases}`;
  const good =
    '  - { name: keeps what is in range, feed: [{ in: { t: 1, x: 4 } }], expect: { out: [{ x: 4 }] } }\n';
  const bad = `  - name: drops what is not
    feed: [{ in: { t: 1, x: 6 } }]
    expect:
      out: { none: true }
      clean: { dropped: { range: 2 } }
`;

  it('prints a line a case and where one differs, and ends with 1', async () => {
    await put('flow.yaml', limited);
    await put('flow.test.yaml', test(good + bad));
    expect(await millrace('test', 'flow.test.yaml')).toEqual({
      code: 1,
      stdout: `ok    keeps what is in range
failed drops what is not (flow.test.yaml:6)
  flow.test.yaml:10: clean.dropped.range: expected 2, got 1 (dropped: range 1)
`,
      stderr: '1 passed, 1 failed\n',
    });
    await put('good.test.yaml', test(good));
    expect(await millrace('test', 'good.test.yaml')).toMatchObject({
      code: 0,
      stderr: '1 passed, 0 failed\n',
    });
    const json = await millrace('test', 'good.test.yaml', 'flow.test.yaml', '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      passed: 2,
      failed: 1,
      cases: [
        { file: 'good.test.yaml', passed: true, problems: [] },
        { passed: true },
        {
          line: 6,
          passed: false,
          problems: [{ module: 'clean', field: 'dropped.range', expected: '2', line: 10 }],
        },
      ],
    });
  });

  it('says what is wrong with a file, with its line, and runs nothing', async () => {
    await put('flow.yaml', limited);
    await put('good.test.yaml', test(good));
    await put('flow.test.yaml', test(bad.replace('in:', 'inn:')));
    const { code, stdout, stderr } = await millrace('test', 'good.test.yaml', 'flow.test.yaml');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^flows\.test-invalid: flow\.test\.yaml.*\n  line 6: cases\.0\.feed\.0\.inn: inn is no module/,
    );
    expect((await millrace('test')).code).toBe(2);
  });
});

describe('millrace prepare', () => {
  it('writes the rows, says how many, and ends with 2 when it is used wrongly', async () => {
    await put('in.jsonl', '{"t":1,"x":0.1}\n{"t":2,"x":9}\n');
    await put(
      'flow.yaml',
      flow(`  in: { type: source.http, settings: { path: /x } }
  clean: { type: clean.range, from: [in], settings: { field: x, max: 5, action: 'null' } }
  model: { type: model.onnx, from: [clean], settings: { model: 'resource:later@1', inputs: [{ tensor: X, columns: [x] }], outputs: [{ tensor: y, as: y }] } }
  out: { type: sink.director, from: [model], settings: { channel: result } }
`),
    );
    const args = ['prepare', 'flow.yaml', '--until', 'model', '--input', 'in=in.jsonl'];
    expect(await millrace(...args, '--out', 'rows.csv')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'rows.csv: 1 row, 2 columns; left out: 1 incomplete\n',
    });
    expect(await readFile(join(folder, 'rows.csv'), 'utf8')).toBe('t,x\n1,0.1\n');
    for (const wrong of [['--out', 'rows.txt'], [], ['--out', 'rows.csv', '--format', 'xml']])
      expect((await millrace(...args, ...wrong)).code).toBe(2);
  });
});

describe('millrace check', () => {
  const bad = flow(`  a: { type: clean.range, from: [b], settings: { field: x, minn: 0 } }
  b: { type: clean.range, from: [a], settings: { field: x, max: 1 } }
`);

  it('lists problems with line, module and setting, and ends with 1', async () => {
    await put('bad.yaml', bad);
    const { code, stdout, stderr } = await millrace('check', 'bad.yaml');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^bad\.yaml:5: a minn: .*Did you mean "min"\?$/m);
    expect(stdout).toMatch(/^bad\.yaml:\d+: \w+ from: .*cycle/m);
    expect(stderr).toMatch(/bad\.yaml: \d problems/);
    const asJson = await millrace('check', 'bad.yaml', '--json');
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      valid: false,
      problems: expect.arrayContaining([expect.objectContaining({ module: 'a', line: 5 })]),
    });
  });

  it('says what cannot be read', async () => {
    await put('no.yaml', 'a: [1\nb: }');
    expect((await millrace('check', 'no.yaml')).stdout).toMatch(/^no\.yaml:\d+: /m);
    const none = await millrace('check', 'none.yaml');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none.yaml cannot be read')]);
  });

  it.each(readdirSync(examples).filter((name) => existsSync(join(examples, name, 'flow.yaml'))))(
    'finds nothing in the example %s',
    async (name) => {
      const { code, stdout } = await millrace('check', join(examples, name, 'flow.yaml'));
      expect([code, stdout]).toEqual([0, '']);
    },
  );

  it('ends with 2 when it is used wrongly', async () => {
    for (const args of [['check'], ['check', 'a', 'b'], ['run', '--no-such-option', 'x'], ['nonsense']]) {
      expect((await millrace(...args)).code).toBe(2);
    }
    expect((await millrace('--help')).code).toBe(0);
  });
});

describe('millrace up', () => {
  it.each([
    ['a folder that is a file', [], {}, 1, /data folder .*there is a file of that name/],
    ['a port that is none', ['--port', '70000'], {}, 2, /--port takes a number up to 65535/],
    // An address for documentation, which no machine has (RFC 5737).
    [
      'a foreign address',
      ['--host', '192.0.2.1', '--port', '0'],
      {},
      1,
      /192\.0\.2\.1 is no address of this machine/,
    ],
    [
      'a database that is away',
      ['--port', '0'],
      { DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/b', DATABASE_OWNER_URL: '' },
      1,
      /^platform\.unavailable: DATABASE_URL: PostgreSQL at 127\.0\.0\.1:1\/b does not answer/m,
    ],
  ])('says what is wrong with %s, and ends', async (what, args, environment, code, says) => {
    const data = join(folder, 'data');
    if (what === 'a folder that is a file') await put('data', '');
    const ran = await millraceWith(environment, 'up', '--data', data, ...args);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(says)]);
    expect(ran.stderr).not.toContain('secret');
  });
});
