import * as fc from 'fast-check';
import { Batch } from './batch.js';
import { BAD, NULL, NUMBER, TEXT } from './column.js';
import { eachRecord, gapRecord, JsonWriter, RecordReader, toRecord, type PlainRecord } from './record.js';
import { Schema } from './schema.js';

function batchOf(records: PlainRecord[], schema = new Schema()): Batch {
  const batch = new Batch(schema, 4);
  const reader = new RecordReader(schema);
  for (const { t, ...fields } of records) reader.append(batch, t as number, fields);
  return batch;
}

const recordsOf = (batch: Batch) => Array.from({ length: batch.n }, (_, row) => toRecord(batch, row));

test('a column has entries only for the rows that have the field', () => {
  const batch = batchOf([
    { t: 1, a: 1 },
    { t: 2, b: 5 },
    { t: 3, a: 3, b: 6 },
  ]);
  const a = batch.peek(batch.schema.find('a'))!;
  expect([a.count, a.rows[0], a.rows[1]]).toEqual([2, 0, 2]);
  expect([a.find(0), a.find(1), a.find(2)]).toEqual([0, -1, 1]);
  expect(batch.value(1, batch.schema.find('a'))).toBeUndefined();
});

test('what is no number is kept apart from numbers, by kind', () => {
  const batch = batchOf([
    { t: 1, a: 1 },
    { t: 2, a: NaN },
    { t: 3, a: null },
    { t: 4, a: 'x' },
    { t: 5, a: true },
  ]);
  const a = batch.peek(0)!;
  expect([0, 1, 2, 3].map((i) => a.kind(i))).toEqual([NUMBER, BAD, NULL, TEXT]);
  expect(Number.isNaN(a.values[3])).toBe(true);
  expect(recordsOf(batch).map(({ a }) => a)).toEqual([1, null, null, 'x', true]);
});

test('a branch that writes does not change what another branch reads', () => {
  const batch = batchOf([
    { t: 1, a: 1 },
    { t: 2, a: 2 },
  ]);
  const branch = batch.fork();
  branch.own(0)!.values[0] = 99;
  branch.retain(Uint8Array.of(0, 1));
  batch.own(0)!.values[1] = 77;
  expect(recordsOf(batch)).toEqual([
    { t: 1, a: 1 },
    { t: 2, a: 77 },
  ]);
  expect(recordsOf(branch)).toEqual([{ t: 2, a: 2 }]);
});

test('a batch that is used again does not change what a branch still holds', () => {
  const batch = batchOf([{ t: 1, a: 1 }]);
  const branch = batch.fork();
  batch.reset();
  batch.column(0).pushNumber(batch.row(5), 5);
  expect(recordsOf(branch)).toEqual([{ t: 1, a: 1 }]);
});

test('rows are taken out with their gaps left in place', () => {
  const batch = batchOf([
    { t: 1, a: 1 },
    { t: 2, a: 2 },
    { t: 9, a: 9 },
  ]);
  batch.gaps = [{ row: 2, from: 3, to: 8, rows: 6 }];
  batch.retain(Uint8Array.of(0, 1, 1));
  const seen: unknown[] = [];
  eachRecord(
    batch,
    (row) => seen.push(batch.t[row]),
    (gap) => seen.push(gapRecord(gap)),
  );
  expect(seen).toEqual([2, { gap: { from: 3, to: 8, rows: 6 } }, 9]);
});

test('rows of one batch are appended to another as they are', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ a: fc.option(fc.integer(), { nil: undefined }), b: fc.constantFrom('x', null, 2) }),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      fc.nat(19),
      fc.nat(19),
      (fields, x, y) => {
        const records = fields.map(({ a, b }, t): PlainRecord => ({ t, ...(a !== undefined && { a }), b }));
        const batch = batchOf(records);
        const [first, last] = [Math.min(x, y, batch.n), Math.min(Math.max(x, y), batch.n)];
        const other = new Batch(batch.schema, 2);
        other.append(batch, first, last);
        expect(recordsOf(other)).toEqual(records.slice(first, last));
      },
    ),
  ));

test('written out, NaN is null, and what describes a column stands in its object', () => {
  const schema = new Schema(['p']);
  schema.index('age.p', { inside: 'age', of: 'p' });
  schema.index('flag.p', { inside: 'flag', of: 'p', words: ['fresh', 'stale'] });
  const batch = new Batch(schema);
  const row = batch.row(1000);
  batch.column(0).pushNumber(row, Infinity);
  batch.column(1).pushNumber(row, 20);
  batch.column(2).pushNumber(row, 1);
  const writer = new JsonWriter();
  writer.begin(batch);
  expect(writer.row(row)).toBe('{"t":1000,"p":null,"age":{"p":20},"flag":{"p":"stale"}}');
  expect(JSON.parse(writer.row(row, '{"sink":"out","t":1000'))).toEqual({
    sink: 'out',
    ...toRecord(batch, row),
  });
});

test('the written line is what the record is, whatever the values', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.dictionary(
          fc.string({ minLength: 1, maxLength: 4 }).filter((name) => name !== 't' && name !== '__proto__'),
          fc.oneof(
            fc.double({ noNaN: true, noDefaultInfinity: true }),
            fc.string(),
            fc.boolean(),
            fc.constant(null),
          ),
        ),
        { minLength: 1, maxLength: 8 },
      ),
      (fields) => {
        const records = fields.map((each, t): PlainRecord => ({ t, ...each }));
        const batch = batchOf(records);
        const writer = new JsonWriter();
        writer.begin(batch);
        records.forEach((record, row) => {
          const again = JSON.parse(writer.row(row)) as PlainRecord;
          expect(Object.keys(again).sort()).toEqual(Object.keys(record).sort());
          for (const name of Object.keys(record))
            expect(again[name] ?? null).toEqual(noMinusZero(record[name]) ?? null);
        });
      },
    ),
  ));

/** JSON has no minus zero. */
const noMinusZero = (value: unknown) => (value === 0 ? 0 : value);

test('a field that no record may have is told and left out', () => {
  const refused: string[] = [];
  const schema = new Schema();
  const batch = new Batch(schema);
  const reader = new RecordReader(schema, (reason, field) => refused.push(`${field}: ${reason}`));
  reader.append(batch, 1, { a: { b: 1 }, list: ['x'], vector: [1, null, 3] });
  expect(refused).toEqual(['a: object', 'list: list']);
  expect(toRecord(batch, 0)).toEqual({ t: 1, vector: [1, null, 3] });
});
