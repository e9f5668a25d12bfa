/** An index of Python packages on loopback, as pip reads one: real files, a page a name, and a count of what was asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Wheel } from './wheels.js';

export interface PackageIndex {
  /** For PIP_INDEX_URL. */
  url: string;
  asked: string[];
  close(): Promise<void>;
}

export async function startPackageIndex(wheels: readonly Wheel[]): Promise<PackageIndex> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const file = wheels.find(({ file }) => path === `/files/${file}`);
    if (file) return response.end(file.bytes);
    const name = /^\/simple\/([^/]+)\/$/.exec(path)?.[1];
    const links = wheels
      .filter(({ file }) => file.split('-')[0] === name)
      .map(
        ({ file, package: { digest } }) => `<a href="/files/${file}#${digest.replace(':', '=')}">${file}</a>`,
      );
    if (links.length === 0) return response.writeHead(404).end();
    return response.setHeader('content-type', 'text/html').end(`<html><body>${links.join('')}</body></html>`);
  });
  // As a proxy it is asked for other hosts, and refuses.
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple`,
    asked,
    close: () => new Promise((closed) => void server.close(() => closed())),
  };
}
