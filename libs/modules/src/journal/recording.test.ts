import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporary } from '../../../../test/kit/rig.js';
import { eachFrame, Segments } from '../segments.js';
import { entriesOf } from './entries.js';
import { decodeTaken, encodeTaken } from './entry.js';
import { JOURNAL } from './journal.js';
import { readRecording } from './recording.js';

const { folder, remove } = temporary();
afterAll(remove);

const texts = (frames: Buffer) => {
  const found: string[] = [];
  eachFrame(frames, (stored) => found.push(Buffer.from(decodeTaken(stored).payload).toString()));
  return found;
};

describe('a recording', () => {
  const taken = (module: string, text: string) => ({
    time: 1,
    payload: encodeTaken({ module, topic: 't', packet: 0, at: 1, payload: Buffer.from(text) }),
  });

  it('comes in parts, of one source, while it is written', async () => {
    const segments = await Segments.open(path.join(folder, JOURNAL), 500);
    for (let i = 1; i <= 60; i++) await segments.append([taken(i % 3 === 0 ? 'b' : 'a', `${i}`.padEnd(40))]);
    const got: string[] = [];
    let after = 0;
    for (let parts = 0; ; parts++) {
      const { frames, through, more } = await readRecording(folder, 'a', after, 400);
      expect(frames.length).toBeLessThanOrEqual(400);
      got.push(...texts(frames));
      after = through;
      if (more) continue;
      expect(parts).toBeGreaterThan(5);
      break;
    }
    const all = Array.from({ length: 60 }, (_, i) => i + 1).filter((i) => i % 3 !== 0);
    expect(got.map(Number)).toEqual(all);
    expect(after).toBe(60);
    await segments.append([taken('a', '61'), taken('a', 'x'.repeat(500)), taken('a', '63')]);
    const rest = await readRecording(folder, 'a', after, 400);
    expect(texts(rest.frames)).toEqual(['61', '63']);
    expect(rest).toMatchObject({ through: 63, more: false, leftOut: 1 });
    await segments.close();
  });

  it('ends before what is half written, and says when there is no journal', async () => {
    const where = path.join(folder, 'torn');
    const segments = await Segments.open(path.join(where, JOURNAL), 10_000);
    await segments.append([taken('a', '1')]);
    await segments.close();
    mkdirSync(path.join(folder, 'none', JOURNAL), { recursive: true });
    writeFileSync(segments.files[0].file, Buffer.from([90, 0, 0, 0, 1, 2, 3]), { flag: 'a' });
    expect(texts((await readRecording(where, 'a', 0, 1000)).frames)).toEqual(['1']);
    await expect(readRecording(path.join(folder, 'none'), 'a', 0, 1000)).rejects.toThrow(
      'a the setting journal',
    );
  });

  it('is read from a file, which is refused at once when it is none, and where it is damaged', async () => {
    const where = path.join(folder, 'file');
    const segments = await Segments.open(path.join(where, JOURNAL), 1e9);
    await segments.append([taken('a', '1'), taken('a', 'x'.repeat(3_000_000)), taken('a', '3')]);
    await segments.close();
    const { file } = segments.files[0];
    const read = async (of: string) => {
      const lengths: number[] = [];
      for await (const { payload } of entriesOf(of, 'the file')) lengths.push(payload.length);
      return lengths;
    };
    expect(await read(file)).toEqual([1, 3_000_000, 1]);
    const bytes = readFileSync(file);
    const wrong = path.join(where, 'wrong');
    // A hole of 8 GiB: whoever gathers it before refusing it does not come back.
    writeFileSync(wrong, 'this is no recording\n');
    truncateSync(wrong, 8 * 2 ** 30);
    await expect(read(wrong)).rejects.toThrow('the file is no recording');
    bytes[2_000_000] ^= 1;
    writeFileSync(file, bytes);
    await expect(read(file)).rejects.toThrow('the file is damaged behind its entry 1');
    writeFileSync(file, bytes.subarray(0, 1_000_000));
    expect(await read(file)).toEqual([1]);
  });
});
