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
  await one.run.start();
  await one.run.finished;
  return { rows: one.out.in, counters: one.run.counters().in };
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
});
