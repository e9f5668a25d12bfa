import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { part, rig, temporary } from '../../../../../test/kit/rig.js';
import { create as createCsv } from '../../sources/csv/behaviour.js';
import { kind as csvKind } from '../../sources/csv/kind.js';
import { create } from './behaviour.js';
import { columnsOfHeader } from './csv.js';
import { kind as fileKind } from './kind.js';

const { folder, remove } = temporary();
afterAll(remove);
const parts = [part(csvKind, createCsv), part(fileKind, create)];
const text = (name: string) => readFileSync(path.join(folder, name), 'utf8');
const flow = (input: string, settings: Record<string, unknown>, more: object = {}) => {
  writeFileSync(path.join(folder, 'in.csv'), input);
  return rig(
    parts,
    {
      in: { type: 'source.csv', settings: { file: 'in.csv', timestamp: { column: 't', format: 'epochMs' } } },
      out: { type: 'sink.file', from: ['in'], settings, ...more },
    },
    { folder },
  );
};
async function run(input: string, settings: Record<string, unknown>, more: object = {}) {
  const one = flow(input, settings, more);
  await one.run.start();
  await one.run.finished;
  return one.run.counters().out;
}

describe('sink.file', () => {
  it('appends whole lines, and cuts off what a power cut left half', async () => {
    const counters = await run('t,a,b\n1,2,x\n2,NaN,\n', { path: 'deep/rows.jsonl' });
    expect(text('deep/rows.jsonl')).toBe('{"t":1,"a":2,"b":"x"}\n{"t":2,"a":null}\n');
    expect(counters).toMatchObject({ in: 2, bytes: text('deep/rows.jsonl').length, queued: 0 });
    appendFileSync(path.join(folder, 'deep/rows.jsonl'), '{"t":2.5,"a');
    await run('t,a\n3,4\n', { path: 'deep/rows.jsonl' });
    expect(text('deep/rows.jsonl')).toBe('{"t":1,"a":2,"b":"x"}\n{"t":2,"a":null}\n{"t":3,"a":4}\n');
  });

  it('writes CSV with the columns of the file', async () => {
    await run('t,a,"b ""c"""\n1,2,"x, y"\n2,,z\n', { path: 'rows.csv', format: 'csv' });
    expect(text('rows.csv')).toBe('t,a,"b ""c"""\n1,2,"x, y"\n2,,z\n');
    expect(columnsOfHeader('t,a,"b ""c"""')).toEqual(['a', 'b "c"']);
    await run('t,c,a\n3,4,5\n', { path: 'rows.csv', format: 'csv' });
    expect(text('rows.csv')).toContain('\n2,,z\n3,5,\n');
    await run('t,a\n3,4\n', { path: 'chosen.csv', format: 'csv', columns: ['b', 'a'] });
    const counters = await run('t,a,c\n4,5,6\n', { path: 'chosen.csv', format: 'csv', columns: ['b', 'a'] });
    expect(text('chosen.csv')).toBe('t,b,a\n3,,4\n4,,5\n');
    expect(counters.counted).toEqual({ 'no-column': 1 });
    await expect(run('t,a\n3,4\n', { path: 'chosen.csv', format: 'csv', columns: ['a'] })).rejects.toThrow(
      'has the columns b, a',
    );
  });

  it('rotates, and keeps as many as it was told', async () => {
    const many = `t,a\n${Array.from({ length: 30_000 }, (_, i) => `${i},${i}`).join('\n')}\n`;
    await run(many, { path: 'r.jsonl', rotate: { maxBytes: 200_000, keep: 2 } });
    const all = text('r.jsonl.2') + text('r.jsonl.1') + text('r.jsonl');
    expect(all.endsWith('{"t":29999,"a":29999}\n')).toBe(true);
    expect(existsSync(path.join(folder, 'r.jsonl.3'))).toBe(false);
    for (const name of ['r.jsonl', 'r.jsonl.1', 'r.jsonl.2'])
      expect(text(name).length).toBeLessThanOrEqual(200_000);
    const times = all
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { t: number }).t);
    expect(times).toEqual(Array.from({ length: times.length }, (_, i) => 30_000 - times.length + i));
  });

  it('does not double rows when a replay goes on from saved state', async () => {
    const input = `t,a\n${Array.from({ length: 5000 }, (_, i) => `${i},${i}`).join('\n')}\n`;
    const first = flow(input, { path: 'once.jsonl' });
    let snapshot;
    first.run.tap('in', () => setImmediate(() => (snapshot ??= first.run.snapshot())));
    await first.run.start();
    await first.run.finished;
    const whole = text('once.jsonl');
    expect(whole.split('\n')).toHaveLength(5001);
    const second = flow(input, { path: 'once.jsonl' });
    await second.run.start(snapshot);
    await second.run.finished;
    expect(text('once.jsonl')).toBe(whole);
  });

  it('counts what cannot be written, or stops', async () => {
    writeFileSync(path.join(folder, 'blocked'), '');
    expect(await run('t,a\n1,2\n', { path: 'blocked/rows.jsonl' })).toMatchObject({
      errors: 1,
      dropped: { unwritable: 1 },
      lastError: expect.stringContaining('blocked/rows.jsonl cannot be written'),
    });
    await expect(run('t,a\n1,2\n', { path: 'blocked/rows.jsonl' }, { onError: 'stop' })).rejects.toThrow(
      'blocked',
    );
  });
});
