/**
 * Files made to hurt: each is refused by its content, with what and why, within two seconds, in a process that may
 * hold 64 MB. Limits of time are several times what a machine that is free takes.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { Failure } from '@millrace/schemas';
import { entry, overlapping, safetensorsOf, tar, zip } from '../../../../test/kit/archives.js';
import * as onnx from '../../../../test/kit/onnx.js';
import { checkModel, refuseCode } from './check.js';
import { inspect, inspectBytes } from './inspect.js';
import { bytesField, concat, textField } from './protobuf.js';

const MiB = 1024 * 1024;
const pickle = Buffer.from("cos\nsystem\n(S'true'\ntR.");
const pickle4 = Buffer.from('\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.', 'latin1');
const csv = Buffer.from('t,x\n1,2\n2,3\n');
const policy = { allowPickle: false };

/** As data, since that takes most. */
async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    refuseCode(await inspectBytes(bytes), policy);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).message.length).toBeGreaterThan(20);
    return (error as Failure).code;
  }
  return 'taken';
}

const many = (count: number) => Array.from({ length: count }, (_, i) => entry(`n${i}`, csv));

describe('a pickle is found wherever it is hidden', () => {
  test.each<[string, () => Uint8Array]>([
    ['in a zip', () => zip([entry('readme.txt', pickle)])],
    [
      'deflated behind 5,000 others',
      () => zip([...many(5_000), entry('last.csv', pickle4, { deflate: true })]),
    ],
    [
      'so well packed that its beginning bursts',
      () => zip([entry('a', concat([pickle4.subarray(0, 2), Buffer.alloc(3 * MiB)]), { deflate: true })]),
    ],
    ['in a tar', () => tar([['weights.bin', pickle4]])],
    [
      'in a tar in a tar',
      () =>
        tar([
          ['a.csv', csv],
          [
            'inner',
            tar([
              ['b.csv', csv],
              ['c.csv', pickle],
            ]),
          ],
        ]),
    ],
    [
      'last in a packed tar',
      () =>
        gzipSync(
          tar([
            ['a.csv', csv],
            ['b.csv', Buffer.alloc(MiB, '1,2\n')],
            ['c.csv', pickle4],
          ]),
        ),
    ],
    ['in a zip in a zip', () => zip([entry('inner.csv', zip([entry('x.csv', pickle)]), { deflate: true })])],
    ['in a tar in a zip in gzip', () => gzipSync(zip([entry('inner', tar([['x', pickle4]]))]))],
    [
      'in gzip that packs 1,000 to one',
      () => gzipSync(concat([pickle4.subarray(0, 2), Buffer.alloc(8 * MiB)])),
    ],
    [
      'in gzip behind a long name',
      () => {
        const packed = gzipSync(pickle4);
        const head = Buffer.from(packed.subarray(0, 10));
        head[3] = 8;
        return concat([head, Buffer.alloc(10_000, 'n'), Buffer.of(0), packed.subarray(10)]);
      },
    ],
    [
      'as the name in a tar',
      () => {
        const file = Buffer.from(tar([['x', csv]]));
        return Buffer.concat([pickle, file.subarray(pickle.length)]);
      },
    ],
    ['in bzip2', () => Buffer.from('BZh91AY&SY', 'latin1')],
    ['in xz', () => Buffer.from('\xfd7zXZ\x00\x00', 'latin1')],
  ])('%s', async (_, make) => {
    expect(await refusal(make())).toBe('catalogue.pickle-not-allowed');
  });
});

describe('an archive that lies is refused', () => {
  test.each<[string, () => Uint8Array, string]>([
    ['entries that share bytes', () => overlapping(200, Buffer.alloc(MiB)), 'catalogue.model-broken'],
    ['two of one name', () => zip([entry('a', csv), entry('a', csv)]), 'catalogue.model-broken'],
    [
      'a size that deflate cannot reach',
      () => zip([entry('a', csv, { deflate: true, claim: 4e9 })]),
      'catalogue.model-too-complex',
    ],
    [
      'a bomb of gigabytes',
      () => {
        const packed = deflateRawSync(Buffer.alloc(4 * MiB));
        const all = Array.from({ length: 40 }, (_, i) =>
          entry(`${i}`, csv, { packed: concat([packed, Buffer.alloc(4 * MiB)]), claim: 4e9 }),
        );
        return zip(all);
      },
      'catalogue.model-too-complex',
    ],
    ['encrypted', () => zip([entry('a', csv, { flags: 1 })]), 'catalogue.model-too-complex'],
    [
      'packed by an unknown method',
      () => zip([entry('a', csv, { method: 12 })]),
      'catalogue.model-too-complex',
    ],
    ['a link in a zip', () => zip([entry('a', csv, { mode: 0o120777 })]), 'catalogue.path-escapes'],
    ['a link in a tar', () => tar([['a', csv, '2']]), 'catalogue.path-escapes'],
    ['climbing out of a tar', () => tar([['../../etc/cron.d/x', csv]]), 'catalogue.path-escapes'],
    ['absolute in a tar', () => tar([['/etc/cron.d/x', csv]]), 'catalogue.path-escapes'],
    [
      'climbing out by a pax header',
      () =>
        tar([
          ['PaxHeader', Buffer.from('20 path=../../../ab\n'), 'x'],
          ['a', csv],
        ]),
      'catalogue.path-escapes',
    ],
    [
      'a tar that is cut',
      () =>
        tar([
          ['a', csv],
          ['b', csv],
        ]).subarray(0, 700),
      'catalogue.model-broken',
    ],
    [
      'a packed tar that is cut',
      () => {
        const packed = gzipSync(tar([['a', Buffer.from(Array.from({ length: 20_000 }, (_, i) => i % 251))]]));
        return packed.subarray(0, packed.length - 40);
      },
      'catalogue.model-broken',
    ],
    [
      'a packed tar of 200 MB',
      () => gzipSync(tar([['a', Buffer.alloc(200 * MiB)]])),
      'catalogue.model-too-complex',
    ],
    [
      'archives in archives',
      () => {
        let inner = tar([['a', csv]]);
        for (let i = 0; i < 8; i++) inner = tar([['a', inner]]);
        return inner;
      },
      'catalogue.model-too-complex',
    ],
    [
      'a csv that is a zip at its end',
      () => concat([csv, zip([entry('data.pkl', pickle)], csv.length)]),
      'catalogue.model-broken',
    ],
    [
      'a model that is a zip at its end',
      () => {
        const model = onnx.model(onnx.identity());
        return concat([
          model,
          bytesField(14, concat([textField(1, 'k'), bytesField(2, zip([entry('data.pkl', pickle)]))])),
        ]);
      },
      'catalogue.model-broken',
    ],
  ])('%s', async (_, make, code) => {
    expect(await refusal(make())).toBe(code);
  });

  test('a store that is away is not taken for a damaged file', async () => {
    const bytes = gzipSync(
      tar([['a', Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) % 251))]]),
    );
    let reads = 0;
    const source = {
      size: bytes.length,
      async read(offset: number, length: number) {
        if (++reads > 1) throw new Failure('platform.unavailable', 'away');
        return bytes.subarray(offset, offset + length);
      },
    };
    await expect(inspect(source)).rejects.toMatchObject({ code: 'platform.unavailable' });
  });

  test('what people really pack is taken', async () => {
    const script = [
      ['main.py', Buffer.from('import sys\n')],
      ['lib/a.py', Buffer.from('x = 1\n')],
    ] as [string, Buffer][];
    expect(await refusal(tar(script))).toBe('taken');
    expect(await refusal(gzipSync(tar(script)))).toBe('taken');
    expect(await refusal(zip(script.map(([name, bytes]) => entry(name, bytes, { deflate: true }))))).toBe(
      'taken',
    );
    expect(await refusal(gzipSync(Buffer.alloc(2 * MiB, '1,2\n')))).toBe('taken');
    expect(await refusal(Buffer.from('x^2,y\n1,2\n4,5\n'))).toBe('taken');
  });
});

describe('a model that is made to hurt is refused', () => {
  const external = (location: string) => onnx.model(onnx.graph({ weights: [onnx.weight('w', 2, location)] }));
  test.each<[string, () => Uint8Array, string]>([
    ['weights above its folder', () => external('../../etc/shadow'), 'catalogue.path-escapes'],
    ['weights at an absolute path', () => external('/etc/shadow'), 'catalogue.path-escapes'],
    ['weights at a path of Windows', () => external('C:\\secret'), 'catalogue.path-escapes'],
    [
      'a million tensors',
      () => onnx.model(concat(Array.from({ length: 1_000_000 }, () => bytesField(5, textField(8, 'w'))))),
      'catalogue.model-too-complex',
    ],
    ['a header of 2^63 bytes', () => safetensorsOf(2n ** 63n, '{"a":1}'), 'catalogue.not-a-model'],
    ['a header of 2^64 - 1 bytes', () => safetensorsOf(2n ** 64n - 1n, '{"a":1}'), 'catalogue.not-a-model'],
    [
      'a header of 99 MB that is not there',
      () => safetensorsOf(99_000_000n, '{"a":1}'),
      'catalogue.model-too-complex',
    ],
    [
      'a header of a million brackets',
      () => safetensorsOf(1_000_006n, `{"a":${'['.repeat(1_000_001)}`),
      'catalogue.model-too-complex',
    ],
  ])('%s', async (_, make, code) => {
    const bytes = make();
    const judge = inspectBytes(bytes).then((found) => checkModel(found, policy));
    await expect(judge).rejects.toMatchObject({ code });
  });
});

/** Each in a process of its own, whose heap and resident memory are bound. */
describe('in bounds of time and memory', () => {
  const judge = fileURLToPath(new URL('../../../../test/kit/inspect-main.mjs', import.meta.url));
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'millrace-hostile-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, () => Uint8Array]>([
    [
      'a million tensors',
      () => onnx.model(concat(Array.from({ length: 1_000_000 }, () => bytesField(5, textField(8, 'w'))))),
    ],
    ['a packed tar of 200 MB', () => gzipSync(tar([['a', Buffer.alloc(200 * MiB)]]))],
    [
      '9,999 packed entries',
      () =>
        zip(Array.from({ length: 9_999 }, (_, i) => entry(`${i}`, Buffer.alloc(5_000), { deflate: true }))),
    ],
    ['a header of 30 MB', () => safetensorsOf(30_000_000n, `{"${'a'.repeat(29_999_990)}":[[]`)],
  ])(
    '%s',
    async (_, make) => {
      const file = path.join(folder, 'file');
      await writeFile(file, make());
      const child = spawn(process.execPath, ['--max-old-space-size=64', judge, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk));
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
      const { ms, grownMb } = JSON.parse(said) as { ms: number; grownMb: number };
      console.log(`${said.trim()}`);
      expect(ms).toBeLessThan(2_000);
      expect(grownMb).toBeLessThan(128);
    },
    60_000,
  );
});
