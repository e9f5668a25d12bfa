import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { part, rig, temporary } from '../../../../../test/kit/rig.js';
import { kind as csvKind } from '../csv/kind.js';
import { inputSource } from './input.js';

const { folder, remove } = temporary();
afterAll(remove);

async function read(text: string | Buffer, replaced?: unknown) {
  const file = path.join(folder, 'input');
  writeFileSync(file, text);
  const settings = { file: 'not this one', timestamp: { column: 'x' } };
  const one = rig(
    [part(csvKind, inputSource(file, replaced))],
    { in: { type: 'source.csv', settings } },
    { folder },
  );
  const arrivals: number[] = [];
  one.run.tap('in', (batch, port) => {
    if (port === 0) arrivals.push(...Array.from({ length: batch.n }, () => batch.arrival));
  });
  await one.run.start();
  await one.run.finished;
  return { rows: one.out.in, arrivals, counters: one.run.counters().in };
}

describe('a file in place of a source', () => {
  const lines =
    '{"t":1,"a":2,"b":"x","c":null,"v":[1,null,3],"o":{"p":1},"l":["x"]}\n\n[1]\n{"a":1}\n{"t":2,"a":3\n{"t":3,"a":4}';
  it('is JSON lines when it begins with a brace', async () => {
    for (const text of [lines, gzipSync(lines)]) {
      const { rows, counters } = await read(text);
      expect(rows).toEqual([
        { t: 1, a: 2, b: 'x', c: null, v: [1, null, 3] },
        { t: 3, a: 4 },
      ]);
      expect(counters).toMatchObject({ errors: 3, dropped: { line: 3, object: 1, list: 1 } });
      expect(counters.lastError).toMatch(/input, line 5: it is no JSON/);
    }
  });

  it('is CSV otherwise, with t in epoch milliseconds', async () => {
    expect((await read('t,a\n1.5,2\n')).rows).toEqual([{ t: 1.5, a: 2 }]);
  });

  it('keeps the settings of the source.csv that it replaces', async () => {
    const replaced = {
      file: 'old.csv',
      timestamp: { column: 'when', format: 'epochS' },
      fields: { p: 'pressure' },
      loop: true,
    };
    expect((await read('when,pressure,x\n1,2,3\n', replaced)).rows).toEqual([{ t: 1000, p: 2 }]);
    expect((await read('{"when":1,"pressure":2,"x":3}\n', replaced)).rows).toEqual([{ t: 1000, p: 2 }]);
  });

  it('is read with its recorded arrivals, which are no fields and part batches', async () => {
    const jsonl =
      '{"t":1,"a":1,"t_arrival":50}\n{"t":2,"a":2,"t_arrival":50}\n{"t":3,"a":3,"t_arrival":60.5}\n{"t":4,"a":4}\n{"t":5,"t_arrival":"x"}';
    const csv = 't,a,t_arrival\n1,1,50\n2,2,50\n3,3,60.5\n4,4,\n5,5,x\n';
    const own = { file: 'old.csv', timestamp: { column: 't', format: 'epochMs' } };
    const arrival = { column: 't_arrival', format: 'epochMs' };
    for (const [text, replaced] of [
      [jsonl],
      [csv],
      [jsonl, { ...own, arrival }],
      [csv, { ...own, arrival, fields: ['a'] }],
    ] as [string, unknown?][]) {
      const { rows, arrivals, counters } = await read(text, replaced);
      expect(rows).toEqual([1, 2, 3, 4].map((n) => ({ t: n, a: n })));
      expect(arrivals).toEqual([50, 50, 60.5, NaN]);
      expect(counters).toMatchObject({ dropped: { line: 1 } });
      expect(counters.lastError).toMatch(/line [56]: .*t_arrival.* is no time/);
    }
    await expect(read('t,a\n1,1\n', { ...own, arrival })).rejects.toThrow(/has no column "t_arrival"/);
    expect((await read(csv, own)).rows[0]).toEqual({ t: 1, a: 1, t_arrival: 50 });
  });
});
