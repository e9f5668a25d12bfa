/** Packed folders: what is good lies unpacked as it was, and what is not is refused and leaves nothing. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tar, tarGz, zip, type TarEntry } from '../../../../test/kit/packed.js';
import { limits } from '../inspect/limits.js';
import { bytesSource } from '../inspect/source.js';
import { measurePacked, packedFormat } from './archive.js';
import { isPacked, unpackScript } from './unpack.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-unpack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function unpack(bytes: Buffer): Promise<string> {
  const file = join(folder, 'packed');
  await writeFile(file, bytes);
  const to = join(folder, 'to');
  await unpackScript(file, to);
  return to;
}
const measured = async (bytes: Buffer) => {
  const source = bytesSource(bytes);
  return measurePacked(source, (await packedFormat(source))!);
};

const files: TarEntry[] = [
  { name: './main.py', content: 'def predict(rows): return rows\n' },
  { name: 'lib/', type: '5' },
  { name: 'lib/run.sh', content: '#!/bin/sh\n', mode: 0o755 },
  { name: 'empty.txt' },
];

test.each([
  ['tar', tar(files)],
  ['tar.gz', tarGz(files)],
  [
    'zip',
    zip([
      { name: 'main.py', content: files[0]!.content },
      { name: 'lib/run.sh', content: '#!/bin/sh\n', mode: 0o100755 },
      { name: 'empty.txt' },
    ]),
  ],
])('a %s is unpacked as it was packed', async (format, bytes) => {
  expect(await packedFormat(bytesSource(bytes))).toBe(format);
  expect(await measured(bytes)).toEqual({ files: 3, bytes: 31 + 10 });
  const to = await unpack(bytes);
  expect((await readdir(to)).toSorted()).toEqual(['empty.txt', 'lib', 'main.py']);
  expect(await readFile(join(to, 'main.py'), 'utf8')).toBe(files[0]!.content);
  expect((await stat(join(to, 'lib/run.sh'))).mode & 0o111).not.toBe(0);
  expect(await readdir(folder)).toHaveLength(2);
});

test('one folder around everything is left out, long names are whole, large files too', async () => {
  const long = `pump/${'a'.repeat(90)}/${'b'.repeat(90)}.txt`;
  const large = Buffer.alloc(3_000_000, 'x');
  const bytes = tar([
    { name: '././@LongLink', type: 'L', content: `${long}\0` },
    { name: long.slice(0, 99), content: 'long' },
    { name: 'pump/large.bin', content: large },
    {
      name: 'pax',
      type: 'x',
      content: `${String(28).padStart(2)} path=pump/${'\u00fc'}ber.txt\n`.replace(/^28/, '23'),
    },
    { name: 'other', content: 'pax' },
  ]);
  const to = await unpack(bytes);
  expect((await readdir(to)).toSorted()).toEqual(['a'.repeat(90), 'large.bin', '\u00fcber.txt'].toSorted());
  expect((await readFile(join(to, 'large.bin'))).equals(large)).toBe(true);
});

test('a source file is no packed folder, whatever it is called', async () => {
  const file = join(folder, 'script.zip');
  await writeFile(file, 'print(1)\n');
  expect(await isPacked(file)).toBe(false);
  await writeFile(file, gzipSync('print(1)\n'));
  expect(await isPacked(file)).toBe(false);
});

const bomb = () => tarGz([{ name: 'zeros', content: Buffer.alloc(64 * 1024 * 1024) }]);

test.each<[string, () => Buffer, string]>([
  ['a path that climbs', () => tar([{ name: '../out.py', content: 'x' }]), 'catalogue.path-escapes'],
  [
    'a path that climbs in between',
    () => tarGz([{ name: 'a/../../out', content: 'x' }]),
    'catalogue.path-escapes',
  ],
  ['an absolute path', () => tar([{ name: '/etc/out', content: 'x' }]), 'catalogue.path-escapes'],
  ['a path of another system', () => tar([{ name: 'C:\\out', content: 'x' }]), 'catalogue.path-escapes'],
  ['such a path in a zip', () => zip([{ name: 'a\\..\\..\\out', content: 'x' }]), 'catalogue.path-escapes'],
  [
    'a link',
    () =>
      tar([
        { name: 'way', type: '2', link: '/etc' },
        { name: 'way/out', content: 'x' },
      ]),
    'catalogue.script-unfit',
  ],
  [
    'a hard link',
    () => tar([{ name: 'way', type: '1', link: '../../etc/passwd' }]),
    'catalogue.script-unfit',
  ],
  [
    'a link in a zip',
    () => zip([{ name: 'way', content: '/etc', mode: 0o120777 }]),
    'catalogue.path-escapes',
  ],
  ['a device', () => tar([{ name: 'null', type: '3' }]), 'catalogue.script-unfit'],
  [
    'a path twice',
    () =>
      tar([
        { name: 'a', content: '1' },
        { name: './a', content: '2' },
      ]),
    'catalogue.script-unfit',
  ],
  [
    'a file as a folder',
    () =>
      tar([
        { name: 'a', content: '1' },
        { name: 'a/b', content: '2' },
      ]),
    'catalogue.script-unfit',
  ],
  ['nothing', () => tar([{ name: 'a', type: '5' }]), 'catalogue.script-unfit'],
  [
    'a zip that lies about a length',
    () => zip([{ name: 'a', content: Buffer.alloc(100_000), says: 10 }]),
    'catalogue.model-broken',
  ],
  [
    'a tar that was cut',
    () => tar([{ name: 'a', content: Buffer.alloc(9_000, 'x') }]).subarray(0, 4_000),
    'catalogue.model-broken',
  ],
  ['a gzip that was cut', () => tarGz(files).subarray(0, -30), 'catalogue.model-broken'],
  ['a gzip without its checksum', () => tarGz(files).subarray(0, -8), 'catalogue.model-broken'],
  [
    'a header that does not add up',
    () => {
      const bytes = tar(files);
      bytes[3] = 0x41;
      return bytes;
    },
    'catalogue.model-broken',
  ],
])(
  '%s is refused when it is looked at and when it is unpacked, and leaves nothing',
  async (_what, make, code) => {
    const bytes = make();
    await expect(measured(bytes)).rejects.toMatchObject({ code });
    if (_what !== 'nothing') await expect(unpack(bytes)).rejects.toMatchObject({ code });
    expect((await readdir(folder)).filter((name) => name.includes('building'))).toEqual([]);
  },
);

test('a bomb is refused before it has burst', async () => {
  const packedBytes = limits.packedBytes;
  try {
    (limits as { packedBytes: number }).packedBytes = 16 * 1024 * 1024;
    const before = process.memoryUsage().rss;
    await expect(measured(bomb())).rejects.toMatchObject({ code: 'catalogue.model-too-complex' });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  } finally {
    (limits as { packedBytes: number }).packedBytes = packedBytes;
  }
});
