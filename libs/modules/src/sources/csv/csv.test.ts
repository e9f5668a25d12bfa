import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock, type Snapshot } from '@millrace/engine';
import type { FlowModule } from '@millrace/schemas';
import * as fc from 'fast-check';
import { part, rig, temporary, until, type Rig } from '../../../../../test/kit/rig.js';
import { create } from './behaviour.js';
import { plainNumber } from './cells.js';
import { kind as csvKind } from './kind.js';

const { folder, remove } = temporary();
afterAll(remove);
const parts = [part(csvKind, create)];
const file = (name: string, text: string | Buffer): string => {
  writeFileSync(path.join(folder, name), text);
  return name;
};
const started = (
  settings: Record<string, unknown>,
  more: Partial<FlowModule> = {},
  clock = systemClock,
): Rig => rig(parts, { in: { type: 'source.csv', settings, ...more } }, { folder, clock });
const ms = { column: 't', format: 'epochMs' };
async function read(
  text: string | Buffer,
  settings: Record<string, unknown> = {},
  more: Partial<FlowModule> = {},
) {
  const one = started({ file: file('one.csv', text), timestamp: ms, ...settings }, more);
  await one.run.start();
  await one.run.finished;
  return { rows: one.out.in, errors: one.errors.in, counters: one.run.counters().in };
}

describe('numbers', () => {
  it('are what Number gives, or are left to it', () => {
    const check = (text: string) => {
      const value = plainNumber(Buffer.from(text), 0, text.length);
      if (value === value) expect(Object.is(value, Number(text))).toBe(true);
      return value;
    };
    for (const text of ['0', '-0', '1', ' 12.5 ', '.5', '5.', '74.93588199999998', '-0.000425926642']) {
      expect(check(text)).toBe(Number(text));
    }
    for (const text of ['', '.', '-', '1e5', '0x1f', '1,5', '12345678901234567890', '1 2', '--1', '1.2.3']) {
      expect(check(text)).toBeNaN();
    }
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => void check(String(value))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(999_999_999),
        fc.nat(20),
        (a, b, zeros) => void check(`${a}.${'0'.repeat(zeros)}${b}`),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('source.csv', () => {
  it('tells numbers, text and absent fields apart', async () => {
    const { rows } = await read(
      '\uFEFFt,a,"b ""x""",c\r\n1,2, hot ,\r\n\r\n2,1e3,"say ""hi"", you",NaN\n3,Infinity,"two\nlines",0x10\n4, ,"",-0.5',
    );
    expect(rows).toEqual([
      { t: 1, a: 2, 'b "x"': 'hot' },
      { t: 2, a: 1000, 'b "x"': 'say "hi", you', c: null },
      { t: 3, a: null, 'b "x"': 'two\nlines', c: 16 },
      { t: 4, c: -0.5 },
    ]);
  });

  it('counts broken lines with their numbers and goes on', async () => {
    const text = 't,a\n1,1\n2\n3,3,3\nx,4\n5,"open\n6,6\n7,"7"x\n,8\n9,9\n';
    const { rows, counters } = await read(text);
    expect(rows.map(({ t }) => t)).toEqual([1, 6, 9]);
    expect(counters).toMatchObject({ errors: 6, dropped: { line: 6 }, out: 3, bytes: text.length - 4 });
    expect(counters.lastError).toBe('one.csv, line 9: the time in column t is empty');
  });

  it('leaves broken lines by the port error, or stops', async () => {
    const errors = await read('t,a\n1,1\nx,2\n3,3\n', {}, { onError: 'port' });
    expect(errors.errors).toMatchObject([
      { file: 'one.csv', line: 3, problem: expect.stringContaining('"x"') },
    ]);
    expect(errors.rows).toHaveLength(2);
    await expect(read('t,a\n1,1\nx,2\n', {}, { onError: 'stop' })).rejects.toThrow(
      /one\.csv, line 3: "x" in column t/,
    );
  });

  it('gives up a quote that is never closed after its line', async () => {
    const many = Array.from({ length: 120_000 }, (_, i) => `${i + 3},${i}`).join('\n');
    const { rows, counters } = await read(`t,a\n1,1\n2,"open\n${many}\n`);
    expect(rows).toHaveLength(120_001);
    expect(counters.dropped).toEqual({ line: 1 });
    expect(counters.lastError).toContain('line 3');
  });

  it('reads runs of spaces, tabs, names from settings, chosen and renamed fields', async () => {
    const spaces = await read('1 1   2.5\t3  \n 2 4 5 6\n', {
      delimiter: 'spaces',
      columns: ['t', 'a', 'b', 'c'],
    });
    expect(spaces.rows).toEqual([
      { t: 1, a: 1, b: 2.5, c: 3 },
      { t: 2, a: 4, b: 5, c: 6 },
    ]);
    const tabs = await read('t\ta b\tc\n1\t2\t3\n', { delimiter: 'tab', fields: ['a b'] });
    expect(tabs.rows).toEqual([{ t: 1, 'a b': 2 }]);
    const renamed = await read('t;a;c\n1;2;3\n', { delimiter: ';', fields: { stamp: 't', pressure: 'c' } });
    expect(renamed.rows).toEqual([{ t: 1, stamp: 1, pressure: 3 }]);
    const replaced = await read('x,y\n1,2\n', { header: true, columns: ['t', 'p'] });
    expect(replaced.rows).toEqual([{ t: 1, p: 2 }]);
  });

  it('says what is wrong with a file that does not fit', async () => {
    await expect(read('t,a\n1,1\n', { fields: ['b'] })).rejects.toThrow(
      'it has no column "b". Its columns are: t, a',
    );
    await expect(read('time,a\n1,1\n')).rejects.toThrow('no column "t"');
    await expect(read('t,a,a\n1,1,1\n')).rejects.toThrow('two columns named "a"');
    await expect(read(Buffer.from('\uFEFFt,a\n1,1\n', 'utf16le'))).rejects.toThrow('UTF-16');
    const missing = started({ file: 'none.csv', timestamp: ms });
    await missing.run.start();
    await expect(missing.run.finished).rejects.toMatchObject({ code: 'engine.file-unreadable' });
    const cut = gzipSync('t,a\n1,1\n2,2\n').subarray(0, 25);
    await expect(read(cut)).rejects.toMatchObject({ code: 'engine.file-unreadable' });
  });

  it('ends an empty file, and one with a header alone', async () => {
    expect((await read('')).rows).toEqual([]);
    expect((await read('t,a\n')).rows).toEqual([]);
    expect((await read('t,a\n', { loop: true })).rows).toEqual([]);
    expect((await read('t,a')).rows).toEqual([]);
  });

  it('checks settings', () => {
    const problems = (settings: unknown) =>
      csvKind.settings
        .safeParse(settings)
        .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    expect(problems({ file: 'a', timestamp: { column: 't', format: 'number' } })).toEqual([
      expect.stringMatching(/^timestamp.unitMs/),
    ]);
    expect(problems({ file: 'a', timestamp: { column: 't', format: 'pattern', pattern: 'HH:mm' } })).toEqual([
      expect.stringMatching(/^timestamp.pattern/),
    ]);
    expect(problems({ file: 'a', timestamp: { column: 't', timezone: 'X/Y' } })).toEqual([
      expect.stringMatching(/^timestamp.timezone/),
    ]);
    expect(problems({ file: 'a', timestamp: { column: 't' }, delimiter: '::' })).toHaveLength(1);
    expect(problems(csvKind.example.settings)).toBeUndefined();
    const settings = csvKind.settings.parse({ file: 'a', timestamp: { column: 't' }, header: false });
    expect(csvKind.check!(settings, [], () => undefined)).toHaveLength(1);
    const named = csvKind.settings.parse({
      file: 'a',
      timestamp: { column: 't' },
      columns: ['t', 'a'],
      fields: ['b'],
    });
    expect(csvKind.check!(named, [], () => undefined)).toMatchObject([{ field: 'b' }]);
  });
});

/** Pauses a run after some rows and gives its state, then goes on from it in a new run. */
async function cut(
  settings: Record<string, unknown>,
  at: number,
  limit = Infinity,
): Promise<{ rows: number[]; line: unknown }> {
  const first = started(settings);
  let snapshot: Snapshot | undefined;
  let taken = 0;
  first.run.tap('in', () => {
    // State is taken between two deliveries, as the runner does.
    if (first.out.in.length >= at && taken++ === 0) {
      setImmediate(() => {
        snapshot = first.run.snapshot();
        taken = first.out.in.length;
        void first.run.stop();
      });
    }
  });
  await first.run.start();
  await first.run.finished;
  snapshot ??= first.run.snapshot();
  const rows = first.out.in.slice(0, snapshot === undefined ? Infinity : taken).map(({ t }) => t as number);
  const second = started(settings);
  second.run.tap('in', (batch) => {
    for (let row = 0; row < batch.n; row++) rows.push(batch.t[row]);
    if (rows.length >= limit) void second.run.stop();
  });
  await second.run.start(structuredClone(snapshot));
  await second.run.finished;
  return { rows, line: second.run.counters().in.lastError };
}

describe('the position of source.csv', () => {
  const count = 200_000;
  const text = `t,a\n${Array.from({ length: count }, (_, i) => (i === 199_000 ? 'broken' : `${i},${i * 2}`)).join('\n')}\n`;
  const expected = Array.from({ length: count }, (_, i) => i).filter((i) => i !== 199_000);

  it.each([
    ['plain.csv', Buffer.from(text)],
    ['packed.csv', gzipSync(text)],
  ])('goes on with exactly the next row of %s, and knows its line', async (name, bytes) => {
    for (const at of [1, 12_345]) {
      const { rows, line } = await cut({ file: file(name, bytes), timestamp: ms }, at);
      // One by one: a matcher takes seconds over so many.
      expect([rows.length, rows.findIndex((t, i) => t !== expected[i])]).toEqual([expected.length, -1]);
      expect(line).toContain('line 199002');
    }
  });

  it('goes on within a later round', async () => {
    const settings = {
      file: file('loop.csv', 't,a\n0,1\n10,2\n20,3\n15,4\n40,5\n'),
      timestamp: ms,
      loop: true,
    };
    const { rows } = await cut(settings, 12, 40);
    const round = [0, 10, 20, 15, 40];
    const step = 10;
    expect(rows.slice(0, 40)).toEqual(
      Array.from({ length: 40 }, (_, i) => round[i % 5] + Math.floor(i / 5) * (40 + step)),
    );
  });
});

describe('rebase', () => {
  it('makes the first row now, for all files alike, and is live at speed 1', async () => {
    file('a.csv', 't,a\n1000,1\n1030,2\n');
    file('b.csv', 't,b\n1010,1\n1020,2\n');
    let offset = 0;
    const clock = { wall: () => 1_700_000_000_000 + offset, monotonic: () => performance.now() };
    const settings = (name: string) => ({ file: name, timestamp: ms, rebase: true, speed: 1 });
    const two = rig(
      parts,
      {
        a: { type: 'source.csv', settings: settings('a.csv') },
        b: { type: 'source.csv', settings: settings('b.csv') },
      },
      { folder, clock },
    );
    expect(two.run.live).toBe(true);
    await two.run.start();
    await two.run.finished;
    expect(two.out.a.map(({ t }) => t)).toEqual([1_700_000_000_000, 1_700_000_000_030]);
    expect(two.out.b.map(({ t }) => t)).toEqual([1_700_000_000_010, 1_700_000_000_020]);

    // After a restart the next row is now; a clock that went back does not take time back.
    file('c.csv', 't,a\n0,1\n10,2\n20,3\n');
    const state = (shift: number) => ({
      modules: {
        in: {
          shape: '',
          state: {
            offset: 8,
            line: 2,
            added: 0,
            shift,
            round: { rows: 1, least: 0, most: 0, previous: 0, steps: [] },
          },
        },
      },
    });
    for (const [moved, first] of [
      [60_000, 1_700_000_060_000],
      [-60_000, 1_700_000_000_010],
    ]) {
      offset = moved;
      const again = started(settings('c.csv'), {}, clock);
      const snapshot = state(1_700_000_000_000);
      snapshot.modules.in.shape = again.run.snapshot().modules.in.shape;
      await again.run.start(snapshot);
      await again.run.finished;
      expect(again.out.in.map(({ t }) => t)).toEqual([first, first + 10]);
    }
  });

  it('keeps the pace of its speed', async () => {
    const one = started({ file: file('pace.csv', 't,a\n0,1\n1000,2\n2000,3\n'), timestamp: ms, speed: 20 });
    expect(one.run.live).toBe(false);
    const began = performance.now();
    await one.run.start();
    await until('two rows', () => one.out.in.length >= 2);
    await one.run.finished;
    expect(performance.now() - began).toBeGreaterThanOrEqual(95);
  });
});

describe('real files', () => {
  const data = path.resolve('test/fixtures/sources');
  it('reads a NAB file as it was published', async () => {
    const text = readFileSync(path.join(data, 'machine_temperature_step.csv'), 'utf8');
    const { rows, counters } = await read(text, { timestamp: { column: 'timestamp' } });
    const lines = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    expect(counters.errors).toBe(0);
    expect(rows).toEqual(
      lines.map(([stamp, value]) => ({ t: Date.parse(`${stamp.replace(' ', 'T')}Z`), value: Number(value) })),
    );
    expect(rows.some(({ t }, i) => i > 0 && (t as number) < (rows[i - 1].t as number))).toBe(true);
  });
});
