import { gzipSync } from 'node:zlib';
import { columnsOf } from './columns.js';

const of = (text: string | Uint8Array, whole = true) =>
  columnsOf('rig.csv', Buffer.from(text as string), whole);

describe('columns of a test file', () => {
  it.each([
    ['t,a,b\n1,2,3\n', ['t', 'a', 'b']],
    ['\ufefftime;"pressure; bar";temp\r\n', ['time', 'pressure; bar', 'temp']],
    ['a\tb\n', ['a', 'b']],
    ['"say ""hi""", b \n1,2', ['say "hi"', 'b']],
    ['\n\nwhen,Druck °C\n', ['when', 'Druck °C']],
    ['1,2.5,-3e4\n', []],
    ['alone\n1\n', ['alone']],
    ['{"t":1,"a":2}\n\n{"t":2,"b":[1]}\nnot json\n{"c":1}\n', ['t', 'a', 'b', 'c']],
  ])('%j', (text, columns) => expect(of(text)).toEqual(columns));

  it('does not take the line that the beginning cuts', () => {
    expect(of('t,a\n1,2', false)).toEqual(['t', 'a']);
    expect(of('{"t":1}\n{"t":2,"a', false)).toEqual(['t']);
    // Within a character of three bytes.
    expect(of(Buffer.from('t,€\n1,€').subarray(0, -1), false)).toEqual(['t', '€']);
    expect(() => of('one line without an end', false)).toThrow(/has no line within its first 64 KiB/);
  });

  it.each([
    [gzipSync('t,a\n'), /packed with gzip. Unpack it/],
    [Buffer.from('PK\u0003\u0004'), /ZIP archive or a spreadsheet. Save it as CSV/],
    [Buffer.from('\ufefft,a\n', 'utf16le'), /UTF-16. Save it as UTF-8/],
    [Buffer.from([1, 0, 2, 10]), /holds zero bytes/],
    [Buffer.from([0x74, 0xe4, 0x2c, 0x61, 10]), /no text in UTF-8/],
    [Buffer.from(' \n\r\n'), /is empty/],
    [Buffer.from('{"t":1\n'), /line 1 is no JSON/],
  ])('refuses %j', (bytes, sentence) => {
    expect(() => of(bytes)).toThrow(sentence);
    expect(() => of(bytes)).toThrow(/rig\.csv .*Send CSV/);
  });

  it('keeps within its bounds', () => {
    const wide = Array.from({ length: 3_000 }, (_, i) => `c${i}`).join();
    expect(of(`${wide}\n`)).toHaveLength(1_000);
    expect(of(`${'x'.repeat(500)},y\n`)[0]).toHaveLength(200);
  });
});
