/**
 * What every runner must do: one suite, spoken to in frames over its standard input and output, with no session
 * between. For tests only; it is not part of the package.
 *
 * The script of each language does what `settings.do` says with rows of the columns `a`, `b` (numbers) and `name`
 * (texts): `first` gives a; `both` gives {result: a + b, label: name}; `vector` gives [a, b]; `texts` gives name;
 * `truths` gives a > 0; `columns` gives a table {result, label}; `print` prints a line a row and gives a; `raise` raises
 * "boom 7" in a function `deep`; `few` gives a result too few; `nothing` gives no value for the first row; `settings` gives
 * settings.factor * a; `path` gives the text of the file `model`. `load` logs "loaded" and, with `do: unready`, raises.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { frameHead, FrameReader, Kind, PREFIX, type Frame } from './frames.js';
import { helloOf, type BatchHeader, type Hello, type ResultHeader } from './hello.js';
import type { Launch } from './launch.js';

export interface Rig {
  launch(): Promise<Launch>;
  /** Name and text of the script. */
  file: string;
  script: string;
  /** As `ready` has it. */
  language: string;
  class?: string;
  /** Makes what is started from the script's file, where that would else be done with every start. */
  build?: (file: string) => string;
  /** What a script says that wants rows as an array, in front of its own; absent: this language has dicts only. */
  array?: (script: string) => string;
}

const START_MS = 60_000;
/** 64 MiB of float64 and more. */
const LARGE_ROWS = 2_800_000;

interface Said {
  kind: number;
  id: number;
  header: Record<string, unknown>;
  body: Buffer;
}

class Line {
  readonly frames: Said[] = [];
  log = '';
  code: number | null | undefined;
  private wake = () => {};

  constructor(readonly child: ChildProcess) {
    const reader = new FrameReader(({ kind, id, header, body }: Frame) => {
      this.frames.push({ kind, id, header, body: Buffer.from(body) });
      this.wake();
    });
    child.stdout!.on('data', (chunk: Buffer) => reader.push(chunk));
    child.stderr!.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    child.stdin!.on('error', () => {});
    child.on('close', (code) => {
      this.code = code;
      this.wake();
    });
  }

  send(kind: number, id: number, header: object | null, body: Uint8Array = new Uint8Array(0)): void {
    this.child.stdin!.write(frameHead(kind, id, header, body.byteLength));
    if (body.byteLength > 0) this.child.stdin!.write(body);
  }

  async next(): Promise<Said> {
    await this.until('a frame', () => this.frames.length > 0);
    return this.frames.shift()!;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!holds()) {
      const ended = this.code !== undefined ? `; it ended with code ${this.code}` : '';
      if (Date.now() > deadline || (ended !== '' && !holds()))
        throw new Error(`waited for ${what}${ended}. Its log: ${this.log.slice(-2000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The code with which it ended by itself. */
  async ended(): Promise<number | null> {
    await this.until('its end', () => this.code !== undefined);
    return this.code!;
  }
}

export function conforms(name: string, rig: Rig): void {
  describe(`the runner of ${name}`, () => {
    let folder: string;
    let launch: Launch;
    let built: string;
    const open: Line[] = [];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millrace-runner-'));
      writeFileSync(join(folder, rig.file), rig.script);
      // Of the same name, since a class is called like its file.
      mkdirSync(join(folder, 'array'));
      if (rig.array) writeFileSync(join(folder, 'array', rig.file), rig.array(rig.script));
      built = rig.build?.(join(folder, rig.file)) ?? join(folder, rig.file);
      writeFileSync(join(folder, 'model file.txt'), 'the model');
      launch = await rig.launch();
    }, START_MS);
    afterEach(() => {
      for (const { child } of open.splice(0)) child.kill('SIGKILL');
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    function start(): Line {
      const [program, ...args] = launch.command;
      const line = new Line(spawn(program!, args, { env: launch.env, cwd: folder, stdio: 'pipe' }));
      open.push(line);
      return line;
    }

    const NUMBERS = ['a', 'b'];
    const hello = (settings: Record<string, unknown>, more: Partial<Hello> = {}): Hello =>
      helloOf({
        columns: NUMBERS.map((column) => ({ name: column, dtype: 'float64' as const })),
        dtype: 'float64',
        outputs: ['result'],
        entry: built,
        class: rig.class,
        files: { model: join(folder, 'model file.txt') },
        settings,
        caps: {},
        ...more,
      });
    const withText = {
      columns: [...NUMBERS, 'name'].map((column) => ({
        name: column,
        dtype: column === 'name' ? ('string' as const) : ('float64' as const),
      })),
    };

    async function ready(
      settings: Record<string, unknown>,
      more: Partial<Hello> = {},
    ): Promise<{ line: Line; said: Said }> {
      const line = start();
      line.send(Kind.hello, 7, hello(settings, more));
      const said = await line.next();
      if (said.kind !== Kind.ready) throw new Error(`not ready: ${JSON.stringify(said.header)}`);
      return { line, said };
    }

    const doubles = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
    const numbersIn = ({ body }: Said) => [...new Float64Array(new Uint8Array(body).buffer)];
    const resultIn = ({ header }: Said) => header as unknown as Partial<ResultHeader>;

    async function ask(
      doing: string | Record<string, unknown>,
      body: Uint8Array,
      { header = null, ...more }: Partial<Hello> & { header?: BatchHeader | null } = {},
    ): Promise<{ line: Line; said: Said }> {
      const { line } = await ready(typeof doing === 'string' ? { do: doing } : doing, more);
      line.send(Kind.batch, 41, header, body);
      const said = await line.next();
      expect(said.id).toBe(41);
      return { line, said };
    }

    test('is ready with its language, its version and what it was told, and logs', async () => {
      const { line, said } = await ready({ do: 'first' });
      expect([said.kind, said.id]).toEqual([Kind.ready, 7]);
      expect(said.header).toMatchObject({
        protocol: 1,
        language: rig.language,
        version: expect.stringMatching(/^\d+\.\d+/),
        schema: hello({ do: 'first' }).schema,
      });
      await line.until('its log', () => line.log.includes('loaded'));
    });

    test('numbers come back, bit for bit, one a row and without a header', async () => {
      const values = [0, -0, 1.5, -1e300, 5e-324, 0.1, Number.MAX_SAFE_INTEGER];
      const { said } = await ask('first', doubles(...values.flatMap((a) => [a, 9])));
      expect(said.kind).toBe(Kind.result);
      expect(said.header).toEqual({});
      expect(numbersIn(said).every((value, i) => Object.is(value, values[i]))).toBe(true);
      expect(numbersIn(said)).toHaveLength(values.length);
    });

    test('float32 comes in as it is', async () => {
      const body = new Uint8Array(Float32Array.from([0.1, 2, 3.25, 4]).buffer);
      const { said } = await ask('first', body, { dtype: 'float32' });
      expect(numbersIn(said)).toEqual([Math.fround(0.1), 3.25]);
    });

    test('NaN and the infinities go both ways', async () => {
      const { said } = await ask('first', doubles(NaN, 0, Infinity, 0, -Infinity, 0));
      expect(numbersIn(said)).toEqual([NaN, Infinity, -Infinity]);
    });

    test('texts travel in the header, in any script', async () => {
      const strings = { 2: ['mill', 'Mühle', '水車 🎡', 'a "quoted"\n\\line\u0001', ''] };
      const header = { rows: 5, strings };
      const body = doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
      const more = { ...withText, outputs: ['result', 'label'], header };
      const { said } = await ask('both', body, more);
      expect(resultIn(said)).toEqual({
        rows: 5,
        fields: [{ name: 'result', width: 1 }],
        values: { label: strings[2] },
      });
      expect(numbersIn(said)).toEqual([3, 7, 11, 15, 19]);
      const bare = await ask('texts', body, { ...withText, header });
      expect(resultIn(bare.said)).toEqual({ rows: 5, fields: [], values: { result: strings[2] } });
    });

    test('truths stay truths, vectors vectors, and a table gives its columns', async () => {
      const truths = await ask('truths', doubles(1, 0, -1, 0));
      expect(resultIn(truths.said)).toEqual({ rows: 2, fields: [], values: { result: [true, false] } });
      const vectors = await ask('vector', doubles(1, 2, 3, 4, 5, 6));
      expect(resultIn(vectors.said)).toMatchObject({ rows: 3, fields: [{ name: 'result', width: 2 }] });
      expect(numbersIn(vectors.said)).toEqual([1, 2, 3, 4, 5, 6]);
      const table = await ask('columns', doubles(1, 2, 3, 4), {
        ...withText,
        outputs: ['result', 'label'],
        header: { rows: 2, strings: { 2: ['x', 'y'] } },
      });
      expect(resultIn(table.said)).toMatchObject({ rows: 2, values: { label: ['x', 'y'] } });
      expect(numbersIn(table.said)).toEqual([3, 7]);
    });

    test('a row without a value has none, and only that row', async () => {
      const { said } = await ask('nothing', doubles(1, 2, 3, 4, 5, 6));
      const { values } = resultIn(said);
      const given = values?.result ?? numbersIn(said).map((value) => (Number.isNaN(value) ? null : value));
      expect(given).toEqual([null, 3, 5]);
    });

    test('a batch of no rows has no results', async () => {
      const { said } = await ask('first', new Uint8Array(0), { header: { rows: 0 } });
      expect([said.kind, said.body.length]).toEqual([Kind.result, 0]);
      expect(resultIn(said).rows).toBe(0);
    });

    test('windows come in as rows by columns', async () => {
      const body = doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
      const { said } = await ask('window', body, { window: 'w', header: { rows: 2, steps: 3 } });
      // The last of `a` and the sum of `b`.
      expect(numbersIn(said)).toEqual([5 + 2 + 4 + 6, 11 + 8 + 10 + 12]);
    });

    test('more than 64 MiB in one batch', async () => {
      const columns = ['a', 'b', 'c'].map((column) => ({ name: column, dtype: 'float64' as const }));
      const values = new Float64Array(LARGE_ROWS * 3).fill(2);
      for (let row = 0; row < LARGE_ROWS; row++) values[row * 3] = row;
      const file = rig.array ? join(folder, 'array', rig.file) : built;
      const body = new Uint8Array(values.buffer);
      expect(body.length).toBeGreaterThan(64 * 1024 * 1024);
      const { said } = await ask('first', body, { columns, entry: file });
      const given = new Float64Array(new Uint8Array(said.body).buffer);
      expect(given).toHaveLength(LARGE_ROWS);
      expect([given[0], given[1_234_567], given.at(-1)]).toEqual([0, 1_234_567, LARGE_ROWS - 1]);
    }, 120_000);

    test('many batches in flight are answered in order', async () => {
      const { line } = await ready({ do: 'first' });
      for (let id = 1; id <= 300; id++) line.send(Kind.batch, id, null, doubles(id, 0));
      for (let id = 1; id <= 300; id++) {
        const said = await line.next();
        expect([said.id, numbersIn(said)]).toEqual([id, [id]]);
      }
    });

    test('settings and files reach the script', async () => {
      const settings = { do: 'settings', factor: 2.5, deep: { list: [1, 'two', null, true] }, text: 'ü"\\' };
      const { said } = await ask(settings, doubles(4, 0));
      expect(numbersIn(said)).toEqual([10]);
      const file = await ask('path', doubles(4, 0));
      expect(resultIn(file.said).values).toEqual({ result: ['the model'] });
    });

    test('what the script prints is log, and its batch is answered', async () => {
      const { line, said } = await ask('print', doubles(1, 2, 3, 4));
      expect(numbersIn(said)).toEqual([1, 3]);
      await line.until('what it printed', () => line.log.includes('printed 3'));
      // Also what a child of it prints.
      await line.until('what its child printed', () => line.log.includes('from a child'));
    });

    test('what the script raises is an error of its batch, with its own lines, and the next goes on', async () => {
      const { line, said } = await ask('raise', doubles(1, 2));
      expect(said.kind).toBe(Kind.error);
      const { message, trace } = said.header as { message: string; trace?: string };
      expect(message).toContain('boom 7');
      expect(`${message} ${trace}`).toContain('deep');
      expect(`${trace}`).not.toMatch(/runner\.(py|mjs|jl)|Runner\.java/);
      line.send(Kind.batch, 42, null, doubles(1, 2));
      expect((await line.next()).id).toBe(42);
    });

    test('a result too few is an error that counts', async () => {
      const { said } = await ask('few', doubles(1, 2, 3, 4));
      expect(said.kind).toBe(Kind.error);
      expect(said.header.message).toMatch(/1 result.* for 2 rows/);
    });

    test('an output that is missing is an error, or no value', async () => {
      const { said } = await ask('first', doubles(1, 2), { outputs: ['result', 'absent'] });
      if (said.kind === Kind.error) expect(said.header.message).toContain('absent');
      else expect(JSON.stringify(resultIn(said).values?.absent ?? numbersIn(said))).toContain('null');
    });

    test('a script that cannot be loaded is an error of the hello, with its reason', async () => {
      const line = start();
      line.send(Kind.hello, 7, hello({ do: 'unready' }));
      const raised = await line.next();
      expect([raised.kind, raised.id]).toEqual([Kind.error, 7]);
      expect(raised.header.message).toContain('not today');
      const none = start();
      none.send(Kind.hello, 7, hello({}, { entry: join(folder, 'absent'), class: 'Absent' }));
      expect((await none.next()).kind).toBe(Kind.error);
    });

    test('a ping is answered between batches', async () => {
      const { line } = await ready({ do: 'first' });
      line.send(Kind.ping, 99, null);
      expect(await line.next()).toMatchObject({ kind: Kind.pong, id: 99 });
    });

    test('bye ends it, and so does the end of its input', async () => {
      const told = await ready({ do: 'first' });
      told.line.send(Kind.bye, 0, null);
      expect(await told.line.ended()).toBe(0);
      const left = await ready({ do: 'first' });
      left.line.child.stdin!.end();
      expect(await left.line.ended()).toBe(0);
    });

    test.each([
      ['a text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      ['a frame of no kind', frameHead(77, 1, null)],
      ['a frame longer than any', Buffer.from([255, 255, 255, 127, 3, 1, 0, 0, 0, 0, 0, 0, 0])],
      ['a header longer than its frame', Buffer.from([9, 0, 0, 0, 3, 1, 0, 0, 0, 200, 0, 0, 0])],
    ])('%s is refused, and it ends', async (_, bytes) => {
      const { line } = await ready({ do: 'first' });
      expect(bytes.length).toBeGreaterThanOrEqual(PREFIX);
      line.child.stdin!.write(bytes);
      const said = await line.next();
      expect([said.kind, said.id]).toEqual([Kind.error, 0]);
      expect(said.header.message).toContain('refused');
      expect(await line.ended()).toBe(2);
    });

    const arrays = rig.array ? test : test.skip;
    arrays('rows as an array, when the script asks for it', async () => {
      const entry = join(folder, 'array', rig.file);
      const { said } = await ask('first', doubles(1, 2, 3, 4), { entry });
      expect(numbersIn(said)).toEqual([1, 3]);
    });
  });
}
