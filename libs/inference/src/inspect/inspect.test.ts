import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Failure, Inspection } from '@millrace/schemas';
import * as onnx from '../../../../test/kit/onnx.js';
import { checkModel } from './check.js';
import { inspectBytes, inspectFile } from './inspect.js';
import { limits } from './limits.js';
import { bytesField, concat, numberField, textField } from './protobuf.js';

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/onnx/', import.meta.url));
const bytes = (...parts: (string | number[] | Uint8Array)[]) =>
  concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part))),
  );

/** What Python's pickle writes for [{'a': 1}, len], by protocol; and what attackers write. */
const pickles: [string, Uint8Array][] = [
  ['protocol 0', bytes('(lp0\n(dp1\nVa\np2\nI1\nsac__builtin__\nlen\np3\na.')],
  ['protocol 1', bytes(']q\x00(}q\x01X\x01\x00\x00\x00aq\x02K\x01sc__builtin__\nlen\nq\x03e.')],
  ['protocol 2', bytes('\x80\x02]q\x00(}q\x01X\x01\x00\x00\x00aq\x02K\x01sc__builtin__\nlen\nq\x03e.')],
  [
    'protocol 4',
    bytes('\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00]\x94(}\x94\x8c\x01a\x94K\x01s\x8c\x08builtins\x94.'),
  ],
  ['protocol 5', bytes('\x80\x05K\x01.')],
  ['a command', bytes("cos\nsystem\n(S'true'\ntR.")],
  ['an instance', bytes("(S'true'\nios\nsystem\n.")],
];

/** A zip file, entries stored or deflated. */
function zip(entries: [string, Uint8Array, boolean?][]): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const [name, content, deflate] of entries) {
    const body = deflate ? deflateRawSync(content) : content;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(body.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = bytes('PK\x03\x04', fields, name, body);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    central.push(bytes('PK\x01\x02', [20, 0], fields, tail, name));
    locals.push(local);
    at += local.length;
  }
  const directory = concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return bytes(concat(locals), directory, 'PK\x05\x06', end);
}

function safetensors(header: unknown, data = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return concat([length, text, new Uint8Array(data)]);
}

const npy = (descr: string) =>
  bytes(
    '\x93NUMPY\x01\x00v\x00',
    `{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }\n`,
    [0, 0, 0, 0],
  );

describe('a format is told by content', () => {
  const [, pickle] = pickles[3]!;
  const model = onnx.model(onnx.identity());
  test.each<[string, Uint8Array, Partial<Inspection>]>([
    ...pickles.map(
      ([name, content]) =>
        [`pickle, ${name}`, content, { format: 'pickle', runsCode: true }] as [
          string,
          Uint8Array,
          Partial<Inspection>,
        ],
    ),
    [
      'joblib',
      bytes('\x80\x04\x95\x30\x00\x00\x00\x00\x00\x00\x00\x8c\x13joblib.numpy_pickle\x94.'),
      { format: 'joblib', runsCode: true },
    ],
    [
      'compressed joblib',
      deflateSync(bytes('\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\n.')),
      { format: 'zlib', inside: ['joblib'], runsCode: true },
    ],
    [
      'pickle in gzip in gzip',
      gzipSync(gzipSync(pickle)),
      { format: 'gzip', inside: ['gzip', 'pickle'], runsCode: true },
    ],
    [
      'torch',
      zip([
        ['m/data.pkl', pickle],
        ['m/data/0', Buffer.alloc(64)],
      ]),
      { format: 'zip', runsCode: true, entries: 2 },
    ],
    [
      'TorchScript',
      zip([
        ['m/data.pkl', pickle],
        ['m/code/__torch__.py', bytes('x')],
        ['m/constants.pkl', pickle],
      ]),
      { format: 'torchscript', runsCode: true },
    ],
    [
      'a pickle under another name, deflated',
      zip([['readme.txt', pickle, true]]),
      { format: 'zip', inside: ['pickle'], runsCode: true },
    ],
    [
      'a harmless zip',
      zip([['readme.txt', bytes('hello'), true]]),
      { format: 'zip', inside: ['text'], runsCode: false },
    ],
    ['numpy', npy('<f4'), { format: 'numpy', runsCode: false }],
    ['numpy of objects', npy('|O'), { format: 'numpy', runsCode: true }],
    ['npz of objects', zip([['a.npy', npy('|O')]]), { format: 'zip', inside: ['numpy'], runsCode: true }],
    ['onnx', model, { format: 'onnx', runsCode: false }],
    ['onnx in gzip', gzipSync(model), { format: 'gzip', inside: ['onnx'], runsCode: false }],
    [
      'safetensors',
      safetensors({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 8),
      { format: 'safetensors' },
    ],
    ['csv', bytes('cycle,value\n1,0.5\n2,0.7\n'), { format: 'csv', runsCode: false }],
    ['a csv whose letters are opcodes', bytes('id\n1\n0.5\n'), { format: 'text', runsCode: false }],
    ['json', bytes(' {"a": [1]}'), { format: 'json', runsCode: false }],
    ['text', bytes('(0.5 is a number in brackets)'), { format: 'text', runsCode: false }],
    ['nothing', new Uint8Array(0), { format: 'empty', runsCode: false }],
    ['a program', bytes('\x7fELF\x02\x01\x01\x00'), { format: 'unknown', runsCode: false }],
  ])('%s', async (_, content, expected) => {
    const found = await inspectBytes(content);
    expect(found).toMatchObject(expected);
    expect(Inspection.parse(found)).toEqual(found);
  });
});

describe('the rules of an upload', () => {
  const policy = { allowPickle: false };
  test('a pickle is refused, and taken where the organization allows it', async () => {
    for (const [, content] of pickles) {
      const found = await inspectBytes(content);
      expect(() => checkModel(found, policy)).toThrow(
        expect.objectContaining({ code: 'catalogue.pickle-not-allowed' }),
      );
      expect(() => checkModel(found, { allowPickle: true })).not.toThrow();
    }
  });
  test('what is no model is refused by what it is', async () => {
    const found = await inspectBytes(bytes('a,b\n1,2\n'));
    expect(() => checkModel(found, policy)).toThrow(
      expect.objectContaining({
        code: 'catalogue.not-a-model',
        message: expect.stringContaining('csv') as string,
      }),
    );
  });
  test('every real model but three passes', async () => {
    const refused: string[] = [];
    for (const folder of (await readdir(fixtures, { withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    )) {
      const found = await inspectFile(`${fixtures}${folder.name}/model.onnx`);
      expect(Inspection.parse(found)).toEqual(found);
      try {
        checkModel(found, policy);
      } catch (error) {
        expect(error).toMatchObject({ code: 'catalogue.model-unsupported' });
        refused.push(folder.name);
      }
    }
    expect(refused.sort()).toEqual(['test_identity_sequence', 'test_loop13_seq', 'yalue_bfloat16_reject']);
  });
});

describe('an ONNX file is described', () => {
  test('a classifier, with the classes behind its ZipMap', async () => {
    const { onnx } = await inspectFile(`${fixtures}hydraulic_rf_zipmap/model.onnx`);
    expect(onnx).toMatchObject({
      irVersion: 7,
      producer: 'skl2onnx',
      opsets: [
        { domain: 'ai.onnx', version: 13 },
        { domain: 'ai.onnx.ml', version: 1 },
      ],
      inputs: [{ name: 'X', dtype: 'float32', dims: [null, 12] }],
      outputs: [
        { name: 'output_label', dtype: 'string', dims: [null] },
        {
          name: 'output_probability',
          dtype: 'float32',
          dims: [null, 3],
          labels: ['failing', 'ok', 'reduced'],
        },
      ],
    });
    expect(onnx!.operators).toContainEqual({
      domain: 'ai.onnx.ml',
      name: 'TreeEnsembleClassifier',
      count: 1,
    });
  });
  test('a window, a named axis, weights among the inputs, metadata', async () => {
    const content = onnx.model(
      onnx.identity(onnx.FLOAT, {
        weights: [onnx.weight('w', 3)],
        inputs: [
          onnx.value('x', onnx.tensorType(onnx.FLOAT, ['batch', 30, null])),
          onnx.value('w', onnx.tensorType(onnx.FLOAT, [3])),
        ],
      }),
    );
    const found = await inspectBytes(
      concat([content, bytesField(14, concat([textField(1, '__proto__'), textField(2, 'v')]))]),
    );
    expect(found.onnx).toMatchObject({
      inputs: [{ name: 'x', dims: ['batch', 30, null] }],
      initializers: 1,
      nodes: 1,
    });
    expect(Object.entries(found.onnx!.metadata!)).toEqual([['__proto__', 'v']]);
  });
  test('a locale that it needs', async () => {
    const found = await inspectFile(`${fixtures}yalue_strings/model.onnx`);
    expect(found.onnx!.needs).toEqual(['locale en_US.UTF-8']);
  });
});

describe('what the runtime cannot run is named', () => {
  const { graph, node, value, tensorType, identity, model } = onnx;
  const through = (operator: string, domain: string, attributes: Uint8Array[] = []) =>
    graph({
      nodes: [node({ operator, domain, name: 'here', inputs: ['x'], outputs: ['y'], attributes })],
      inputs: [value('x', tensorType(onnx.FLOAT, [1]))],
      outputs: [value('y', tensorType(onnx.FLOAT, [1]))],
    });
  test.each<[string, Uint8Array, string, string]>([
    ['IR', model(identity(), { ir: 14 }), 'IR version 14', 'ir_version'],
    ['opset', model(identity(), { opsets: { '': 27 } }), 'opset 27', 'opset_import ai.onnx'],
    ['old opset', model(identity(), { opsets: { '': 6 } }), 'opset 6', 'opset_import ai.onnx'],
    [
      'operators of others',
      model(through('Magic', 'org.example')),
      'org.example:Magic',
      'operator org.example:Magic',
    ],
    ['layout 1', model(through('GRU', '', [onnx.numberAttribute('layout', 1)])), 'layout 1', 'node here'],
    ['bfloat16', model(identity(16)), 'bfloat16', 'input x'],
    ['float8', model(identity(17)), 'float8e4m3fn', 'output y'],
    [
      'missing weights',
      model(identity(1, { weights: [onnx.weight('w', 2, 'w.bin')] })),
      '"w.bin"',
      'external data w.bin',
    ],
    ['no outputs', model(graph({ inputs: [value('x', tensorType(1, [1]))] })), 'no outputs', 'graph'],
  ])('%s', async (_, content, reason, place) => {
    const { unsupported } = await inspectBytes(content);
    expect(unsupported).toContainEqual({ reason: expect.stringContaining(reason) as string, place });
  });
  test('what a model defines itself is not foreign', async () => {
    const own = bytesField(
      25,
      concat([
        textField(1, 'Magic'),
        textField(10, 'org.example'),
        bytesField(7, node({ operator: 'Identity', inputs: ['x'], outputs: ['y'] })),
      ]),
    );
    expect(
      (await inspectBytes(concat([model(through('Magic', 'org.example')), own]))).unsupported,
    ).toBeUndefined();
  });
});

describe('damaged and hostile files', () => {
  test('a model cut anywhere is a refusal, never a crash or a model', async () => {
    const whole = await readFile(`${fixtures}hydraulic_rf_zipmap/model.onnx`);
    const codes = new Set<string>();
    for (let length = 1; length < whole.length; length += 37) {
      const error: unknown = await inspectBytes(whole.subarray(0, length)).then(
        ({ format, onnx }) => {
          // Cut after the graph it is whole, as far as can be seen, but for its opsets.
          expect(format === 'unknown' || onnx?.opsets.length !== 2).toBe(true);
        },
        (error: unknown) => error,
      );
      if (error !== undefined) {
        expect(error).toBeInstanceOf(Failure);
        codes.add((error as Failure).code);
      }
    }
    expect([...codes]).toEqual(['catalogue.model-broken']);
  });

  test('a model with any byte turned over is read or refused', async () => {
    const whole = await readFile(`${fixtures}yalue_multitype/model.onnx`);
    for (let at = 0; at < whole.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const turned = Uint8Array.from(whole);
        turned[at]! ^= mask;
        await inspectBytes(turned).catch((error: unknown) => expect(error).toBeInstanceOf(Failure));
      }
    }
  });

  const deep = (n: number) => {
    let type = onnx.tensorType(1, [1]);
    for (let i = 0; i < n; i++) type = onnx.sequenceType(type);
    return type;
  };
  const nested = (n: number) => {
    let inner = onnx.graph({});
    for (let i = 0; i < n; i++)
      inner = onnx.graph({
        nodes: [
          onnx.node({
            operator: 'If',
            inputs: ['c'],
            outputs: [],
            attributes: [onnx.graphAttribute('then_branch', inner)],
          }),
        ],
      });
    return inner;
  };
  const many = (n: number, part: Uint8Array) => concat(Array.from({ length: n }, () => part));
  test.each<[string, () => Uint8Array, string]>([
    [
      'deep types',
      () => onnx.model(onnx.graph({ inputs: [onnx.value('x', deep(limits.depth + 2))] })),
      'types nested deeper than 16',
    ],
    ['deep graphs', () => onnx.model(nested(limits.depth + 2)), 'graphs nested deeper than 16'],
    [
      'tensors',
      () => onnx.model(many(limits.tensors + 1, bytesField(5, textField(8, 'w')))),
      'more than 100000 tensors',
    ],
    [
      'a long name',
      () => onnx.model(onnx.graph({ inputs: [onnx.value('x'.repeat(5000), onnx.tensorType(1))] })),
      '5000 bytes',
    ],
    [
      'a long path',
      () => onnx.model(onnx.graph({ weights: [onnx.weight('w', 1, `${'a/'.repeat(3000)}../../x`)] })),
      'a path of more than',
    ],
    [
      'axes',
      () => onnx.model(onnx.graph({ inputs: [onnx.value('x', onnx.tensorType(1, Array(9).fill(1)))] })),
      'more than 8 axes',
    ],
    [
      'labels',
      () =>
        onnx.model(
          onnx.graph({
            nodes: [
              onnx.node({
                operator: 'ZipMap',
                inputs: ['p'],
                outputs: ['z'],
                attributes: [
                  concat([textField(1, 'classlabels_int64s'), many(limits.labels + 1, numberField(8, 1))]),
                ],
              }),
            ],
          }),
        ),
      'class labels',
    ],
  ])('too much: %s', async (_, content, what) => {
    await expect(inspectBytes(content())).rejects.toMatchObject({
      code: 'catalogue.model-too-complex',
      message: expect.stringContaining(what) as string,
    });
  });

  test.each<[string, Uint8Array, string]>([
    [
      'a length beyond the end',
      bytes([0x08, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      'the file ends 0 bytes further on',
    ],
    ['an endless number', bytes([0x08, 8, 0x3a], Array(12).fill(0xff)), 'more than 10 bytes'],
    ['a negative length', bytes([0x08, 8, 0x3a], Array(9).fill(0xff), [1]), 'a negative length'],
    ['groups', bytes([0x08, 8, 0x3a, 2, 0x0b, 0x0c]), 'unknown kind 3'],
    ['no graph', bytes([0x08, 8]), 'no graph'],
    ['two graphs', concat([onnx.model(onnx.identity()), bytesField(7, onnx.identity())]), 'a second graph'],
  ])('broken: %s', async (_, content, what) => {
    await expect(inspectBytes(content)).rejects.toMatchObject({
      code: 'catalogue.model-broken',
      message: expect.stringContaining(what) as string,
    });
  });

  test.each<[string, Uint8Array, string]>([
    [
      'cut',
      safetensors({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 4),
      'catalogue.model-broken',
    ],
    [
      'overlap',
      safetensors(
        {
          a: { dtype: 'U8', shape: [4], data_offsets: [0, 4] },
          b: { dtype: 'U8', shape: [4], data_offsets: [2, 6] },
        },
        6,
      ),
      'catalogue.model-broken',
    ],
    [
      'a shape that lies',
      safetensors({ a: { dtype: 'F32', shape: [1e9, 1e9], data_offsets: [0, 4] } }, 4),
      'catalogue.model-broken',
    ],
    ['no JSON', safetensors('{"a":'), 'catalogue.model-broken'],
    ['nesting', safetensors(`{"a":${'['.repeat(100_000)}`), 'catalogue.model-too-complex'],
    ['a header beyond the file', safetensors('{"').fill(0x7f, 0, 3), 'catalogue.model-broken'],
  ])('safetensors: %s', async (_, content, code) => {
    await expect(inspectBytes(content)).rejects.toMatchObject({ code });
  });

  test.each<[string, Uint8Array, string]>([
    ['cut', zip([['a', bytes('x')]]).subarray(0, 60), 'catalogue.model-broken'],
    ['climbing out', zip([['a/../../b', bytes('x')]]), 'catalogue.path-escapes'],
    ['absolute', zip([['/etc/passwd', bytes('x')]]), 'catalogue.path-escapes'],
    [
      'entries',
      zip(Array.from({ length: limits.archiveEntries + 1 }, (_, i) => [`${i}`, new Uint8Array(0)])),
      'catalogue.model-too-complex',
    ],
  ])('zip: %s', async (_, content, code) => {
    await expect(inspectBytes(content)).rejects.toMatchObject({ code });
  });

  test('a gigabyte of nothing, packed, costs no memory', async () => {
    const before = process.memoryUsage().rss;
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await inspectBytes(bomb)).toMatchObject({ format: 'gzip' });
    expect(await inspectBytes(zip([['a', Buffer.alloc(64 * 1024 * 1024), true]]))).toMatchObject({
      format: 'zip',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 1024 * 1024);
  });

  test('weights behind a link that leads out count as missing', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-inspect-'));
    try {
      const file = path.join(folder, 'model.onnx');
      const content = onnx.model(onnx.identity(1, { weights: [onnx.weight('w', 2, 'w.bin')] }));
      await writeFile(file, content);
      await symlink('/etc/hostname', path.join(folder, 'w.bin'));
      expect((await inspectFile(file)).unsupported).toHaveLength(1);
      const through = onnx.model(onnx.identity(1, { weights: [onnx.weight('w', 2, 'out/hostname')] }));
      await writeFile(path.join(folder, 'through.onnx'), through);
      await symlink('/etc', path.join(folder, 'out'));
      expect((await inspectFile(path.join(folder, 'through.onnx'))).unsupported).toHaveLength(1);
      await rm(path.join(folder, 'w.bin'));
      await mkdir(path.join(folder, 'w.bin'));
      expect((await inspectFile(file)).unsupported).toHaveLength(1);
      await rm(path.join(folder, 'w.bin'), { recursive: true });
      await writeFile(path.join(folder, 'w.bin'), 'weights');
      expect((await inspectFile(file)).unsupported).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
