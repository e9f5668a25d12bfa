import { request } from 'node:http';
import type { ModuleContext } from '@millrace/engine';
import { part, rig, temporary, until, type Rig } from '../../../../../test/kit/rig.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const parts = [part(kind, create)];
let folder: string;
let remove: () => void;
let one: Rig | undefined;
beforeEach(() => ({ folder, remove } = temporary()));
afterEach(async () => {
  await one?.run.stop();
  one = undefined;
  remove();
});

async function listen(settings: object = {}, more: object = {}) {
  one = rig(
    parts,
    { in: { type: 'source.http', settings: { path: '/in', port: 0, ...settings }, ...more } },
    { folder },
  );
  await one.run.start();
  const url = /http:\S+/.exec(one.logs.join())![0];
  const post = async (body: string, headers: Record<string, string> = {}, method = 'POST', at = url) => {
    const response = await fetch(at, { method, headers, ...(method === 'POST' && { body }) });
    return {
      status: response.status,
      said: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
    };
  };
  return { url, post, out: one.out.in, counters: () => one!.run.counters().in };
}

describe('source.http', () => {
  it('takes an object, a list and lines', async () => {
    const { post, out, counters } = await listen({ timestamp: { path: 'ts', unit: 's' } });
    expect(await post('{"ts": 1, "a": 4.2, "on": true}')).toMatchObject({
      status: 200,
      said: { records: 1, refused: 0 },
    });
    await post('[{"ts": 2, "a": 1}, {"ts": 3, "b": null}]');
    await post('{"ts": 4, "a": 1}\n\n{"ts": 5, "a": 2}\r\n', { 'content-type': 'application/x-ndjson' });
    expect(out).toEqual([
      { t: 1000, a: 4.2, on: true },
      { t: 2000, a: 1 },
      { t: 3000, b: null },
      { t: 4000, a: 1 },
      { t: 5000, a: 2 },
    ]);
    expect(counters()).toMatchObject({ out: 5, counted: { requests: 3 }, errors: 0 });
    expect(counters().bytes).toBeGreaterThan(80);
  });

  it('stamps what has no time with its arrival', async () => {
    const { post, out } = await listen();
    const before = Date.now();
    await post('7');
    expect(out).toEqual([{ t: expect.any(Number) as number, value: 7 }]);
    expect(out[0].t).toBeGreaterThanOrEqual(before);
  });

  it('says what is wrong, takes the rest and counts', async () => {
    const { post, url, out, counters } = await listen(
      { timestamp: { path: 'ts' }, maxBodyBytes: 100 },
      { onError: 'port' },
    );
    expect(await post('{"ts": 1,')).toMatchObject({ status: 400, said: { records: 0, refused: 1 } });
    const { status, said } = await post('[{"ts": 1, "a": 1}, {"a": 2}]');
    expect([status, said.records, said.refused]).toEqual([200, 1, 1]);
    expect(said.problem).toContain('its ts is no time');
    expect((await post(`{"a": "${'x'.repeat(100)}"}`)).status).toBe(413);
    expect((await post('', {}, 'GET')).status).toBe(405);
    expect((await post('1', {}, 'POST', `${url}/other`)).status).toBe(404);
    expect(out).toHaveLength(1);
    expect(one!.errors.in).toHaveLength(2);
    expect(counters()).toMatchObject({
      dropped: { json: 1, time: 1 },
      errors: 2,
      counted: { 'too-large': 1 },
    });
  });

  it('bounds a body whose length nobody told', async () => {
    const { url, out } = await listen({ maxBodyBytes: 1000 });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request(url, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asking.on('error', reject);
      asking.write('['.repeat(600));
      asking.write('['.repeat(600));
      asking.end();
    });
    expect([status, out]).toEqual([413, []]);
  });

  it('asks for a credential', async () => {
    const { post, out, counters } = await listen({ auth: { token: 'secret' } });
    expect((await post('1')).status).toBe(401);
    expect((await post('1', { authorization: 'Bearer secre' })).status).toBe(401);
    expect((await post('1', { authorization: 'Bearer secret' })).status).toBe(200);
    expect(out).toHaveLength(1);
    expect(counters().counted).toMatchObject({ unauthorized: 2 });
    const problems = (settings: object) =>
      kind.check!(kind.settings.parse({ path: '/a', ...settings }), [], () => undefined).map(
        ({ pointer }) => pointer,
      );
    expect(problems({ host: '0.0.0.0' })).toEqual(['/auth']);
    expect(problems({ host: '0.0.0.0', auth: { token: 'a' } })).toEqual([]);
  });

  it('sends others away while the flow holds back, and stops listening', async () => {
    let context: ModuleContext | undefined;
    one = rig(
      [part(kind, (given) => create((context = given) as never))],
      { in: { type: 'source.http', settings: { path: '/in', port: 0 }, queue: { size: 2 } } },
      { folder },
    );
    await one.run.start();
    const url = /http:\S+/.exec(one.logs.join())![0];
    context!.queued(2);
    const held = await fetch(url, { method: 'POST', body: '1' });
    expect([held.status, held.headers.get('retry-after')]).toEqual([503, '1']);
    context!.queued(0);
    expect((await fetch(url, { method: 'POST', body: '1' })).status).toBe(200);
    expect(one.out.in).toHaveLength(1);
    await one.run.stop();
    await expect(fetch(url, { method: 'POST', body: '1' })).rejects.toThrow();
  });

  it('says whose port is taken', async () => {
    const { url } = await listen();
    const port = Number(new URL(url).port);
    const other = rig(
      parts,
      { second: { type: 'source.http', settings: { path: '/in', port } } },
      { folder },
    );
    await expect(other.run.start()).rejects.toMatchObject({
      code: 'engine.port-unusable',
      message: expect.stringContaining(`second cannot listen on port ${port}`) as string,
    });
  });

  it('stops the flow when it is told to', async () => {
    const { post } = await listen({}, { onError: 'stop' });
    await post('{');
    await expect(one!.run.finished).rejects.toThrow('it is no JSON');
    await until('nobody to listen', () => one!.run.counters().in.errors === 1);
  });
});
