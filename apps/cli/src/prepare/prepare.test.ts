import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { prepareRows, type PrepareOptions } from './prepare.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-prepare-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(folder, name), text);
const path = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(path(name), 'utf8');

/** The model is nowhere: it is trained on these rows later. Neither is the broker of the other branch. */
const flow = (columns = '[b, ok, word, a]', more = '') => `apiVersion: millrace/v1
kind: Flow
metadata: { name: test }
parameters: { limit: { type: number } }
modules:
  in: { type: source.mqtt, settings: { broker: 'mqtt://127.0.0.1:1', topics: [x] } }
  other: { type: source.simulator, settings: { signals: [{ name: z, shape: sine, hz: 1 }] } }
  clean: { type: clean.range, from: [in], settings: { field: a, max: '\${limit}', action: 'null' } }
  model:
    type: model.onnx
    from: [clean]
    settings: { model: 'resource:later@1', inputs: [{ tensor: X, columns: ${columns} }], outputs: [{ tensor: y, as: y }] }
  out: { type: sink.file, from: [model, other], settings: { path: acted.jsonl } }
${more}`;

async function prepared(out: string, options: Partial<PrepareOptions> = {}): Promise<string> {
  const said = await prepareRows({
    flow: path('flow.yaml'),
    sets: new Map([['limit', '100']]),
    inputs: new Map([['in', path('in.jsonl')]]),
    until: 'model',
    out: path(out),
    keep: [],
    ...options,
  });
  return said.replaceAll(`${folder}/`, '');
}

const rows = [
  { t: 1, a: 0.1 + 0.2, b: 1e21, ok: true, word: 'x, "y"', label: 7 },
  { t: 2.5, a: 1 / 3, b: -0, ok: false, word: '' },
  { t: 3, a: 1, b: 1, ok: true },
  { t: 4, a: null, b: 1, ok: true, word: 'z' },
  { t: 5, a: 101, b: 1, ok: true, word: 'z' },
  { t: 6, a: 'text', b: 1, ok: true, word: 'z' },
  { t: 7, a: 5e-324, b: 123456789.12345679, ok: true, word: ' z' },
];
const lines = (records: object[]) => records.map((record) => JSON.stringify(record)).join('\n');

describe('the rows that a model would see', () => {
  beforeEach(async () => {
    await put('flow.yaml', flow());
    await put('in.jsonl', lines(rows));
  });

  it('as CSV: inputs in order, all digits, what the model would refuse left out and counted', async () => {
    expect(await prepared('rows.csv', { keep: ['label'] })).toBe(
      'rows.csv: 3 rows, 6 columns; left out: 3 incomplete, 1 unlike',
    );
    expect(read('rows.csv')).toBe(
      't,b,ok,word,a,label\n' +
        '1,1e+21,1,"x, ""y""",0.30000000000000004,7\n' +
        '2.5,0,0,"",0.3333333333333333,\n' +
        '7,123456789.12345679,1," z",5e-324,\n',
    );
    expect(readdirSync(folder).sort()).toEqual(['flow.yaml', 'in.jsonl', 'rows.csv']);
  });

  it('as JSON lines', async () => {
    await prepared('rows.jsonl', { keep: ['label'] });
    expect(read('rows.jsonl')).toBe(
      '{"t":1,"b":1e+21,"ok":1,"word":"x, \\"y\\"","a":0.30000000000000004,"label":7}\n' +
        '{"t":2.5,"b":0,"ok":0,"word":"","a":0.3333333333333333}\n' +
        '{"t":7,"b":123456789.12345679,"ok":1,"word":" z","a":5e-324}\n',
    );
  });

  it('as Parquet, with its types, whatever the ending when a format is named', async () => {
    await prepared('rows.bin', { keep: ['label'], format: 'parquet' });
    const file = await asyncBufferFromFile(path('rows.bin'));
    expect(await parquetReadObjects({ file })).toEqual([
      { t: 1, b: 1e21, ok: 1, word: 'x, "y"', a: 0.1 + 0.2, label: 7 },
      { t: 2.5, b: 0, ok: 0, word: '', a: 1 / 3, label: null },
      { t: 7, b: 123456789.12345679, ok: 1, word: ' z', a: 5e-324, label: null },
    ]);
    const { schema } = await parquetMetadataAsync(file);
    expect(schema.slice(1).map(({ name, type }) => `${name} ${type}`)).toEqual([
      't DOUBLE',
      'b DOUBLE',
      'ok DOUBLE',
      'word BYTE_ARRAY',
      'a DOUBLE',
      'label DOUBLE',
    ]);
  });

  it('has its columns also when no row is whole', async () => {
    await put('in.jsonl', '{"t":1,"a":1}');
    expect(await prepared('rows.csv')).toContain('0 rows, 5 columns; left out: 1 incomplete');
    expect(read('rows.csv')).toBe('t,b,ok,word,a\n');
    await prepared('rows.parquet');
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(path('rows.parquet')) })).toEqual([]);
  });

  it('may be vectors, a column a number, all of one length', async () => {
    await put('flow.yaml', flow('[a], window: w').replace('columns: [a], window', 'window'));
    await put(
      'in.jsonl',
      lines([
        { t: 1, w: [1, 2] },
        { t: 2, w: [3] },
        { t: 3, w: [4, null] },
        { t: 4, w: [5, 6] },
      ]),
    );
    expect(await prepared('rows.csv')).toContain('2 rows, 3 columns; left out: 1 incomplete, 1 unlike');
    expect(read('rows.csv')).toBe('t,w.0,w.1\n1,1,2\n4,5,6\n');
  });

  it('in row groups, all of many rows', async () => {
    const n = 120_000;
    await put('flow.yaml', flow('[a]'));
    const a = (t: number) => (t % 700) / 7;
    await put('in.jsonl', lines(Array.from({ length: n }, (_, t) => ({ t, a: a(t) }))));
    await prepared('rows.parquet');
    const file = await asyncBufferFromFile(path('rows.parquet'));
    const { row_groups, num_rows } = await parquetMetadataAsync(file);
    expect([row_groups.length, Number(num_rows)]).toEqual([2, n]);
    const [last] = await parquetReadObjects({ file, rowStart: n - 1, rowEnd: n });
    expect(last).toEqual({ t: n - 1, a: a(n - 1) });
  });
});

describe('the rows of another module', () => {
  const keyed = `  rows:
    type: align.rows
    from: [in]
    settings: { keyBy: pump, grid: { periodMs: 1000 }, latenessMs: 0, maxFillRows: 1, columns: [{ name: a, maxAgeMs: 1000 }] }
  mean: { type: feature.stats, from: [in], settings: { keyBy: pump, columns: [a], out: [mean], over: { rows: 2 }, minRows: 1 } }
`;
  beforeEach(async () => {
    await put('flow.yaml', flow('[a]', keyed));
    await put('in.csv', 't,pump,a\n0,p1,1\n0,p2,2\n1000,p1,3\n1000,p2,4\n9000,p1,5\n9000,p2,6\n');
  });
  const of = (until: string, out: string) =>
    prepared(out, { until, inputs: new Map([['in', path('in.csv')]]) });

  it('are all fields that leave it, the key first, holes left out and counted', async () => {
    expect(await of('rows', 'rows.csv')).toContain('rows.csv: 8 rows, 6 columns; left out: 2 gap');
    const [head, ...table] = read('rows.csv').trim().split('\n');
    expect(head).toBe('t,key,seq,a,age.a,flag.a');
    expect(table).toContain('0,p1,0,1,0,fresh');
    expect(table).toContain('2000,p2,2,4,1000,repeated');
    expect(table).toContain('9000,p1,3,5,0,fresh');
    await of('rows', 'rows.jsonl');
    expect(read('rows.jsonl').split('\n')[0]).toBe(
      '{"t":0,"key":"p1","seq":0,"a":1,"age":{"a":0},"flag":{"a":"fresh"}}',
    );
  });

  it('have the key of the nearest keyBy, and may be those of a port', async () => {
    await of('mean', 'rows.csv');
    expect(read('rows.csv').split('\n').slice(0, 4)).toEqual([
      't,key,pump,a,a_mean',
      '0,p1,p1,1,1',
      '0,p2,p2,2,2',
      '1000,p1,p1,3,2',
    ]);
    await of('rows.late', 'late.csv');
    expect(read('late.csv')).toBe('t\n');
  });

  it('come from the file of a source.csv once, however the flow replays it', async () => {
    await mkdir(path('data'));
    await put('data/x.csv', 'when,a\n1,2\n2,3\n');
    await put(
      'csv.yaml',
      `apiVersion: millrace/v1
kind: Flow
metadata: { name: test }
modules:
  in: { type: source.csv, settings: { file: data/x.csv, timestamp: { column: when, format: epochS }, loop: true, rebase: true, speed: 1 } }
  out: { type: sink.file, from: [in], settings: { path: out.jsonl } }
`,
    );
    await prepared('rows.csv', { flow: path('csv.yaml'), until: 'out', inputs: new Map(), sets: new Map() });
    expect(read('rows.csv')).toBe('t,a\n1000,2\n2000,3\n');
    expect(existsSync(path('out.jsonl'))).toBe(false);
  });
});

describe('what cannot be prepared', () => {
  beforeEach(async () => {
    await put('flow.yaml', flow());
    await put('in.jsonl', lines(rows));
  });

  it.each<[string, Partial<PrepareOptions>, RegExp]>([
    ['an unknown module', { until: 'modell' }, /modell is no module of the flow.*Did you mean "?model/],
    ['an unknown port', { until: 'clean.left' }, /no port left\. Name one of clean\.out/],
    [
      'a source without an end',
      { inputs: new Map() },
      /in is a source\.mqtt, which has no end.*--input in=FILE/,
    ],
    [
      'an input that leads elsewhere',
      { inputs: new Map([['other', 'in.jsonl']]) },
      /no path leads from other to model/,
    ],
    ['an unknown source', { inputs: new Map([['inn', 'in.jsonl']]) }, /inn is no module of the flow/],
    ['an unknown ending', { out: 'rows.xlsx' }, /its ending says no format.*\.csv, \.jsonl, \.parquet/],
    ['a file that it reads', { out: 'in.jsonl' }, /the run reads that file/],
    ['a folder', { out: 'folder.csv' }, /is no plain file/],
    ['a missing parameter', { sets: new Map() }, /cannot be run/],
  ])('is said: %s', async (_, options, sentence) => {
    await mkdir(path('folder.csv'));
    const out = path(options.out ?? 'rows.csv');
    await expect(prepared('rows.csv', { ...options, out })).rejects.toThrow(sentence);
    expect(readdirSync(folder).sort()).toEqual(['flow.yaml', 'folder.csv', 'in.jsonl']);
    expect(read('in.jsonl')).toBe(lines(rows));
  });

  it('leaves what was there when the run fails', async () => {
    await put('rows.csv', 'what was there');
    await expect(prepared('rows.csv', { inputs: new Map([['in', path('gone.csv')]]) })).rejects.toThrow(
      /gone\.csv/,
    );
    expect(read('rows.csv')).toBe('what was there');
    expect(readdirSync(folder).sort()).toEqual(['flow.yaml', 'in.jsonl', 'rows.csv']);
  });
});
