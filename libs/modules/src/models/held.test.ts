import { Batch, eachRecord, RecordReader, Schema, toRecord, type PlainRecord } from '@millrace/engine';
import { doneOf, makeRoom, newHeld } from './held.js';

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
  held.failed.set([0, 1, 0, 0, 1]);
  const parts = [2, 3, 5].map((done) => {
    held.done = done;
    const part = doneOf(held, new Batch(schema, 1));
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
