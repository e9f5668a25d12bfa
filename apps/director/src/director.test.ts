/** The director as a process of its own, with everything embedded. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';

interface Ready {
  url: string;
  mqttUrl: string;
  organization?: string;
  password?: string;
  token?: string;
}

describe('a director with everything embedded', () => {
  let data: string;
  const processes: ChildProcess[] = [];
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'millrace-whole-'));
  });
  afterAll(async () => {
    for (const child of processes) await end(child, 'SIGTERM');
    await rm(data, { recursive: true, force: true });
  });

  async function start(): Promise<{ child: ChildProcess; ready: Promise<Ready>; errors: () => string }> {
    const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const loader = new URL('../../../test/kit/typescript.mjs', import.meta.url).href;
    const child = spawn(process.execPath, ['--import', loader, here('./main.ts')], {
      env: {
        PATH: process.env.PATH,
        MILLRACE_DATA: data,
        MILLRACE_PORT: '0',
        MILLRACE_MQTT_PORT: '0',
        MILLRACE_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    processes.push(child);
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ready = new Promise<Ready>((resolve, reject) => {
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('\n')) resolve(JSON.parse(text) as Ready);
      });
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${errors}`)));
    });
    return { child, ready, errors: () => errors };
  }

  function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }

  it('starts, keeps everything over kill -9, is alone on its folder, and ends clean', async () => {
    const first = await start();
    const admin = await first.ready;
    expect(admin).toMatchObject({ organization: expect.any(String), password: expect.any(String) });
    const me = (url: string) =>
      fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${admin.token}` } });
    expect((await me(admin.url)).status).toBe(200);
    expect(((await (await fetch(`${admin.url}/readyz`)).json()) as { status: string }).status).toBe('ok');
    await expect(connectAsync(admin.mqttUrl, { reconnectPeriod: 0 })).rejects.toThrow(/Not authorized/i);

    const second = await start();
    await expect(second.ready).rejects.toThrow(/Another director uses/);
    expect((await me(admin.url)).status).toBe(200);

    await end(first.child, 'SIGKILL');
    const third = await start();
    const again = await third.ready;
    expect(again.password).toBeUndefined();
    expect((await me(again.url)).status).toBe(200);

    const postmaster = Number(
      (await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
    );
    expect(await end(third.child, 'SIGTERM')).toBe(0);
    expect(() => process.kill(postmaster, 0)).toThrow(/ESRCH/);
    expect(third.errors()).not.toMatch(/"level":50/);
  }, 120_000);
});
