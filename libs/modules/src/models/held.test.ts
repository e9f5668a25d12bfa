import { Batch, eachRecord, RecordReader, Schema, toRecord, type PlainRecord } from '@millrace/engine';
import { clear, copyDone, makeRoom, markFailed, newHeld, showResults } from './held.js';

function said(batch: Batch): PlainRecord[] {
  const out: PlainRecord[] = [];
  eachRecord(
    batch,
    (row) => out.push(toRecord(batch, row)),
    ({ from }) => out.push({ gap: from }),
  );
  return out;
}

test('what is done leaves in parts, each with its results and the gaps before it, and nothing twice', () => {
  const schema = new Schema();
  const reader = new RecordReader(schema);
  const batch = new Batch(schema, 1);
  reader.append(batch, 0, { v: 10 });
  const held = newHeld(batch, 0, 1);
  for (let t = 1; t < 5; t++) reader.append(batch, t, t === 3 ? { w: 'x' } : { v: 10 + t });
  batch.gaps = [
    { row: 2, from: 7, to: 8, rows: 1 },
    { row: 5, from: 9, to: 9, rows: 1 },
  ];
  makeRoom(held);
  held.results[0].values.set([0, 1, 2, 3, 4]);
  markFailed(held, 0, 5, { failed: Uint8Array.of(0, 1, 0, 0, 1), reason: 'why' }, 0);
  expect([held.failures, held.reason]).toEqual([2, 'why']);
  const parts = [2, 3, 5].map((done) => {
    held.done = done;
    const part = newHeld(new Batch(schema, 1), 0, 1);
    copyDone(held, part);
    held.left = done;
    const { values, rows, count } = part.results[0];
    return {
      records: said(part.batch),
      results: [...values.subarray(0, count)],
      rows: [...rows.subarray(0, count)],
      failed: [...part.failed.subarray(0, count)],
    };
  });
  expect(parts).toEqual([
    {
      records: [
        { t: 0, v: 10 },
        { t: 1, v: 11 },
      ],
      results: [0, 1],
      rows: [0, 1],
      failed: [0, 1],
    },
    { records: [{ gap: 7 }, { t: 2, v: 12 }], results: [2], rows: [0], failed: [0] },
    {
      records: [{ t: 3, w: 'x' }, { t: 4, v: 14 }, { gap: 9 }],
      results: [3, 4],
      rows: [0, 1],
      failed: [0, 1],
    },
  ]);
});

test('what has left is used again: empty, without marks, and without columns that another branch reads', () => {
  const schema = new Schema();
  const result = schema.index('result');
  const reader = new RecordReader(schema);
  const held = newHeld(new Batch(schema, 2), 0, 1);
  reader.append(held.batch, 0, { v: 10 });
  makeRoom(held);
  const [first] = held.results;
  first.values[0] = 7;
  markFailed(held, 0, 1, { failed: Uint8Array.of(1), reason: 'why' }, 0);
  held.sent = held.done = held.left = 1;
  showResults(held, [result]);
  expect(said(held.batch)).toEqual([{ t: 0, v: 10, result: 7 }]);
  clear(held, [result]);
  expect(held).toMatchObject({
    sent: 0,
    done: 0,
    left: 0,
    failures: 0,
    reason: '',
    failed: Uint8Array.of(0, 0),
  });
  expect(held.results[0]).toBe(first);

  reader.append(held.batch, 1, { v: 11 });
  makeRoom(held);
  held.results[0].values[0] = 8;
  showResults(held, [result]);
  const kept = held.batch.fork();
  clear(held, [result]);
  reader.append(held.batch, 2, { v: 12 });
  makeRoom(held);
  held.results[0].values[0] = 9;
  showResults(held, [result]);
  expect([said(kept), said(held.batch)]).toEqual([
    [{ t: 1, v: 11, result: 8 }],
    [{ t: 2, v: 12, result: 9 }],
  ]);
});
