import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fastify, { type FastifyInstance } from 'fastify';
import { addStudio, contentSecurityPolicy } from './studio.js';

let folder: string;
let server: FastifyInstance;
const policy = contentSecurityPolicy(undefined);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-site-'));
  server = fastify({ forceCloseConnections: true });
  server.get('/v1/flows', () => []);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const built = async () => {
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<title>Studio</title>');
  await writeFile(join(folder, 'assets', 'index-abc.js'), 'plain');
  await writeFile(join(folder, 'assets', 'index-abc.js.br'), 'small');
  addStudio(server, policy, folder);
};
interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** With Node's own request, which unpacks nothing. */
async function open(
  path: string,
  accept = 'text/html,*/*',
  encoding?: string,
  method = 'GET',
): Promise<Answer> {
  if (!server.server.listening) await server.listen({ port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const headers = { accept, ...(encoding && { 'accept-encoding': encoding }) };
  const asked = request({ port, path, method, headers }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

describe('the files of the studio', () => {
  it('gives the page at / and at every address of a page, with its policy, never kept', async () => {
    await built();
    for (const url of ['/', '/flows/pump%20watch', '/nodes/01j/live/x?tab=logs']) {
      const answer = await open(url);
      expect([url, answer.status, answer.body]).toEqual([url, 200, '<title>Studio</title>']);
      expect(answer.headers['content-security-policy']).toContain("script-src 'self'");
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
  });

  it('leaves the API, missing files and programs their 404', async () => {
    await built();
    for (const [url, accept] of [
      ['/v1/nothing', 'text/html'],
      ['/assets/old-123.js', 'text/html'],
      ['/objects/x', 'text/html'],
      ['/flows/pump', 'application/json'],
    ]) {
      expect([url, (await open(url!, accept)).status]).toEqual([url, 404]);
    }
    expect((await open('/flows', 'text/html', undefined, 'POST')).status).toBe(404);
  });

  it('sends what was compressed at the build, kept for a year', async () => {
    await built();
    const answer = await open('/assets/index-abc.js', '*/*', 'br');
    expect([answer.body, answer.headers['content-encoding']]).toEqual(['small', 'br']);
    expect(answer.headers['cache-control']).toContain('immutable');
    expect((await open('/assets/index-abc.js', '*/*')).body).toBe('plain');
  });

  it('leads to the API where there is no build', async () => {
    addStudio(server, policy, folder);
    const answer = await open('/');
    expect([answer.status, answer.headers.location]).toEqual([302, '/v1/docs']);
  });

  it('lets the browser reach the object store, and nothing else', () => {
    const s3 = { bucket: 'b', region: 'r', forcePathStyle: true, publicEndpoint: 'https://s3.plant:9000/x' };
    expect(contentSecurityPolicy(s3 as never)).toContain("connect-src 'self' https://s3.plant:9000;");
    expect(policy).toContain("connect-src 'self';");
  });
});
