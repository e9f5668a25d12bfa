/** The client against a real server on loopback, which misbehaves as a director or a proxy may. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure, type LiveEvent } from '@millrace/schemas';
import { client } from './client.js';
import { each, take } from './pages.js';
import { pushContent, type Content } from './upload.js';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let url: string;
let answers: Answer[];
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      asked.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));
const problem = (status: number, code: string, more: object = {}): Answer =>
  json(status, { type: `/problems/${code}`, title: 'title', status, code, detail: 'what happened', ...more });
const cut: Answer = (request) => void request.socket.destroy();
const to = (options: object = {}) => client({ url, token: 'mrt_x', random: () => 0, ...options });
const failure = async (promise: Promise<unknown>): Promise<Failure> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw new Error(`expected a Failure, got ${String(error)}`);
  return error;
};

const group = {
  id: 'g',
  name: 'press',
  selector: null,
  priority: 0,
  parameters: {},
  size: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
};

describe('requests', () => {
  it('makes a Failure of a problem, with its places', async () => {
    answers = [problem(422, 'flows.invalid', { errors: [{ module: 'clean', detail: 'no' }] })];
    const error = await failure(to().fleet.group('press'));
    expect(error).toMatchObject({ code: 'flows.invalid', message: 'what happened' });
    expect(error.errors).toEqual([{ module: 'clean', detail: 'no' }]);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers.authorization).toBe('Bearer mrt_x');
  });

  it('keeps the word of a code that it does not know', async () => {
    answers = [problem(403, 'flows.of-the-future')];
    expect(await failure(to().fleet.group('press'))).toMatchObject({
      code: 'access.forbidden',
      message: 'flows.of-the-future: what happened',
    });
  });

  it('tries a POST again with the same key, also when the line was cut', async () => {
    answers = [cut, problem(503, 'platform.unavailable'), json(201, group)];
    expect(await to().fleet.createGroup({ name: 'press' })).toEqual(group);
    const keys = asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(keys).size).toBe(1);
  });

  it('does not try a change again of which nobody knows whether it was done', async () => {
    answers = [cut, json(200, group)];
    expect(await failure(to().fleet.changeGroup('press', { priority: 1 }))).toMatchObject({
      code: 'platform.unavailable',
    });
    expect(asked).toHaveLength(1);
  });

  it('obeys Retry-After, and does not wait for ever', async () => {
    answers = [problem(429, 'platform.too-many-requests', { retryAfter: 1 }), json(200, group)];
    const began = performance.now();
    await to().fleet.group('press');
    expect(performance.now() - began).toBeGreaterThan(950);
    answers = [problem(503, 'platform.unavailable', { retryAfter: 3600 })];
    expect(await failure(to().fleet.group('press'))).toMatchObject({ retryAfter: 3600 });
  });

  it('gives up after its attempts, and says what does not answer', async () => {
    answers = [cut];
    const error = await failure(to({ attempts: 3 }).fleet.group('press'));
    expect(error.message).toContain(url);
    expect(asked).toHaveLength(3);
  });

  it('says what is no director', async () => {
    answers = [(_request, response) => void response.end('<html>hello</html>')];
    expect((await failure(to().fleet.group('press'))).message).toContain('Is it a Millrace director');
    answers = [(_request, response) => void response.writeHead(404).end('<html>')];
    expect(await failure(to().fleet.group('press'))).toMatchObject({ code: 'platform.not-found' });
  });

  it('has a deadline for each attempt', async () => {
    answers = [() => undefined];
    const error = await failure(to({ attempts: 2, timeoutMs: 100 }).fleet.group('press'));
    expect(error.message).toContain('took too long');
    expect(asked).toHaveLength(2);
  });

  it('writes names so that they stay one part of the path', async () => {
    answers = [json(200, group)];
    await to().fleet.group('a/b c');
    expect(asked[0]!.url).toBe('/v1/groups/a%2Fb%20c');
  });

  it('walks the pages of a list, and stops when it has enough', async () => {
    const page = (name: string, next: string | null) => json(200, { items: [{ ...group, name }], next });
    answers = [page('a', 'A'), page('b', 'B'), page('c', null)];
    const { fleet } = to();
    const groups = await take(each(fleet.groups, { limit: 1 }));
    expect(groups.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(asked.map((one) => one.url)).toEqual([
      '/v1/groups?limit=1',
      '/v1/groups?limit=1&cursor=A',
      '/v1/groups?limit=1&cursor=B',
    ]);
    answers = [page('a', 'A')];
    expect(await take(each(fleet.groups, {}), 2)).toHaveLength(2);
  });
});

describe('events', () => {
  const event = (id: string) => ({ id, t: 1, type: 'x', subject: '', data: null });
  const sends =
    (...ids: string[]): Answer =>
    (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const id of ids) response.write(`id: ${id}\ndata: ${JSON.stringify(event(id))}\n\n`);
      setTimeout(() => request.socket.destroy(), 20);
    };

  it('goes on behind the last event after a cut', async () => {
    answers = [sends('1', '2'), problem(503, 'platform.unavailable'), sends('3')];
    const seen: LiveEvent[] = [];
    let opened = 0;
    for await (const one of to().events.follow({ onOpen: () => opened++ })) {
      seen.push(one);
      if (seen.length === 3) break;
    }
    expect(seen.map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2']);
    expect(opened).toBe(2);
  });

  it('ends with a refusal, and with its signal', async () => {
    answers = [problem(401, 'access.unauthenticated')];
    expect(await failure(take(to().events.follow()))).toMatchObject({ code: 'access.unauthenticated' });
    answers = [(_request, response) => void response.writeHead(200).write(': hello\n\n')];
    const end = new AbortController();
    setTimeout(() => end.abort(), 50);
    expect(await take(to().events.follow({ signal: end.signal }))).toEqual([]);
  });
});

describe('uploads', () => {
  const details = (state: string, refusal: object | null = null) => ({
    resource: 'pump',
    version: 1,
    state,
    kind: 'model',
    fileName: 'pump.onnx',
    size: 10,
    digest: `sha256:${'0'.repeat(64)}`,
    note: null,
    refusal,
    aliases: [],
    createdBy: 'a',
    createdAt: '2026-01-01T00:00:00.000Z',
    sealedAt: null,
    inspection: null,
    contract: null,
  });
  const begin = { kind: 'model', fileName: 'pump.onnx', size: 10, digest: details('').digest } as const;
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => 48 + i);
  const content: Content = {
    async put({ url, offset, length }, { signal, onSent }) {
      const body = bytes.slice(offset, offset + length);
      const response = await fetch(url, { method: 'PUT', body, signal });
      onSent(length);
      return { status: response.status, text: await response.text() };
    },
  };

  /** A director and its object store; the first PUT of part 2 fails. */
  function store(done: number[], final = details('ready')) {
    const parts = [
      { number: 1, offset: 0, length: 6 },
      { number: 2, offset: 6, length: 4 },
    ];
    let failed = false;
    answers = [
      (request, response, body) => {
        const reply = (value: unknown) => json(200, value)(request, response, body);
        const links = parts.map((part) => ({ ...part, url: `${url}/put/${part.number}` }));
        if (request.url!.endsWith(':begin-upload'))
          return reply({
            exists: false,
            upload: 'u',
            parts: links,
            partCount: 2,
            expiresAt: details('').createdAt,
          });
        if (request.url!.startsWith('/put/2') && !failed) {
          failed = true;
          return problem(500, 'platform.bug')(request, response, body);
        }
        if (request.url!.startsWith('/put/')) return response.end();
        if (request.url!.endsWith(':parts')) return reply({ parts: links, expiresAt: details('').createdAt });
        if (request.url!.endsWith(':complete-upload')) return reply(details('sealing'));
        if (request.url!.endsWith('/versions/1')) return reply(final);
        const missing = parts.filter(({ number }) => !done.includes(number));
        reply({
          ...details('open'),
          upload: 'u',
          state: 'open',
          done,
          missing,
          version: null,
          expiresAt: details('').createdAt,
        });
      },
    ];
  }

  it('sends only what is missing, and a part again when it failed', async () => {
    store([1]);
    const shown: number[] = [];
    const pushed = await pushContent(to().catalogue, 'pump', begin, content, {
      onProgress: (n) => shown.push(n),
    });
    expect(pushed).toMatchObject({ sentBytes: 4, version: { state: 'ready' } });
    const puts = asked.filter((one) => one.method === 'PUT');
    expect(puts.map((one) => [one.url, one.body])).toEqual([
      ['/put/2', '6789'],
      ['/put/2', '6789'],
    ]);
    // The part that failed had left too.
    expect(shown).toEqual([6, 10, 6, 10, 10]);
  });

  it('sends four parts at a time, and no more', async () => {
    const parts = Array.from({ length: 10 }, (_, i) => ({ number: i + 1, offset: i, length: 1 }));
    const links = parts.map((part) => ({ ...part, url: `${url}/put/${part.number}` }));
    const upload = {
      ...details('open'),
      upload: 'u',
      state: 'open',
      done: [],
      missing: parts,
      version: null,
    };
    const expiresAt = details('').createdAt;
    answers = [
      (request, response, body) => {
        const reply = (value: unknown) => json(200, value)(request, response, body);
        if (request.url!.endsWith(':begin-upload'))
          return reply({ exists: false, upload: 'u', parts: links, partCount: 10, expiresAt });
        if (request.url!.endsWith(':complete-upload')) return reply(details('sealing'));
        if (request.url!.endsWith('/versions/1')) return reply(details('ready'));
        return reply({ ...upload, expiresAt });
      },
    ];
    let underWay = 0;
    let most = 0;
    const slow: Content = {
      async put({ length }, { onSent }) {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 20));
        onSent(length);
        underWay--;
        return { status: 200, text: '' };
      },
    };
    const shown: number[] = [];
    await pushContent(to().catalogue, 'pump', begin, slow, { onProgress: (n) => shown.push(n) });
    expect(most).toBe(4);
    expect(shown.at(-1)).toBe(10);
    expect(Math.max(...shown)).toBe(10);
  });

  it('ends when the upload has ended, when told to stop, and when its patience is over', async () => {
    store([]);
    const gone: Content = { put: async () => ({ status: 404, text: 'no such upload' }) };
    expect(await failure(pushContent(to().catalogue, 'pump', begin, gone))).toMatchObject({
      message: expect.stringMatching(/no such upload.*Push again/s) as string,
    });
    const away: Content = { put: async () => Promise.reject(new TypeError('cable')) };
    const impatient = pushContent(to().catalogue, 'pump', begin, away, { patienceMs: 0 });
    expect(await failure(impatient)).toMatchObject({ code: 'platform.unavailable' });
    const stop = new AbortController();
    const stopped: Content = {
      put: (_part, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          setTimeout(() => stop.abort(new Error('enough')), 10);
        }),
    };
    const pushing = pushContent(to().catalogue, 'pump', begin, stopped, { signal: stop.signal });
    await expect(pushing).rejects.toThrow('enough');
  });

  it('gives the reason of a refusal as its own', async () => {
    store([], details('refused', { code: 'catalogue.not-a-model', detail: 'It is a picture.' }));
    expect(await failure(pushContent(to().catalogue, 'pump', begin, content))).toMatchObject({
      code: 'catalogue.not-a-model',
      message: 'It is a picture.',
    });
  });

  it('sends nothing when the digest is known', async () => {
    answers = [json(200, { exists: true, version: 1 }), json(200, details('ready'))];
    expect(await pushContent(to().catalogue, 'pump', begin, content)).toMatchObject({ sentBytes: 0 });
    expect(asked.some((one) => one.method === 'PUT')).toBe(false);
  });
});

describe('a test run', () => {
  const events =
    (...texts: string[]): Answer =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const text of texts) response.write(text);
      response.end();
    };
  const started = { event: 'started', limits: { seconds: 60, memoryMb: 512 } };
  const ended = { event: 'ended', reason: 'finished', detail: 'done' };
  const sent = (event: object) => `event: x\ndata: ${JSON.stringify(event)}\n\n`;

  it('gives its events up to the last, and what it does not know is passed over', async () => {
    answers = [events(': hello\n\n', sent(started), sent({ event: 'new' }), 'data: {\n\n', sent(ended))];
    const heard = [];
    for await (const event of to().flows.testRun('a b', { seconds: 1 })) heard.push(event);
    expect(heard).toEqual([started, ended]);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: '/v1/flows/a%20b:test-run',
      body: '{"seconds":1}',
    });
    expect(asked[0]!.headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer mrt_x' });
  });

  it('that is cut, or refused, is a Failure; nothing is started twice', async () => {
    const drain = async () => {
      for await (const event of to().flows.testRun('a', {})) expect(event).toEqual(started);
    };
    answers = [events(sent(started))];
    expect((await failure(drain())).message).toMatch(/cut off/);
    answers = [
      (_request, response) => void response.writeHead(200).write(sent(started), () => response.destroy()),
    ];
    expect(await failure(drain())).toMatchObject({ code: 'platform.unavailable' });
    answers = [problem(422, 'flows.test-input', { errors: [{ module: 'm', detail: 'give it a file' }] })];
    const { code, errors } = await failure(drain());
    expect([code, errors]).toEqual(['flows.test-input', [{ module: 'm', detail: 'give it a file' }]]);
    answers = [problem(429, 'platform.too-many-requests')];
    await failure(drain());
    expect(asked).toHaveLength(4);
  });

  it('ends on the director when the loop is left, and by the signal', async () => {
    let closed = 0;
    const both = new Promise<void>((resolve) => {
      answers = [
        (request, response) => {
          request.socket.on('close', () => ++closed === 2 && resolve());
          response.writeHead(200).write(sent(started));
        },
      ];
    });
    for await (const _ of to().flows.testRun('a', {})) break;
    const away = new AbortController();
    const run = to().flows.testRun('a', {}, { signal: away.signal });
    await run.next();
    away.abort(new Error('enough'));
    await expect(run.next()).rejects.toThrow('enough');
    await both;
  });

  it('reads files that were sent before, as they are', async () => {
    const file = { id: 'f', name: 'a b.csv', size: 3, columns: [], expiresAt: '2026-01-01T00:00:00.000Z' };
    answers = [json(503, {}), json(201, file)];
    expect(await to().flows.uploadTestFile(new Blob(['t,a']), 'a b.csv')).toEqual(file);
    expect(asked[1]).toMatchObject({ url: '/v1/test-files?name=a+b.csv', body: 't,a' });
    expect(asked[1]!.headers['content-type']).toBe('application/octet-stream');
    expect(asked[1]!.headers['idempotency-key']).toBe(asked[0]!.headers['idempotency-key']);
    answers = [json(200, { items: [file], next: null, mostBytes: 100 })];
    expect((await to().flows.testFiles()).items).toEqual([file]);
    answers = [(_request, response) => void response.writeHead(204).end()];
    await to().flows.removeTestFile('f');
    expect(asked.at(-1)).toMatchObject({ method: 'DELETE', url: '/v1/test-files/f' });
  });
});

describe('a live view', () => {
  const open = { event: 'state', state: 'open', detail: 'it runs' };
  const over = { event: 'state', state: 'ended', detail: 'the node was removed' };
  const frame = { event: 'frame', frame: { t: 1, intervalMs: 1_000, modules: {} } };
  const said = (events: readonly object[]) =>
    events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join('');
  const drain = async (modules?: string[]) => {
    const heard = [];
    for await (const event of to().fleet.live('press 4', 'pump', { modules })) heard.push(event);
    return heard;
  };

  it('gives state and frames until it has ended', async () => {
    answers = [(_request, response) => void response.writeHead(200).write(said([open, frame, over]))];
    expect(await drain(['clean', 'rows'])).toEqual([open, frame, over]);
    expect(asked[0]!.url).toBe('/v1/nodes/press%204/flows/pump/live?modules=clean%2Crows');
  });

  it('that is cut, or refused, is a Failure', async () => {
    answers = [(_request, response) => void response.writeHead(200).end(said([open]))];
    expect(await failure(drain())).toMatchObject({ code: 'platform.unavailable' });
    answers = [problem(404, 'fleet.node-unknown')];
    expect(await failure(drain())).toMatchObject({ code: 'fleet.node-unknown' });
    expect(asked).toHaveLength(2);
  });
});
