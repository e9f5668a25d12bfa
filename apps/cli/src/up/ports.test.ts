import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePorts, isFree, keepPorts } from './ports.js';

const host = '127.0.0.1';
let folder: string;
let taken: Server;
let port: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-ports-'));
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, host, resolve));
  ({ port } = taken.address() as AddressInfo);
});
afterEach(async () => {
  await new Promise((resolve) => taken.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

describe('ports of millrace up', () => {
  it('picks again what it had picked, unless somebody else has it', async () => {
    expect(await choosePorts(folder, host, { port: 0, mqttPort: 0 })).toEqual({ port: 0, mqttPort: 0 });
    await keepPorts(folder, { port, mqttPort: port });
    expect(await isFree(port, host)).toBe(false);
    expect(await choosePorts(folder, host, { port: 0, mqttPort: undefined })).toEqual({
      port: 0,
      mqttPort: 0,
    });
    await new Promise((resolve) => taken.close(resolve));
    expect(await choosePorts(folder, host, { port: 0, mqttPort: undefined })).toEqual({
      port,
      mqttPort: port,
    });
  });

  it('obeys what is said', async () => {
    await keepPorts(folder, { port: 1, mqttPort: 2 });
    expect(await choosePorts(folder, host, { port: 8080, mqttPort: 1999 })).toEqual({
      port: 8080,
      mqttPort: 1999,
    });
  });
});
