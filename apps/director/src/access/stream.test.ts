/** The stream alone, on a server of its own: what comes after its end harms nobody. */
import { once } from 'node:events';
import Fastify from 'fastify';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { EventStreams, type EventStream } from './stream.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

it('carries events in order until it ends, and nothing after that', async () => {
  const server = Fastify();
  let after: Promise<void> | undefined;
  const speak = async (stream: EventStream) => {
    stream.send('a', { n: 1 }, '7');
    await stream.pass('b', '{"n":2}');
    stream.end();
    stream.end();
    stream.send('c', {});
    stream.offer('d', {});
    after = stream.pass('e', '{}');
  };
  server.get('/', (request, reply) =>
    speak(t.director.app.get(EventStreams).open(request, reply, 'flows.read')),
  );
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(url, { headers: { authorization: `Bearer ${t.token}` } });
  expect(await answer.text()).toBe(
    ': hello\n\nid: 7\nevent: a\ndata: {"n":1}\n\nevent: b\ndata: {"n":2}\n\n',
  );
  await after;
  await server.close();
});

it('ends at once for somebody who left before it began', async () => {
  const server = Fastify();
  const closed = new Promise<boolean>((resolve, reject) => {
    server.get('/', async (request, reply) => {
      leave.abort();
      await once(reply.raw, 'close');
      const stream = t.director.app.get(EventStreams).open(request, reply, 'flows.read');
      let told = false;
      stream.onClose(() => (told = true));
      setImmediate(() => (told ? resolve(true) : reject(new Error('the end was not told'))));
    });
  });
  const leave = new AbortController();
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  await expect(fetch(url, { signal: leave.signal })).rejects.toThrow();
  await expect(closed).resolves.toBe(true);
  await server.close();
});
