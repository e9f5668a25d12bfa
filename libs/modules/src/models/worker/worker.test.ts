/** The models in other languages as modules in a flow: real workers of Python and JavaScript, real queues. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Host, PlainRecord } from '@millrace/engine';
import { columnsOf } from '@millrace/flow';
import { findInterpreter, sandboxKind } from '@millrace/inference';
import type { Contract } from '@millrace/schemas';
import { runRecords } from '../../../../../test/kit/flow.js';
import { findPython2 } from '../../../../../test/kit/interpreters.js';
import { kind } from '../python/kind.js';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-models-'));
afterAll(() => rmSync(folder, { recursive: true }));
const contracts: Record<string, Contract> = {};
const host: Partial<Host> = {
  path: (file) => path.join(folder, file),
  resource: (reference) => ({
    path: path.join(folder, reference.slice('resource:'.length).split('@')[0]),
    name: reference,
    version: 1,
    digest: null,
    contract: contracts[reference],
  }),
  workFolder: folder,
};

const hasPython = (await findInterpreter('python')) !== undefined;
const python2 = await findPython2();
const onPython = hasPython ? describe : describe.skip;
const sandbox = await sandboxKind();
/** Where a node keeps its keys: beside the folders of its flows. */
const SECRET = path.join(folder, '..', `millrace-node-${process.pid}.key`);

async function model(
  type: string,
  settings: Record<string, unknown>,
  feed: PlainRecord[],
  more: Record<string, unknown> = {},
) {
  const { module = {}, ...rest } = more;
  const { records, counters } = await runRecords({
    modules: { x: { type, from: ['in'], settings, ...(module as object) } },
    feed: { in: feed },
    collect: ['x', 'x.incomplete', 'x.error'],
    host,
    ...rest,
  });
  return { rows: records.x, incomplete: records['x.incomplete'], failed: records['x.error'], ...counters.x };
}

const feedOf = (n: number): PlainRecord[] =>
  Array.from({ length: n }, (_, t) => ({ t, a: t / 7, b: -t, name: `row ${t} ü` }));

const SCRIPTS = {
  'model.javascript': {
    sum: 'export const predict = (rows) => rows.map(({ a, b }) => a + b);',
    named: 'export const predict = (rows) => rows.map(({ a, name }) => ({ twice: 2 * a, said: name }));',
    vector: 'export const predict = (rows) => rows.map(({ a, b }) => [a, b]);',
    picky: `export function predict(rows) {
      if (rows.some(({ a }) => a === 3)) throw new Error('three is too much');
      return rows.map(({ a }) => (a === 5 ? NaN : a));
    }`,
    window: 'export const predict = (rows) => rows.map(({ a, b }) => a.at(-1) - b[0]);',
    files: `import { readFileSync } from 'node:fs';
      let told;
      export const load = (context) => (told = [context.settings.who, readFileSync(context.path('model'), 'utf8'),
        context.path('model.txt') === context.path('model'), readFileSync(context.path('table'), 'utf8')].join());
      export const predict = (rows) => rows.map(() => told);`,
  },
  'model.python': {
    sum: 'def predict(rows):\n    return [row["a"] + row["b"] for row in rows]\n',
    named: 'def predict(rows):\n    return [{"twice": 2 * row["a"], "said": row["name"]} for row in rows]\n',
    vector: 'def predict(rows):\n    return [(row["a"], row["b"]) for row in rows]\n',
    picky: `
def predict(rows):
    if any(row["a"] == 3 for row in rows):
        raise ValueError("three is too much")
    return [float("nan") if row["a"] == 5 else row["a"] for row in rows]
`,
    window: 'def predict(rows):\n    return [row["a"][-1] - row["b"][0] for row in rows]\n',
    files: `
def load(context):
    global told
    same = "true" if context.path("model.txt") == context.path("model") else "false"
    told = ",".join([context.settings["who"], open(context.path("model")).read(), same, open(context.path("table")).read()])
def predict(rows):
    return [told for _ in rows]
`,
  },
} as const;

describe.each(['model.javascript', 'model.python'] as const)('%s', (type) => {
  const it = type === 'model.python' && !hasPython ? test.skip : test;
  const scripts = SCRIPTS[type];
  const base = { columns: ['a', 'b'] };

  it.each([1, 7, 256])('adds what the script gives, in order, %d rows a batch', async (batchRows) => {
    const feed = feedOf(600);
    const { rows, counted } = await model(type, { ...base, code: scripts.sum }, feed, { batchRows });
    expect(rows).toEqual(feed.map((row) => ({ ...row, result: (row.a as number) + (row.b as number) })));
    expect(counted.batches).toBeGreaterThan(1);
  });

  it('fields of a dict under names of the flow, texts and numbers', async () => {
    const outputs = [{ name: 'twice', as: 'double' }, { name: 'said' }];
    const { rows } = await model(type, { columns: ['a', 'name'], code: scripts.named, outputs }, feedOf(40), {
      batchRows: 5,
    });
    expect(rows.map(({ double, said }) => [double, said])).toEqual(
      feedOf(40).map(({ a, name }) => [2 * (a as number), name]),
    );
  });

  it('vectors', async () => {
    const { rows } = await model(type, { ...base, code: scripts.vector }, feedOf(3));
    expect(rows.map(({ result }) => result)).toEqual(feedOf(3).map(({ a, b }) => [a, b]));
  });

  it('an error of the script is one of its batch, a result that is none of its row', async () => {
    const feed = Array.from({ length: 8 }, (_, t) => ({ t, a: t, b: 0 }));
    const settings = { ...base, code: scripts.picky, batch: { max: 1, waitMs: 0 } };
    // One row a batch: while the worker has nothing to do each goes alone.
    const { rows, failed, errors, lastError } = await model(type, settings, feed, {
      module: { onError: 'port', queue: { size: 1 } },
      batchRows: 1,
    });
    expect(rows.map(({ t }) => t)).toEqual([0, 1, 2, 4, 6, 7]);
    expect(failed.map(({ t }) => t)).toEqual([3, 5]);
    expect([errors, lastError]).toEqual([2, expect.stringContaining('gave no result')]);
    const standing = await model(type, { ...settings, fallback: { result: -1 } }, feed, {
      module: { queue: { size: 1 } },
      batchRows: 1,
    });
    expect(standing.rows.map(({ result }) => result)).toEqual([0, 1, 2, -1, 4, -1, 6, 7]);
    expect([standing.errors, standing.counted.fallback]).toEqual([0, 2]);
    expect(standing.lastError).toContain('gave no result');
  });

  it('windows come as a list a column, and one of another length is an error of its own', async () => {
    const feed = [
      { t: 0, w: [1, 2, 3, 4, 5, 6] },
      { t: 1, w: [1, 2, 3, 4] },
      { t: 2, w: [7, 8, 9, 10, 11, 12] },
    ];
    const { rows, failed, lastError } = await model(
      type,
      { ...base, window: 'w', code: scripts.window },
      feed,
      { module: { onError: 'port' } },
    );
    expect(rows.map(({ t, result }) => [t, result])).toEqual([
      [0, 5 - 2],
      [2, 11 - 8],
    ]);
    expect(failed.map(({ t }) => t)).toEqual([1]);
    expect(lastError).toContain('has 4 values, and those before it had 6');
  });

  it('settings and files, by the names that they have', async () => {
    writeFileSync(path.join(folder, 'model.txt'), 'M');
    writeFileSync(path.join(folder, 'lookup.csv'), 'T');
    const settings = {
      ...base,
      code: scripts.files,
      model: 'model.txt',
      files: { table: 'lookup.csv' },
      settings: { who: 'me' },
    };
    const { rows } = await model(type, settings, feedOf(1));
    expect(rows[0].result).toBe('me,M,true,T');
  });

  it('a script in a folder, and one of the catalogue that has no ending', async () => {
    const main = type === 'model.python' ? 'main.py' : 'main.mjs';
    mkdirSync(path.join(folder, `${type}-folder`), { recursive: true });
    writeFileSync(path.join(folder, `${type}-folder`, main), scripts.sum);
    writeFileSync(path.join(folder, `${type}-blob`), scripts.sum);
    for (const script of [`${type}-folder`, `resource:${type}-blob@1`]) {
      const { rows } = await model(type, { ...base, script }, feedOf(4));
      expect(rows.map(({ result }) => result)).toEqual(
        feedOf(4).map(({ a, b }) => (a as number) + (b as number)),
      );
    }
    const away = model(type, { ...base, script: `${type}-folder`, entry: `../${main}` }, feedOf(1));
    await expect(away).rejects.toThrow(/leads out of the script's folder/);
    const absent = model(type, { ...base, script: `${type}-folder`, entry: 'absent' }, feedOf(1));
    await expect(absent).rejects.toThrow(/has no file absent/);
  });

  it('golden vectors go through the worker first', async () => {
    const contract = (result: number): Contract => ({
      columns: [
        { name: 'a', dtype: 'float64' },
        { name: 'b', dtype: 'float64' },
      ],
      outputs: [{ name: 'result', dtype: 'float64' }],
      golden: [
        { input: { a: 1, b: 2 }, output: { result: 3 }, tolerance: 0 },
        { input: { a: 1, b: 0.5 }, output: { result }, tolerance: 0.01 },
      ],
      runtime: 'python',
    });
    writeFileSync(path.join(folder, `${type}-golden`), scripts.sum);
    const reference = `resource:${type}-golden@1`;
    contracts[reference] = contract(1.505);
    const { rows } = await model(type, { ...base, script: reference }, feedOf(2));
    expect(rows).toHaveLength(2);
    contracts[reference] = contract(1.52);
    const wrong = model(type, { ...base, script: reference }, feedOf(2));
    await expect(wrong).rejects.toMatchObject({
      code: 'engine.golden-mismatch',
      message: expect.stringMatching(/^x: .*golden vector 2: result is 1.5 on this machine.*1.52.*0.01/),
    });
    const other = { ...base, columns: ['a', 'c'], script: reference };
    await expect(model(type, other, [{ t: 0, a: 1, c: 2 }])).rejects.toMatchObject({
      code: 'engine.contract-mismatch',
      message: expect.stringContaining('has no usable c'),
    });
  });

  it('a script that does not start stops the flow with its own words', async () => {
    const broken = type === 'model.python' ? 'import absent_module' : 'import "absent-module";';
    const work = model(type, { ...base, code: broken }, feedOf(1));
    await expect(work).rejects.toMatchObject({
      code: 'engine.model-load',
      message: expect.stringMatching(/absent.module/),
    });
  });

  it('what is not on this machine is said by name', async () => {
    const missing = model(type, { ...base, code: scripts.sum, interpreter: 'python7' }, feedOf(1));
    await expect(missing).rejects.toMatchObject({
      code: 'engine.runtime-missing',
      message: expect.stringMatching(/python7.*MILLRACE_PYTHON7/),
    });
    const unbuilt = model(type, { ...base, code: scripts.sum, runtime: 'resource:r@1' }, feedOf(1));
    await expect(unbuilt).rejects.toMatchObject({ code: 'engine.runtime-missing' });
  });

  it('what waits is saved, and goes on in the next run', async () => {
    const feed = feedOf(300);
    const { rows } = await model(type, { ...base, code: scripts.sum }, feed, { cutAfter: [100, 100] });
    expect(rows.map(({ t, result }) => [t, result])).toEqual(
      feed.map(({ t, a, b }) => [t, (a as number) + (b as number)]),
    );
  });
});

(python2 === undefined ? describe.skip : describe)(
  'model.python on Python 2.7: this machine has no Python 2.7.',
  () => {
    test('a script that only Python 2 can run', async () => {
      process.env.MILLRACE_PYTHON2 = python2!.command;
      try {
        const code =
          'def predict(rows):\n    print "old", `1`\n    return map(lambda (a,): a, [(row["a"],) for row in rows])\n';
        const settings = { columns: ['a'], code, interpreter: 'python2' };
        const { rows } = await model('model.python', settings, feedOf(3));
        expect(rows.map(({ result }) => result)).toEqual(feedOf(3).map(({ a }) => a));
      } finally {
        delete process.env.MILLRACE_PYTHON2;
      }
    });
  },
);

(sandbox === 'none' ? describe.skip : onPython)(
  'A sandbox for workers: bubblewrap is not here or does not work.',
  () => {
    const code = `
import os, socket
def attempt(what):
    try:
        what()
        return "could"
    except Exception as error:
        return type(error).__name__
def write(path):
    with open(path, "w") as out:
        out.write("x")
def fill():
    with open("/tmp/full", "wb") as out:
        for _ in range(300):
            out.write(b"x" * (1 << 20))
def connect():
    socket.create_connection(("127.0.0.1", 9), 2)
def predict(rows):
    told = [
        attempt(lambda: write("/tmp/mine")),
        attempt(lambda: write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "theirs"))),
        attempt(lambda: write("/usr/theirs")),
        attempt(lambda: write("/theirs")),
        str(len([name for name in os.listdir("/proc") if name.isdigit()]) < 6),
        attempt(connect),
        str("MILLRACE_SECRET" in os.environ),
        attempt(lambda: open(${JSON.stringify(SECRET)}).read()),
        attempt(lambda: open("/etc/shadow").read()),
        attempt(lambda: os.listdir("/home")),
        attempt(lambda: open("/proc/1/root" + ${JSON.stringify(SECRET)}).read()),
        attempt(fill) if os.environ["HOME"] == "/tmp" else "OSError",
    ]
    return [" ".join(told) for _ in rows]
`;
    const settings = { columns: ['a'], code };

    test('no network, no other processes, no files but its own, and a bounded /tmp to write', async () => {
      process.env.MILLRACE_SECRET = 'hidden';
      writeFileSync(SECRET, 'a key');
      try {
        const { rows } = await model('model.python', { ...settings, sandbox: 'required' }, feedOf(1));
        expect(rows[0].result).toMatch(
          /^could OSError OSError OSError True (OSError|ConnectionRefusedError) False( FileNotFoundError){4} OSError$/,
        );
        const off = await model('model.python', { ...settings, sandbox: 'off' }, feedOf(1));
        expect(off.rows[0].result).toMatch(
          /^could could could could False ConnectionRefusedError False could/,
        );
      } finally {
        delete process.env.MILLRACE_SECRET;
        rmSync('/usr/theirs', { force: true });
        rmSync('/theirs', { force: true });
        rmSync('/tmp/mine', { force: true });
        rmSync(SECRET, { force: true });
      }
    });
  },
);

test('nothing of a flow is left in its folder but scripts', () => {
  expect(readdirSync(folder).filter((name) => /\.tmp$|\.\d+\./.test(name))).toEqual([]);
});

describe('the check of a model in another language', () => {
  const contract: Contract = {
    columns: [
      { name: 'a', dtype: 'float64', unit: 'bar' },
      { name: 'b', dtype: 'float64' },
    ],
    outputs: [{ name: 'score', dtype: 'float64', unit: '%' }],
    golden: [],
    runtime: 'python',
  };
  const settingsOf = (changed: object) =>
    kind.settings.parse({ columns: ['a', 'b'], script: 's.py', model: 'resource:m@1', ...changed });
  const check = (changed: object, unit = 'bar') =>
    kind.check!(
      settingsOf(changed),
      [columnsOf({ a: { type: 'number', unit }, b: 'number' })],
      () => contract,
    ).map(({ pointer, field }) => [pointer, field]);

  test('one script, outputs and columns of the contract, fallbacks of outputs', () => {
    const outputs = [{ name: 'score' }];
    expect(check({ outputs })).toEqual([]);
    expect(check({ outputs, code: 'x' })).toEqual([['/code', undefined]]);
    expect(check({ outputs, script: undefined })).toEqual([['', undefined]]);
    expect(check({})).toEqual([['/outputs/0/name', undefined]]);
    expect(check({ outputs }, 'psi')).toEqual([['/model', 'a']]);
    expect(check({ outputs, columns: ['a'] })).toEqual([['/columns', 'b']]);
    expect(check({ outputs, fallback: { other: 1 } })).toEqual([['/fallback/other', 'other']]);
    expect(check({ outputs, runtime: 'resource:r@1', requirements: ['x==1'] })).toEqual([
      ['/requirements', undefined],
    ]);
  });

  test('what leaves is said by the contract', () => {
    const columns = kind.columns!(
      settingsOf({ outputs: [{ name: 'score', as: 's' }] }),
      [columnsOf({ a: 'number', b: 'number' })],
      () => contract,
    );
    expect('ports' in columns && columns.ports.out.fields.get('s')).toEqual({ type: 'number', unit: '%' });
  });
});
