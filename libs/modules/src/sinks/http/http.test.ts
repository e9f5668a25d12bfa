import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  startHttpServer,
  type Asked,
  type Reply,
  type TestServer,
} from '../../../../../test/kit/http-server.js';
import { part, rig, temporary, until } from '../../../../../test/kit/rig.js';
import { create as createCsv } from '../../sources/csv/behaviour.js';
import { kind as csvKind } from '../../sources/csv/kind.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const parts = [part(csvKind, createCsv), part(kind, create)];
let server: TestServer;
let reply: (asked: Asked) => Reply | Promise<Reply>;
let folder: string;
let remove: () => void;
beforeEach(async () => {
  ({ folder, remove } = temporary());
  reply = () => ({ status: 204 });
  server = await startHttpServer((asked) => reply(asked));
});
afterEach(async () => {
  await server.close();
  remove();
});

function replay(from: number, to: number, settings: object = {}, url = `${server.url}/in`) {
  const rows = Array.from({ length: to - from }, (_, i) => `${from + i},${from + i}`);
  writeFileSync(path.join(folder, 'in.csv'), `t,a\n${rows.join('\n')}\n`);
  return rig(
    parts,
    {
      in: { type: 'source.csv', settings: { file: 'in.csv', timestamp: { column: 't', format: 'epochMs' } } },
      out: { type: 'sink.http', from: ['in'], settings: { url, ...settings } },
    },
    { folder },
  );
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const valuesOf = ({ body }: Asked) => (JSON.parse(body) as { a: number }[]).map(({ a }) => a);

describe('sink.http', () => {
  it('sends every record in order, in batches', async () => {
    const { run } = replay(0, 1000, { auth: { token: 'abc' }, headers: { 'x-line': '7' } });
    await run.start();
    await run.finished;
    expect(server.asked.flatMap(valuesOf)).toEqual(range(0, 1000));
    expect(Math.max(...server.asked.map((asked) => valuesOf(asked).length))).toBe(100);
    const [{ method, url, headers, body }] = server.asked;
    expect([method, url]).toEqual(['POST', '/in']);
    expect(headers).toMatchObject({
      authorization: 'Bearer abc',
      'content-type': 'application/json',
      'x-line': '7',
    });
    expect(body.startsWith('[{"t":0,"a":0},{"t":1,"a":1}')).toBe(true);
    const { counted, bytes } = run.counters().out;
    expect(counted).toMatchObject({ made: 1000, sent: 1000, buffered: 0, requests: server.asked.length });
    expect(bytes).toBe(server.asked.reduce((sum, asked) => sum + asked.body.length, 0));
  });

  it('sends lines, single records and no more bytes than it may', async () => {
    const lines = replay(0, 3, { format: 'lines', auth: { username: 'u', password: 'p' } });
    await lines.run.start();
    await lines.run.finished;
    expect(server.asked.map(({ body }) => body).join('')).toBe(
      '{"t":0,"a":0}\n{"t":1,"a":1}\n{"t":2,"a":2}\n',
    );
    expect(server.asked[0].headers).toMatchObject({
      authorization: 'Basic dTpw',
      'content-type': 'application/x-ndjson',
    });
    server.asked.length = 0;
    const single = replay(3, 5, { format: 'single', method: 'PUT' });
    await single.run.start();
    await single.run.finished;
    expect(server.asked.map(({ method, body }) => [method, body])).toEqual([
      ['PUT', '{"t":3,"a":3}'],
      ['PUT', '{"t":4,"a":4}'],
    ]);
    server.asked.length = 0;
    const bounded = replay(1000, 1200, { batch: { maxRecords: 256, maxBytes: 1024 } });
    await bounded.run.start();
    await bounded.run.finished;
    expect(server.asked.flatMap(valuesOf)).toEqual(range(1000, 1200));
    expect(Math.max(...server.asked.map(({ body }) => body.length))).toBeLessThanOrEqual(1024);
  });

  it('comes again when the server says, and keeps the order', async () => {
    const times: number[] = [];
    reply = () => {
      times.push(Date.now());
      return times.length === 2 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 200 };
    };
    const { run, logs } = replay(0, 300);
    await run.start();
    await run.finished;
    const taken = server.asked.filter((_, i) => i !== 1);
    expect(taken.flatMap(valuesOf)).toEqual(range(0, 300));
    expect(times[2] - times[1]).toBeGreaterThanOrEqual(1000);
    expect(run.counters().out).toMatchObject({ errors: 0, dropped: {}, counted: { retries: 1, sent: 300 } });
    expect(logs.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(logs.at(-1)).toContain('takes records again');
  });

  it('keeps what a server that is away did not take, and sends it first in the next run', async () => {
    const gone = await startHttpServer(() => ({ status: 200 }));
    await gone.close();
    const first = replay(0, 200, {}, gone.url);
    await first.run.start();
    await first.run.finished;
    expect(first.run.counters().out.counted).toMatchObject({ made: 200, buffered: 200 });
    expect(first.logs.join()).toContain('cannot be reached');
    expect(first.logs.join()).toContain('200 records wait on disk');
    const second = replay(200, 300);
    await second.run.start();
    await second.run.finished;
    expect(server.asked.flatMap(valuesOf)).toEqual(range(0, 300));
    expect(second.run.counters().out.counted).toMatchObject({
      made: 300,
      sent: 300,
      resumed: 200,
      buffered: 0,
    });
  });

  it('takes a refused record out of its batch, keeps it in a file and sends the others', async () => {
    reply = (asked) =>
      valuesOf(asked).some((a) => a % 50 === 7) ? { status: 422, body: 'bad a' } : { status: 200 };
    const { run } = replay(0, 120);
    await run.start();
    await run.finished;
    const taken = server.asked.filter((asked) => !valuesOf(asked).some((a) => a % 50 === 7));
    expect(taken.flatMap(valuesOf)).toEqual(range(0, 120).filter((a) => a % 50 !== 7));
    const dead = readFileSync(path.join(folder, 'dead-out.jsonl'), 'utf8').trim().split('\n');
    expect(dead.map((line) => JSON.parse(line) as object)).toEqual(
      [7, 57, 107].map((a) => ({
        at: expect.any(Number) as number,
        status: 422,
        answer: 'bad a',
        record: { t: a, a },
      })),
    );
    const { counted, dropped, errors, lastError } = run.counters().out;
    expect(counted).toMatchObject({ made: 120, sent: 117, buffered: 0 });
    expect([dropped, errors]).toEqual([{ refused: 3 }, 3]);
    expect(lastError).toContain('422: bad a');
  });

  it('keeps records when the credential is refused, and when no answer comes in time', async () => {
    reply = () => ({ status: 401 });
    const refused = replay(0, 5);
    await refused.run.start();
    await until('a request', () => server.asked.length > 0);
    await refused.run.finished;
    expect(refused.run.counters().out).toMatchObject({ dropped: {}, counted: { buffered: 5 } });
    expect(existsSync(path.join(folder, 'dead-out.jsonl'))).toBe(false);
    let first = true;
    reply = () => {
      if (!first) return { status: 200 };
      first = false;
      return new Promise(() => {});
    };
    server.asked.length = 0;
    const late = replay(5, 10, { timeoutMs: 100 });
    await late.run.start();
    await late.run.finished;
    expect(late.run.counters().out.counted).toMatchObject({ sent: 10, resumed: 5, retries: 1 });
    expect(late.logs.join()).toContain('did not answer within 100 ms');
    expect(new Set(server.asked.slice(1).flatMap(valuesOf))).toEqual(new Set(range(0, 10)));
  });

  it('refuses an address that is none, and half a credential', () => {
    const problems = (settings: object) =>
      kind.settings.safeParse(settings).error?.issues.map((issue) => issue.path.join('.'));
    expect(problems({ url: 'ftp://a' })).toEqual(['url']);
    expect(problems({ url: 'http://a', headers: { 'a b': 'c' } })).toEqual(['headers.a b']);
    const half = kind.settings.parse({ url: 'http://a', auth: { username: 'u' } });
    expect(kind.check!(half, [], () => undefined).map(({ pointer }) => pointer)).toEqual(['/auth']);
  });
});
